"""The calendar of a series: which days of which weeks have a session."""

from __future__ import annotations

import numpy as np

from engine.bars.series import BarSeries

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def weekdays(dates: np.ndarray) -> np.ndarray:
    """(n,) 0 for Monday to 6 for Sunday; ``dates`` are ``datetime64[D]``."""
    return (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def week_table(bars: BarSeries) -> tuple[np.ndarray, np.ndarray]:
    """(weeks,) first day, a Monday, of each week from first to last session; (weeks, 7) index of the session, or -1."""
    day = weekdays(bars.dates)
    week = (bars.dates.astype(np.int64) + 3) // 7
    first, last = int(week[0]), int(week[-1])
    table = np.full((last - first + 1, 7), -1, dtype=np.int64)
    table[week - first, day] = np.arange(len(bars))
    mondays = (np.arange(first, last + 1) * 7 - 3).astype("datetime64[D]")
    return mondays, table
