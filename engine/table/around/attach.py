"""Puts fundamentals and what is ahead beside a table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.rules.indicators import SIGMA, compute_indicators
from engine.table.around.ahead import ahead_of
from engine.table.around.fundamentals import facts_of
from engine.year import sessions_per_week, sessions_per_year

if TYPE_CHECKING:
    from engine.bars.series import BarSeries
    from engine.config import Config
    from engine.table.scenario import Scenario


def with_around(table: Scenario, bars: BarSeries, config: Config) -> Scenario:
    """The table of the last of ``bars`` with what its config gives; unchanged where it gives nothing."""
    around = bars.around
    if around.context is None and around.events is None:
        return table
    known = compute_indicators(bars)[:, SIGMA]
    if around.context is not None:
        sigma = float(known[-1])
        year = sessions_per_year(sessions_per_week(bars.dates))
        realised = 100.0 * math.sqrt(year) * sigma if math.isfinite(sigma) else None
        table = replace(table, fundamentals=facts_of(around.context), realised_volatility=realised)
    if around.events is not None:
        table = replace(table, ahead=ahead_of(around.events, bars.close, known, config.horizons, config.seed))
    return table
