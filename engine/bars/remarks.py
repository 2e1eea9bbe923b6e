"""What a researcher should know about the market around the bars (``engine check``): one function a remark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.bars.findings import BarFinding
from engine.bars.series import BarSeries


def find_around(bars_by_symbol: Mapping[str, BarSeries]) -> list[BarFinding]:
    """Missing sessions, rows on holidays and half days, instrument by instrument."""
    return [finding for bars in bars_by_symbol.values() for finding in _calendar(bars)]


def _calendar(bars: BarSeries) -> list[BarFinding]:
    from engine.bars.calendars import best_calendar, compare_with, half_days
    from engine.bars.calendars.known import why_missing

    named = bars.around.calendar
    found = compare_with(named, bars.dates) if named else best_calendar(bars.dates)
    if found is None:
        return []
    name = (
        found.calendar
        if named
        else f"{found.calendar} (guessed from the dates: write calendar: {found.calendar})"
    )
    early = half_days(found.calendar, bars.dates[0], bars.dates[-1])
    remarks = [
        BarFinding(
            bars.symbol,
            "bars.calendar",
            "note",
            f"sessions follow {name}; {len(early)} of them were half days"
            + (f", the last on {early[-1]}" if len(early) else ""),
        )
    ]
    left = found.missing
    for reason, days in why_missing(found.calendar, found.missing).items():
        left = np.setdiff1d(left, days)
        remarks.append(
            BarFinding(
                bars.symbol,
                "bars.known_closures",
                "note",
                f"{_days(days)} of {found.calendar} without a row: {reason}",
            )
        )
    if len(left):
        remarks.append(
            BarFinding(
                bars.symbol,
                "bars.missing_sessions",
                "warning",
                f"{_days(left)} of {found.calendar} without a row: {_listed(left)}",
            )
        )
    if len(found.extra):
        remarks.append(
            BarFinding(
                bars.symbol,
                "bars.rows_on_holidays",
                "warning",
                f"{len(found.extra)} row{'s' if len(found.extra) > 1 else ''} on days without a session of "
                f"{found.calendar}: {_listed(found.extra)}",
            )
        )
    return remarks


def _days(days: np.ndarray) -> str:
    return f"{len(days)} session{'s' if len(days) != 1 else ''}"


def _listed(days: np.ndarray) -> str:
    shown = ", ".join(days[:4].astype(str))
    return shown + (f" and {len(days) - 4} more" if len(days) > 4 else "")
