"""Every level kind, one line each.

To add a kind: write one module beside these (its docstring states rule, source, parameters and confirmation lag)
and add one line to ``KINDS``.  Lines may be added at the end only: a kind's position is its code in the book.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.bars.series import BarSeries
from engine.config import RulesConfig
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
from engine.rules.kinds.kind import CANDIDATE, LevelKind, LevelParams

KINDS: tuple[LevelKind, ...] = (
    LevelKind("moving_average_50", "50-day moving average", 0.45, False, column=moving_average_50.COLUMN),
    LevelKind("moving_average_200", "200-day moving average", 0.65, True, column=moving_average_200.COLUMN),
    LevelKind("swing_high", "swing high", 0.45, False, swing_high.scan),
    LevelKind("swing_low", "swing low", 0.45, False, swing_low.scan),
    LevelKind("demand_zone", "demand zone", 0.6, True, demand_zone.scan),
    LevelKind("supply_zone", "supply zone", 0.6, True, supply_zone.scan),
    LevelKind("support_shelf", "support shelf", 0.65, True, support_shelf.scan),
    LevelKind("resistance_shelf", "resistance shelf", 0.65, True, resistance_shelf.scan),
    LevelKind("range_low", "range low", 0.75, True, range_low.scan),
    LevelKind("range_high", "range high", 0.75, True, range_high.scan),
    LevelKind("all_time_high", "all-time-high region", 0.9, True, all_time_high.scan),
)


def level_params(rules: RulesConfig, kinds: tuple[LevelKind, ...] = KINDS) -> LevelParams:
    """The parameters of every level kernel, from the config and the registry."""
    registry: dict[str, Any] = {
        "weights": np.array([kind.weight for kind in kinds]),
        "columns": np.array([kind.column for kind in kinds], np.int64),
        "major_kinds": sum(1 << code for code, kind in enumerate(kinds) if kind.major),
    }
    settings = {name: getattr(rules, name) for name in LevelParams._fields if name not in registry}
    return LevelParams(**settings, **registry)


def find_candidates(
    bars: BarSeries, indicators: np.ndarray, start: int, stop: int, params: LevelParams
) -> np.ndarray:
    """Every zone that bars ``start .. stop - 1`` confirm: CANDIDATE records ordered by (bar, kind)."""
    found = []
    out = np.empty(stop - start, CANDIDATE)
    for code, kind in enumerate(KINDS):
        if kind.scan is None:
            continue
        count = kind.scan(bars.open, bars.high, bars.low, bars.close, indicators, start, stop, params, out)
        rows = out[:count].copy()
        rows["kind"] = code
        found.append(rows)
    candidates = np.concatenate(found)
    return candidates[np.argsort(candidates["bar"], kind="stable")]


__all__ = ["CANDIDATE", "KINDS", "LevelKind", "LevelParams", "find_candidates", "level_params"]
