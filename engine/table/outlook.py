"""The table in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.table import words

if TYPE_CHECKING:
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
