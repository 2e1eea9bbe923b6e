"""Two instruments of one market: why their tables are not the same."""

from __future__ import annotations

from collections.abc import Sequence

from engine.table import words
from engine.table.scenario import Scenario

MOST_RELATED = 3  # beyond, a run is a universe and not one market seen twice


def why_they_differ(scenarios: Sequence[Scenario]) -> str:
    """What the tables of the longest horizon say of each, and where the difference lies: question, distance or rules."""
    known = [s for s in scenarios if s.setup is not None and s.longest is not None and s.longest.available]
    if len(known) < 2:
        return "One of them has no forecast yet."
    told = [_standing(scenario) for scenario in known]
    first, second = known[:2]
    parts = []
    one, two = (_percents(scenario) for scenario in (first, second))
    parts.append(
        f"{words.SCENARIO_LABELS['continuation']} has {one['table']}% for {first.name} and {two['table']}% for {second.name}"
    )
    if one["alone"] is not None and two["alone"] is not None:
        by_distance = two["alone"] - one["alone"]
        by_rules = (two["table"] - one["table"]) - by_distance
        parts[-1] += (
            f": of the {words.signed(two['table'] - one['table'], 0)} points, {words.signed(by_distance, 0)} come from "
            f"distance and volatility and {words.signed(by_rules, 0)} from the rules"
        )
    dates = {scenario.as_of for scenario in known}
    if len(dates) > 1:
        parts.append(f"the closes are of {words.join([words.day(day) for day in sorted(dates)])}")
    return " ".join([*told, *(words.sentence(part) for part in parts)])


def _standing(scenario: Scenario) -> str:
    setup, atr = scenario.setup, scenario.facts.get("atr_14")
    assert setup is not None
    edges = []
    for edge, what in ((setup.target, "target"), (setup.floor, "floor")):
        source = "projected" if edge.projected else words.plain_name(edge.level_name) or "a level"
        away = f", {words.decimal(abs(edge.low - scenario.close) / atr, 1)} ATR away" if atr else ""
        edges.append(f"the {what} is {scenario.zone(edge.low, edge.high)} ({source}{away})")
    return f"For {scenario.name} {words.join(edges)}."


def _percents(scenario: Scenario) -> dict[str, int]:
    table = scenario.longest
    assert table is not None
    alone = table.baseline_percents("filtered_history")
    own = table.whole_percents
    assert own is not None
    return {"table": own["continuation"], "alone": None if alone is None else alone["continuation"]}  # type: ignore[dict-item]
