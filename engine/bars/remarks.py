"""What a researcher should know about the market around the bars (``engine check``): one function a remark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.bars.findings import BarFinding
from engine.bars.series import BarSeries


def find_around(bars_by_symbol: Mapping[str, BarSeries]) -> list[BarFinding]:
    """Missing sessions, rows on holidays and half days, rolls, and context that ends early, instrument by instrument."""
    looks = (_calendar, _rolls, _context)
    return [finding for bars in bars_by_symbol.values() for look in looks for finding in look(bars)]


def _rolls(bars: BarSeries) -> list[BarFinding]:
    rolls = bars.around.rolls
    if rolls is None:
        return []
    first = rolls.first_sessions
    last = (
        f", the last on {bars.dates[first[-1]]} into {rolls.names[rolls.contract[-1]]}" if len(first) else ""
    )
    text = f"{len(first)} roll{'s' if len(first) != 1 else ''}{last}; returns, levels and touches are taken without their gaps"
    return [BarFinding(bars.symbol, "bars.rolls", "note", text)]


def _context(bars: BarSeries) -> list[BarFinding]:
    context = bars.around.context
    if context is None:
        return []
    found = []
    for one in context.series:
        values, days = context.join(one, bars.dates)
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            text = f"context {one.name} is not known on a single session"
            found.append(BarFinding(bars.symbol, "context.never_known", "warning", text))
        elif known[-1] < len(bars) - 1:
            text = f"context {one.name} ends early: its last value is of {days[known[-1]]}, and is too old from {bars.dates[known[-1] + 1]} on"
            found.append(BarFinding(bars.symbol, "context.ends_early", "warning", text))
    return found


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
