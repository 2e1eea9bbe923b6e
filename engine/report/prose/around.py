"""Fundamentals and what lies ahead, in lines that follow from the computed facts alone; empty where nothing is configured."""

from __future__ import annotations

from engine.bars.events import label_of
from engine.table import words
from engine.table.around.ahead import HORIZONS, Ahead, Scheduled
from engine.table.around.fundamentals import CHANGE_SESSIONS, Fact
from engine.table.around.width import COVERAGE, Width
from engine.table.scenario import Scenario

_SMALL = {"basis points": 0.5, "%": 0.05, "points": 0.05}


def fundamentals_lines(scenario: Scenario) -> tuple[str, ...]:
    """One line a figure, each with the day it is about and the day it was published."""
    if scenario.fundamentals is None:
        return ()
    if not scenario.fundamentals:
        return ("No figure of the context was known at this close.",)
    lines = [_figure(fact) for fact in scenario.fundamentals]
    implied = next((f for f in scenario.fundamentals if f.role == "implied_volatility"), None)
    realised = scenario.realised_volatility
    if implied is not None and realised is not None:
        gap = implied.value - realised
        side = "above" if gap > 0 else "below"
        lines.append(
            f"The volatility index is {words.decimal(abs(gap), 1)} points {side} the volatility of {scenario.name} itself "
            f"({words.decimal(realised, 1)}% a year, exponentially weighted)."
        )
    return tuple(lines)


def _figure(fact: Fact) -> str:
    text = f"{words.capital(fact.label)}: {words.decimal(fact.value, 2)}{fact.unit}"
    if fact.change is not None:
        text += f", {_change(fact)} over {CHANGE_SESSIONS} sessions"
    return f"{text} (of {words.day(fact.about)}, published by {words.day(fact.published)})."


def _change(fact: Fact) -> str:
    assert fact.change is not None
    if abs(fact.change) < _SMALL.get(fact.change_unit, 0.0):
        return "unchanged"
    way = "up" if fact.change > 0 else "down"
    digits = 0 if fact.change_unit == "basis points" else 1 if fact.change_unit else 2
    gap = "" if fact.change_unit == "%" else " "
    return f"{way} {words.decimal(abs(fact.change), digits)}{gap}{fact.change_unit}".rstrip()


def ahead_lines(scenario: Scenario) -> tuple[str, ...]:
    """What is scheduled within 10 and 15 sessions, dates of the calendar, and how wide past events were."""
    ahead = scenario.ahead
    if ahead is None:
        return ()
    lines, told = [], 0
    for sessions in dict.fromkeys((*HORIZONS, ahead.sessions)):
        found = [item for item in ahead.releases if told < item.sessions <= sessions]
        also = " also" if told else ""
        if found or not told:
            listed = "; ".join(_when(item) for item in found) or "nothing that stands in the calendar"
            lines.append(f"Within {sessions} sessions{also}: {listed}.")
        told = sessions
    if ahead.dates:
        lines.append(f"By the calendar alone: {'; '.join(_when(item) for item in ahead.dates)}.")
    kinds = {item.kind: item.widths for item in ahead.releases if item.widths}
    if kinds:
        looks = sum(map(len, kinds.values()))
        parts = [_width(kind, found) for kind, found in kinds.items()]
        lines.append(
            f"Moves around past events over moves without one, in units of the volatility known before (1: equally wide; in "
            f"brackets the {words.percent(COVERAGE)} interval): {'; '.join(parts)}. Of {words.plural(looks, 'such ratio')} one in "
            "ten would leave 1 out by chance."
        )
    return (*lines, *_caveats(ahead, scenario.as_of))


def _when(item: Scheduled) -> str:
    away = "the next session" if item.sessions == 1 else f"in {item.sessions} sessions"
    return f"{item.label} on {words.day(item.date)}, {away}"


def _width(kind: str, found: tuple[Width, ...]) -> str:
    parts = []
    for one in found:
        where = "on its own session" if one.sessions == 1 else f"in {one.sessions} sessions that hold one"
        verdict = "" if one.verdict == "undecided" else f", {one.verdict}"
        interval = f"{words.decimal(one.low, 2)} to {words.decimal(one.high, 2)}"
        parts.append(f"{where} {words.decimal(one.ratio, 2)} ({interval}{verdict})")
    return f"{label_of(kind)}, {max(one.events for one in found)} past ones, {', '.join(parts)}"


def _caveats(ahead: Ahead, as_of: str) -> list[str]:
    lines = []
    if ahead.last_known is not None and not any(item.sessions > HORIZONS[0] for item in ahead.releases):
        ends = f"The calendar of releases ends on {words.day(ahead.last_known)}"
        lines.append(f"{ends}: what comes later is not known here.")
    if ahead.counted_in is None:
        lines.append("Sessions ahead are counted in weekdays, because no calendar of the exchange is named.")
    return lines
