"""What a researcher should know about the market around the bars (``engine check``): one function a remark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.bars.findings import BarFinding
from engine.bars.series import BarSeries


def find_around(bars_by_symbol: Mapping[str, BarSeries], *, guess_calendars: bool = True) -> list[BarFinding]:
    """Missing sessions, rows on holidays and half days, rolls, context that has holes, and doubtful releases.

    With ``guess_calendars`` sessions of an instrument whose config names no calendar are held against the one that fits.
    """
    found = []
    for bars in bars_by_symbol.values():
        if guess_calendars or bars.around.calendar is not None:
            found += _calendar(bars)
        for look in (_rolls, _context, _events):
            found += look(bars)
    return found


def _rolls(bars: BarSeries) -> list[BarFinding]:
    rolls = bars.around.rolls
    if rolls is None:
        return []
    from engine.bars.contracts import RolledSeries

    first = rolls.first_sessions
    last = f", the last on {bars.dates[first[-1]]}" if len(first) else ""
    if any(isinstance(part, RolledSeries) for part in bars.around.parts):
        # such a file may list rolls and days whose settlement was no price: what it lists is taken out, whatever it was
        text = (
            f"{_days(first)} listed in roll_dates{last}: what the file says is no return (a roll, or a settlement that "
            "was none) is taken out of returns, levels and touches"
        )
    else:
        into = f" into {rolls.names[rolls.contract[-1]]}" if len(first) else ""
        text = (
            f"{len(first)} roll{'s' if len(first) != 1 else ''}{last}{into}; returns, levels and touches are taken "
            "without their gaps"
        )
    return [BarFinding(bars.symbol, "bars.rolls", "note", text)]


_SPARSE = 0.1  # share of sessions without a usable value between the first and the last


def _context(bars: BarSeries) -> list[BarFinding]:
    context = bars.around.context
    if context is None:
        return []
    found = []
    for one in context.series:
        values, days = context.join(one, bars.dates)
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            # a history that is cut before the series began; a whole history without it is an error of loading
            text = f"context {one.name} is not known on a single session up to {bars.dates[-1]}"
            found.append(BarFinding(bars.symbol, "context.not_yet_known", "note", text))
            continue
        if known[-1] < len(bars) - 1:
            first = str(bars.dates[known[-1] + 1])
            text = f"context {one.name} ends early: its last value is of {days[known[-1]]}, and is too old from {first} on"
            remedy = "complete the series (`engine fetch` for a download), allow an older value (max_age_sessions), or accept it"
            found.append(
                BarFinding(
                    bars.symbol,
                    "context.ends_early",
                    "failure",
                    text,
                    first,
                    str(bars.dates[-1]),
                    remedy=remedy,
                )
            )
        inside = values[known[0] : known[-1] + 1]
        holes = int(np.isnan(inside).sum())
        if holes > _SPARSE * len(inside):
            text = (
                f"context {one.name} is sparse: no value of the last {one.max_age_sessions} sessions on {holes:,} of "
                f"{len(inside):,} sessions from {bars.dates[known[0]]} to {bars.dates[known[-1]]}"
            )
            remedy = "fill it, allow an older value (max_age_sessions) where the series comes more rarely, or accept it"
            found.append(BarFinding(bars.symbol, "context.sparse", "failure", text, remedy=remedy))
    return found


def _events(bars: BarSeries) -> list[BarFinding]:
    events = bars.around.events
    if events is None or not len(bars):
        return []
    inside = [
        (kind, day)
        for kind, day in events.schedule.doubtful
        if str(bars.dates[0]) <= day <= str(bars.dates[-1])
    ]
    if not inside:
        return []
    shown = ", ".join(f"{kind} of {day}" for kind, day in inside[-3:])
    text = (
        f"{len(inside)} release{'s' if len(inside) > 1 else ''} came later after the month reported than any before (the last: "
        f"{shown}); the date cannot have been known long ahead, so each counts as known on its own day only"
    )
    remedy = (
        "give the day on which the date was announced (events.announced) and withdrawn (events.withdrawn)"
    )
    return [BarFinding(bars.symbol, "events.postponed", "note", text, remedy=remedy)]


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
