"""Members of plugins as the registries hold them: the same values, whose functions are called under guard and whose results
are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from engine.errors import CheckFailed
from engine.forecast.baselines import Baseline, BaselineInput
from engine.forecast.calibration import CalibratorKind
from engine.forecast.inputs import ForecastInput
from engine.forecast.models import Fitted, Learner, Model, Window
from engine.forecast.opponents import GroupInput
from engine.forecast.probabilities import floor_probabilities
from engine.plugins.guard import Member, unwritable
from engine.plugins.zones import MISDATED, SOUND, first_unsound
from engine.question import CEILING, FLOOR, RETEST, SETUP, TARGET_HIGH, TARGET_LOW
from engine.replay.families import FeatureFamily, Known
from engine.replay.rule import SetupRule, SetupSeen
from engine.rules.kinds import LevelKind


def level_kind(member: Member, kind: LevelKind) -> LevelKind:
    """A level kind whose zones are looked at: dated within the bars asked for, one a bar, low below high."""
    scan = kind.scan
    if scan is None:
        return kind

    def checked(
        open: np.ndarray,
        high: np.ndarray,
        low: np.ndarray,
        close: np.ndarray,
        indicators: np.ndarray,
        start: int,
        stop: int,
        params: Any,
        out: np.ndarray,
    ) -> int:
        count = member.call(
            scan, open, high, low, close, unwritable(indicators), start, stop, params, out, bars=stop - start
        )
        if (
            isinstance(count, bool)
            or not isinstance(count, int | np.integer)
            or not 0 <= count <= stop - start
        ):
            raise member.wrong(
                f"the scan returned {count!r} in place of how many of the {stop - start} bars confirm a zone"
            )
        at, defect = first_unsound(out, int(count), start, stop)
        if defect != SOUND:
            told = ", ".join(
                f"{name} {out[at][name]:g}" for name in ("bar", "formed", "since", "low", "high")
            )
            said = (
                f"is not one zone a bar, oldest first, of bars {start} to {stop - 1}, formed by then"
                if defect == MISDATED
                else "is no zone with 0 < low < high"
            )
            raise member.wrong(f"zone {at} ({told}) {said}")
        return int(count)

    return replace(kind, scan=checked)


def feature_family(member: Member, family: FeatureFamily) -> FeatureFamily:
    """A family that fills an array of its own, which is looked at before it is kept."""
    fill = family.fill
    if fill is None:
        return family

    def checked(known: Known, start: int, stop: int, out: np.ndarray) -> None:
        mine = np.full((len(known.bars), len(family.columns)), np.nan)
        mine[:start] = out[:start]
        member.call(fill, unwritable(known), start, stop, mine, bars=stop - start)
        if np.isinf(mine[start:stop]).any():
            row, column = np.argwhere(np.isinf(mine[start:stop]))[0]
            raise member.wrong(
                f"column {family.columns[column]} is infinite on {known.bars.dates[start + row]}; unknown is NaN"
            )
        out[start:stop] = mine[start:stop]

    return replace(family, fill=checked)


def setup_rule(member: Member, rule: SetupRule) -> SetupRule:
    """A setup rule whose prices are looked at: in order, finite and positive, or five NaN."""
    choose = rule.choose
    if choose is None:
        return rule

    def checked(seen: SetupSeen) -> np.ndarray:
        given = replace(
            seen, **{name: unwritable(getattr(seen, name)) for name in ("indicators", "momentum", "own")}
        )
        found = member.call(choose, given, bars=seen.stop - seen.start)
        _require_numbers(member, found, seen.own.shape)
        prices = np.array(found, dtype=np.float64)
        none = np.isnan(prices).all(axis=1) | np.isnan(seen.own).any(axis=1)
        close = seen.bars.close[seen.start : seen.stop]
        order = [prices[:, RETEST], prices[:, FLOOR], close, prices[:, CEILING]]
        good = (prices[:, RETEST] > 0) & (prices[:, TARGET_HIGH] < np.inf)
        for below, above in pairwise(order):
            good &= below < above
        good &= (prices[:, CEILING] <= prices[:, TARGET_LOW]) & (
            prices[:, TARGET_LOW] <= prices[:, TARGET_HIGH]
        )
        good |= none
        if not good.all():
            row = int(np.argmin(good))
            told = ", ".join(f"{name} {value:g}" for name, value in zip(SETUP, prices[row], strict=True))
            raise member.wrong(
                f"on {seen.bars.dates[seen.start + row]}, close {close[row]:g}: {told}; retest < floor < close < "
                "ceiling <= target_low <= target_high does not hold"
            )
        return prices

    return replace(rule, choose=checked)


def baseline(member: Member, one: Baseline) -> Baseline:
    """A baseline whose tables are looked at; no entry is below the floor that the engine's own keep."""
    forecast, together = one.forecast, one.together

    def sound(found: Any, entry: ForecastInput, horizons: Sequence[int]) -> np.ndarray:
        _require_numbers(member, found, (len(entry.bars), len(horizons), 3))
        table = np.array(found, dtype=np.float64)
        known = ~np.isnan(table).all(axis=2)
        good = ~known | ((table >= 0).all(axis=2) & (np.abs(table.sum(axis=2) - 1.0) < 1e-6))
        if not good.all():
            row, horizon = np.argwhere(~good)[0]
            raise member.wrong(
                f"on {entry.bars.dates[row]}, {horizons[horizon]} sessions: {table[row, horizon].tolist()} "
                "are not three probabilities that sum to 1"
            )
        table[known] = floor_probabilities(table[known])
        return table

    def checked(seen: BaselineInput) -> np.ndarray | None:
        found = member.call(forecast, unwritable(seen), bars=len(seen.entry.bars))
        return None if found is None else sound(found, seen.entry, seen.config.horizons)

    if not callable(together):
        return replace(one, forecast=checked)

    def checked_together(seen: GroupInput) -> list[np.ndarray]:
        bars = sum(len(entry.bars) for entry in seen.members)
        found = member.call(together, unwritable(seen), bars=bars)
        if not isinstance(found, list | tuple) or len(found) != len(seen.members):
            raise member.wrong(
                f"`together` returned {type(found).__name__} in place of a list of {len(seen.members)} tables"
            )
        return [sound(table, entry, seen.horizons) for table, entry in zip(found, seen.members, strict=True)]

    return replace(one, forecast=checked, together=checked_together)


def model(member: Member, one: Model) -> Model:
    """A model whose learner and candidates are called under guard."""
    learner, rebuilt = one.learner, one.rebuilt

    def made(names: Sequence[str], horizons: tuple[int, ...]) -> Learner:
        return _Learner(member, member.call(learner, names, horizons), len(horizons))

    def again(arrays: Mapping[str, np.ndarray], horizons: tuple[int, ...]) -> Fitted:
        return _Fitted(member, member.call(rebuilt, arrays, horizons), len(horizons), None)

    return replace(one, learner=made, rebuilt=again)


class _Learner:
    """The learner of a plugin's model."""

    def __init__(self, member: Member, learner: Any, horizons: int) -> None:
        self._member, self._learner, self._horizons = member, learner, horizons
        found = getattr(learner, "candidates", None)
        if isinstance(found, bool) or not isinstance(found, int) or found < 1:
            raise member.wrong(f"`candidates` of the learner is {found!r}, no number of forecasts")
        self.candidates: int = found

    def due(self, rows: int) -> bool:
        return bool(self._member.call(self._learner.due, rows))

    def fit(self, window: Window) -> Fitted:
        fitted = self._member.call(self._learner.fit, unwritable(window), bars=len(window.codes))
        return _Fitted(self._member, fitted, self._horizons, self.candidates)


class _Fitted:
    """The candidates of a plugin's model."""

    def __init__(self, member: Member, fitted: Any, horizons: int, candidates: int | None) -> None:
        self._member, self.fitted = member, fitted
        self._horizons, self._candidates = horizons, candidates

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        found = self._asked(self.fitted.logits, (), features, offset, paths)
        candidates = found.shape[1] if self._candidates is None and np.ndim(found) == 4 else self._candidates
        _require_numbers(self._member, found, (len(offset), candidates, self._horizons, 3))
        return found

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        found = self._asked(self.fitted.mixed, (weights,), features, offset, paths)
        _require_numbers(self._member, found, (len(offset), self._horizons, 3))
        return found

    def _asked(
        self,
        function: Callable[..., np.ndarray],
        first: tuple[np.ndarray, ...],
        features: np.ndarray,
        offset: np.ndarray,
        paths: np.ndarray,
    ) -> np.ndarray:
        asked = [unwritable(one) for one in (*first, features, offset, paths)]
        half = len(offset) // 2
        fewer = [*asked[: len(first)], asked[-3][:, :half], asked[-2][:half], asked[-1][:half]]
        return _alone_too(self._member, function, asked, fewer)

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        found = self._member.call(self.fitted.contributions, unwritable(weights), unwritable(features))
        _require_numbers(self._member, found, (3, len(features)))
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        return _plain_arrays(self._member, self.fitted.arrays)


def calibrator(member: Member, kind: CalibratorKind) -> CalibratorKind:
    """A calibrator that is called under guard, and whose probabilities are looked at and floored."""
    make, rebuilt = kind.make, kind.rebuilt
    return replace(
        kind,
        make=lambda: _Calibrator(member, member.call(make)),
        rebuilt=lambda arrays: _Calibrator(member, member.call(rebuilt, arrays)),
    )


class _Calibrator:
    """A plugin's calibrator."""

    def __init__(self, member: Member, own: Any) -> None:
        self._member, self._own = member, own

    def fit(self, p: np.ndarray, codes: np.ndarray, sample_weight: np.ndarray | None = None) -> _Calibrator:
        weight = None if sample_weight is None else unwritable(sample_weight)
        self._member.call(self._own.fit, unwritable(p), unwritable(codes), weight, bars=len(p))
        return self

    def predict_proba(self, p: np.ndarray) -> np.ndarray:
        p = unwritable(p)
        found = _alone_too(self._member, self._own.predict_proba, (p,), (p[: len(p) // 2],))
        _require_numbers(self._member, found, np.shape(p))
        table = np.array(found, dtype=np.float64)
        bad = ~((table >= 0).all(axis=1) & (np.abs(table.sum(axis=1) - 1.0) < 1e-6))
        if bad.any():
            said = table[int(bad.argmax())].tolist()
            raise self._member.wrong(f"{said} are not probabilities that sum to 1")
        return floor_probabilities(table)

    def arrays(self) -> dict[str, np.ndarray]:
        return _plain_arrays(self._member, self._own.arrays)


def _alone_too(
    member: Member, function: Callable[..., np.ndarray], asked: Sequence[Any], fewer: Sequence[Any]
) -> np.ndarray:
    """The answer of all rows, which are counted along the last argument; the first half of them, asked alone, must have the same."""
    rows, half = len(asked[-1]), len(fewer[-1])
    found = member.call(function, *asked, bars=rows)
    if half and np.shape(found)[:1] == (rows,):
        alone = member.call(function, *fewer)
        # products of a part and of the whole round differently
        if not np.allclose(alone, found[:half], rtol=1e-6, atol=1e-9, equal_nan=True):
            raise CheckFailed(
                "audit.model_looks_ahead",
                f"{member}: `{function.__name__}` of the first {half} of {rows} dates of a fold is another "
                "once the later ones are there",
                "what is said of a row may depend on that row and on the training window only",
            )
    return found


def _plain_arrays(member: Member, function: Callable[[], Any]) -> dict[str, np.ndarray]:
    found = member.call(function)
    if not isinstance(found, dict) or not all(
        isinstance(one, np.ndarray) and one.dtype.kind in "fiub" for one in found.values()
    ):
        raise member.wrong("`arrays` gives no dictionary of arrays of numbers: nothing else can be saved")
    return found


def _require_numbers(member: Member, found: Any, shape: Sequence[int | None]) -> None:
    dtype = getattr(found, "dtype", None)
    if dtype is None or dtype.kind not in "fiu" or tuple(np.shape(found)) != tuple(shape):
        said = type(found).__name__ if dtype is None else f"{dtype} of shape {tuple(np.shape(found))}"
        raise member.wrong(f"returned {said} in place of float64 of shape {tuple(shape)}")
