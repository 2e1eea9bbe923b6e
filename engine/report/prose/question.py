"""The question a table answers, in words: what has to happen for each scenario to come true."""

from __future__ import annotations

from engine.config import OutcomeConfig
from engine.table.scenario import Scenario


def question(scenario: Scenario, outcome: OutcomeConfig) -> str:
    """The rule by which the three scenarios are told apart, with this date's prices; empty without a setup.

    Under the rule ``target`` the range ends at the target, even where price passes the ceiling on the way.
    """
    setup = scenario.setup
    if setup is None:
        return ""
    floor, ceiling, target = (scenario.price(edge.low) for edge in (setup.floor, setup.ceiling, setup.target))
    if outcome.rule == "terminal":
        return (
            f"Settled by the last close of the horizon alone: above {ceiling} is up, below {floor} "
            "down, anything else between."
        )
    if outcome.rule == "band":
        return (
            f"Settled by the first close outside {floor} to {ceiling}: above is up, below is down; "
            "no such close within the horizon is between."
        )
    touch = outcome.floor_break == "touch"
    fall = f"a {'low' if touch else 'close'} below {floor}"
    text = f"Up: a high reaches {target} before {fall}. Down: {fall} comes first. Between: neither within the horizon"
    return text + (f", even where price passes {ceiling}." if ceiling != target else ".")
