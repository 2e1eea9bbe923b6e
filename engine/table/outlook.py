"""The table in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.table import words

if TYPE_CHECKING:
    from engine.table.pieces import HorizonTable
    from engine.table.scenario import Scenario

_LIKELY = 60  # percent from which "likely" is said without a qualification


def outlook(scenario: Scenario) -> str:
    """One sentence: the most likely scenario of the longest horizon, and by how much it leads."""
    table = scenario.longest
    percents = table.whole_percents if table is not None else None
    if table is None or percents is None:
        return "No forecast exists for this date: the walk-forward had too little history before it."
    ranked = sorted(words.DISPLAY_ORDER, key=lambda name: -percents[name])
    first, second = ranked[0], ranked[1]
    horizon = f"the next {words.plural(table.horizon_sessions, 'session')}"
    if percents[first] - percents[second] < 5:
        return (
            f"Over {horizon} {_phrase(scenario, first)} ({percents[first]}%) and "
            f"{_phrase(scenario, second)} ({percents[second]}%) are about equally likely."
        )
    strength = (
        "likely"
        if percents[first] >= _LIKELY
        else "more likely than not"
        if percents[first] > 50
        else "the most likely of the three"
    )
    return words.sentence(
        f"{_phrase(scenario, first)} is {strength} over {horizon}: {percents[first]}%, "
        f"against {percents[second]}% for {_phrase(scenario, second)}"
    )


def _phrase(scenario: Scenario, name: str) -> str:
    setup = scenario.setup
    if setup is None:
        return {"continuation": "continuation", "range": "a range", "breakdown": "a breakdown"}[name]
    if name == "continuation":
        return f"a move to {scenario.zone(setup.target.low, setup.target.high)}"
    if name == "range":
        return "staying in the range"
    return f"a close below {scenario.price(setup.floor.low)}"


def against_opponent(table: HorizonTable) -> str:
    """What the table says beyond the opponent that it starts from, in points with intervals; empty where not known.

    ``Against filtered history, in points: continuation +2 (−1 to +4), range −3 (−6 to 0), breakdown +1 (−2 to +4);
    every interval holds 0.``
    """
    if any(None in (row.difference, row.difference_low, row.difference_high) for row in table.rows):
        return ""
    name = words.baseline_label(table.rows[0].opponent)
    told = [
        row.scenario
        for row in table.rows
        if (row.difference_low or 0.0) > 0.0 or (row.difference_high or 0.0) < 0.0
    ]
    parts = ", ".join(
        f"{row.scenario} {_points(row.difference)} ({_points(row.difference_low)} to {_points(row.difference_high)})"
        for row in table.rows
    )
    end = f"the interval of {words.join(told)} leaves out 0" if told else "every interval holds 0"
    return words.sentence(f"Against {name[0].lower()}{name[1:]}, in points: {parts}; {end}")


def _points(value: float | None) -> str:
    return words.signed(100.0 * (value or 0.0), 0)
