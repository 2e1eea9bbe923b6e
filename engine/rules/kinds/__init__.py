"""Every level kind, one line each.

To add a kind: write one module beside these (its docstring states rule, source, parameters and confirmation lag)
and add one line to ``KINDS``.  Lines may be added at the end only: a kind's position is its code in the book.
"""

from __future__ import annotations

import numpy as np

from engine.bars.series import BarSeries
from engine.config import RulesConfig
from engine.rules.book.levels import RESISTANCE, SUPPORT
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
from engine.rules.kinds.kind import CANDIDATE, LevelKind, LevelParams, label, sort_by_bar

KINDS: tuple[LevelKind, ...] = (
    LevelKind("moving_average_50", "50-day moving average", 0.45, False, column=moving_average_50.COLUMN),
    LevelKind("moving_average_200", "200-day moving average", 0.65, True, column=moving_average_200.COLUMN),
    LevelKind("swing_high", "swing high", 0.45, False, swing_high.scan),
    LevelKind("swing_low", "swing low", 0.45, False, swing_low.scan),
    LevelKind("demand_zone", "demand zone", 0.6, True, demand_zone.scan, role=SUPPORT),
    LevelKind("supply_zone", "supply zone", 0.6, True, supply_zone.scan, role=RESISTANCE),
    LevelKind("support_shelf", "support shelf", 0.65, True, support_shelf.scan, role=SUPPORT),
    LevelKind("resistance_shelf", "resistance shelf", 0.65, True, resistance_shelf.scan, role=RESISTANCE),
    LevelKind("range_low", "range low", 0.75, True, range_low.scan),
    LevelKind("range_high", "range high", 0.75, True, range_high.scan),
    LevelKind("all_time_high", "all-time-high region", 0.9, True, all_time_high.scan),
)


def level_params(rules: RulesConfig) -> LevelParams:
    """The parameters of every level kernel, from the config."""
    settings = {name: getattr(rules, name) for name in LevelParams._fields if name != "major_kinds"}
    major = sum(1 << code for code, kind in enumerate(KINDS) if kind.major)
    return LevelParams(**settings, major_kinds=major)


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
        label(out, count, code, kind.weight, kind.column)
        total += count
    candidates = np.empty(total, CANDIDATE)
    sort_by_bar(found, total, start, stop, candidates)
    return candidates


def _first_value(column: np.ndarray, start: int, stop: int, out: np.ndarray) -> int:
    """A moving average is a level from the first bar that has one."""
    if np.isnan(column[stop - 1]) or (start > 0 and not np.isnan(column[start - 1])):
        return 0
    bar = start + int(np.argmin(np.isnan(column[start:stop])))
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
