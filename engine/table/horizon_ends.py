"""The date on which each horizon of a table ends, as far as the exchange's calendar knows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.table import words
from engine.table.pieces import HorizonTable
from engine.table.scenario import Scenario
from engine.year import sessions_per_week


def with_week(table: Scenario, dates: np.ndarray) -> Scenario:
    """The table with the sessions a week of a market with these (n,) session dates."""
    week = sessions_per_week(dates)
    return replace(table, horizons=tuple(replace(item, sessions_per_week=week) for item in table.horizons))


def with_horizon_ends(table: Scenario, calendar: str | None) -> Scenario:
    """The table with ``ends_on`` of each horizon; unchanged where the config names no calendar."""
    if calendar is None or not table.horizons or not table.as_of:
        return table
    from engine.bars.calendars import sessions_after

    longest = max(horizon.horizon_sessions for horizon in table.horizons)
    ahead = sessions_after(calendar, np.datetime64(table.as_of, "D"), longest)
    ends = tuple(
        replace(horizon, ends_on=str(ahead[horizon.horizon_sessions - 1]))
        if len(ahead) >= horizon.horizon_sessions
        else horizon
        for horizon in table.horizons
    )
    return replace(table, horizons=ends)


def span(table: HorizonTable) -> str:
    """``"about 2 weeks, to 15 December 2025"``; without the date where no calendar gives one."""
    weeks = words.weeks(table.horizon_sessions, table.sessions_per_week)
    return weeks if table.ends_on is None else f"{weeks}, to {words.day(table.ends_on)}"
