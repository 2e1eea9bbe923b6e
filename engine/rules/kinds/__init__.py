"""Every level kind, one line each.

To add a kind: write one module beside these, whose docstring states rule, source, parameters and confirmation lag and
whose ``KIND`` holds all that belongs to it; import it, and add one line to ``KINDS``.  Lines may be added at the end
only: a kind's position is its code in the book.
"""

from __future__ import annotations

import numpy as np

from engine.bars.series import BarSeries
from engine.config import RulesConfig
from engine.registry import Registry
from engine.rules.kinds import (
    all_time_high,
    demand_zone,
    moving_average_50,
    moving_average_200,
    range_high,
    range_low,
    resistance_shelf,
    supply_zone,
    support_shelf,
    swing_high,
    swing_low,
)
from engine.rules.kinds.kind import CANDIDATE, LevelKind, LevelParams, sort_by_bar, stamp

KINDS = Registry[LevelKind](
    "level kind",
    (
        moving_average_50.KIND,
        moving_average_200.KIND,
        swing_high.KIND,
        swing_low.KIND,
        demand_zone.KIND,
        supply_zone.KIND,
        support_shelf.KIND,
        resistance_shelf.KIND,
        range_low.KIND,
        range_high.KIND,
        all_time_high.KIND,
    ),
)


def level_params(rules: RulesConfig) -> LevelParams:
    """The parameters of every level kernel, from the config."""
    settings = {name: value for name, value in rules if name in LevelParams._fields}
    major = sum(1 << code for code, kind in enumerate(KINDS) if kind.major)
    return LevelParams(**settings | {"major_kinds": major})


def find_candidates(
    bars: BarSeries, indicators: np.ndarray, start: int, stop: int, params: LevelParams
) -> np.ndarray:
    """Every level that bars ``start .. stop - 1`` confirm: CANDIDATE records ordered by (bar, kind).

    The registry reaches the kernels in these records, never as constants compiled into them: numba's cache on disk
    would not notice a new line in this file.
    """
    found = np.empty((stop - start) * len(KINDS), CANDIDATE)
    total = 0
    for code, kind in enumerate(KINDS):
        out = found[total:]
        if kind.scan is not None:
            count = kind.scan(
                bars.open, bars.high, bars.low, bars.close, indicators, start, stop, params, out
            )
        else:
            count = _first_value(indicators[:, kind.column], start, stop, out)
        stamp(out, count, code, kind.weight, kind.column)
        total += count
    candidates = np.empty(total, CANDIDATE)
    sort_by_bar(found, total, start, stop, candidates)
    return candidates


def _first_value(column: np.ndarray, start: int, stop: int, out: np.ndarray) -> int:
    """A moving average is a level from the first bar that has one."""
    if start > 0 and not np.isnan(column[start - 1]):
        return 0
    known = ~np.isnan(column[start:stop])
    if not known.any():
        return 0
    bar = start + int(np.argmax(known))
    out[:1] = np.array([(bar, 0, 0, bar, bar, 0, 0.0, np.nan, np.nan)], CANDIDATE)
    return 1


__all__ = [
    "CANDIDATE",
    "KINDS",
    "LevelKind",
    "LevelParams",
    "find_candidates",
    "level_params",
]
