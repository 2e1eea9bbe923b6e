"""What a calibrator is: a map from a table of probabilities to one whose figures come true as often as they say.

A calibrator is fitted to out-of-sample forecasts, never to fitted values.  Probabilities ``p`` are (n, K), rows summing
to 1, and codes in 0 .. K - 1; a class that never occurs in ``codes`` is allowed.  ``sample_weight`` is in independent
outcomes (1 / horizon for daily rows): the pull towards "change nothing" is a fixed number of imagined outcomes.
NaN is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.errors import ConfigError, InputError


class Calibrator(Protocol):
    """What the walk-forward needs of a calibrator."""

    def fit(self, p: np.ndarray, codes: np.ndarray, sample_weight: np.ndarray | None = None) -> Any:
        """Fit to out-of-sample probabilities and what came true; returns the calibrator."""

    def predict_proba(self, p: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, (n, K), each at least 0.001."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays that rebuild the fitted calibrator."""


@dataclass(frozen=True, slots=True)
class CalibratorKind:
    """A calibrator that a config can name.

    Attributes
    ----------
    make : -> a fresh one.
    rebuilt : arrays of :meth:`Calibrator.arrays` -> the fitted one.
    fewest : independent rows below which it is refused, unless forced.
    """

    make: Callable[[], Calibrator]
    rebuilt: Callable[[Mapping[str, np.ndarray]], Calibrator]
    fewest: int = 0


FEWEST_FOR_STEPS = (
    2000  # independent rows that a step function needs: it would learn single outcomes by heart
)


def check_enough_rows(
    name: str, kind: CalibratorKind, independent_rows: float, *, forced: bool, place: str
) -> None:
    """Refuse a calibrator that has too few independent rows to learn from.

    Raises
    ------
    ConfigError
        ``forecast.calibrator_refused``.
    """
    if not forced and independent_rows < kind.fewest:
        raise ConfigError(
            "forecast.calibrator_refused",
            f"forecast.calibrator {name}: {place} has {independent_rows:,.0f} independent rows "
            f"(rows / horizon), it needs {kind.fewest:,}",
            "use temperature, or insist with forecast.force_calibrator: true",
        )


def sound_rows(p: Any, codes: Any, weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities (n, K), codes and weights (n,) as arrays of the right kind, or InputError."""
    p = sound_probabilities(p)
    codes = np.asarray(codes)
    if codes.shape != (len(p),) or not np.issubdtype(codes.dtype, np.integer):
        raise InputError(
            "forecast.bad_shape", f"codes {codes.shape} do not fit {len(p)} rows of probabilities"
        )
    if len(codes) == 0 or codes.min() < 0 or codes.max() >= p.shape[1]:
        raise InputError(
            "forecast.not_codes", f"codes must be in 0..{p.shape[1] - 1}", "drop unresolved rows"
        )
    weight = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=np.float64)
    if weight.shape != (len(p),) or not (weight >= 0.0).all():
        raise InputError("forecast.bad_weight", "sample_weight must hold one number >= 0 per row")
    return p, codes.astype(np.int64), weight


def sound_probabilities(p: Any) -> np.ndarray:
    """Probabilities (n, K) without NaN, or InputError ``forecast.not_probabilities``."""
    p = np.ascontiguousarray(p, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] < 2 or not np.isfinite(p).all() or (p < 0).any():
        raise InputError("forecast.not_probabilities", "pass (n, classes) probabilities without NaN")
    return p
