"""What a plugin is: one Python file whose value ``PLUGIN`` says what it adds to the registries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.forecast.baselines import Baseline
from engine.forecast.calibration import CalibratorKind
from engine.forecast.models import Model
from engine.replay.families import FeatureFamily, Known
from engine.replay.rule import SetupRule
from engine.rules.kinds import LevelKind
from engine.rules.kinds.kind import put, usable


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a file adds, each member as the engine's own are.

    Attributes
    ----------
    level_kinds, feature_families, setup_rules, baselines : values of the classes that the registries hold.
    models : name in ``forecast.model`` -> model.
    calibrators : name in ``forecast.calibrator`` -> calibrator.
    """

    level_kinds: tuple[LevelKind, ...] = ()
    feature_families: tuple[FeatureFamily, ...] = ()
    setup_rules: tuple[SetupRule, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)
    calibrators: Mapping[str, CalibratorKind] = field(default_factory=dict)


def each_bar(rule: Callable[..., tuple[float, float] | None]) -> Callable[..., int]:
    """The scan of a level kind from a plain rule: ``rule(open, high, low, close, atr) -> (low, high)`` of a zone, or None.

    The rule is asked at every close that has an ATR, with the bars up to it, each an array (i + 1,) float64 that cannot be
    written into, and the ATR of the last of them.  It cannot look ahead, and it is slow: some microseconds a bar, where a
    numba scan takes some nanoseconds (the docstring of :class:`engine.rules.kinds.LevelKind` says what one looks like).
    """

    def scan(
        open: np.ndarray,
        high: np.ndarray,
        low: np.ndarray,
        close: np.ndarray,
        indicators: np.ndarray,
        start: int,
        stop: int,
        params: object,
        out: np.ndarray,
    ) -> int:
        count = 0
        for i in range(start, stop):
            atr = indicators[i, 2]
            if not usable(atr, close[i]):
                continue
            past = slice(0, i + 1)
            found = rule(open[past], high[past], low[past], close[past], atr)
            if found is not None:
                count = put(out, count, i, i, i, 1, found[0], found[1])
        return count

    scan.each_bar = True  # type: ignore[attr-defined]
    return scan


def momentum_column(
    name: str,
    rule: Callable[[Known, int, int], np.ndarray],
    phrases: tuple[str, str] | None = None,
) -> FeatureFamily:
    """A column of the replay, beside RSI and the rest; the classifier sees it where it has ``phrases``.

    Parameters
    ----------
    rule : (known, start, stop) -> (stop - start,) float64, dimensionless, NaN where unknown; row i from bars up to i.
    phrases : what a reader is told where it is above, and below, its usual value.
    """

    def fill(known: Known, start: int, stop: int, out: np.ndarray) -> None:
        values = rule(known, start, stop)
        if np.shape(values) != (stop - start,) or np.asarray(values).dtype.kind not in "fiub":
            raise WrongResult(
                f"{getattr(values, 'dtype', type(values).__name__)} of shape {np.shape(values)} in place of "
                f"{stop - start} numbers"
            )
        out[start:stop, 0] = values

    return FeatureFamily(
        name=name,
        columns=(name,),
        seen=(name,) if phrases else (),
        phrases={name: phrases} if phrases else {},
        fill=fill,
    )


class WrongResult(Exception):
    """What a member returned cannot be used; told with its place by :mod:`engine.plugins.guard`."""
