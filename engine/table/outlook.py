"""The table in one sentence, as strong as its intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.table import words

if TYPE_CHECKING:
    from engine.table.pieces import HorizonTable, ScenarioRow
    from engine.table.scenario import Scenario

_LIKELY = 0.60  # the lower end of the interval from which "likely" is said
_MOST_DIGITS = 2  # of a point, where fewer would show 0 for what is not 0


def outlook(scenario: Scenario) -> str:
    """The most likely scenario of the longest horizon, and whether it leads by more than the intervals can tell apart.

    "Likely" and "more likely than not" are said where the whole interval lies above 60 and 50 %; "the most likely of the
    three" where it lies above the interval of the next.  Without intervals there is no verb, only the numbers.
    """
    table = scenario.longest
    percents = table.whole_percents if table is not None else None
    if table is None or percents is None:
        return "No forecast exists for this date: the walk-forward had too little history before it."
    ranked = sorted(words.DISPLAY_ORDER, key=lambda name: -percents[name])
    rows = [table.row(name) for name in ranked]
    horizon = f"over the next {words.plural(table.horizon_sessions, 'session')}"
    said = [f"{_phrase(scenario, name)} {percents[name]}%" for name in ranked]
    strength = _strength(rows)
    if strength is None:
        return words.sentence(f"{horizon}: {', '.join(said)}")
    second = f"{_phrase(scenario, ranked[1])} ({percents[ranked[1]]}%)"
    if not strength:
        return words.sentence(
            f"{_phrase(scenario, ranked[0])} ({percents[ranked[0]]}%) and {second} are not told apart {horizon}"
        )
    return words.sentence(
        f"{_phrase(scenario, ranked[0])} is {strength} {horizon}: {percents[ranked[0]]}%, against "
        f"{percents[ranked[1]]}% for {_phrase(scenario, ranked[1])}"
    )


def _strength(ranked: list[ScenarioRow]) -> str | None:
    """What the intervals allow to be said of the first; nothing where it is not told apart; None without intervals."""
    first, second = ranked[:2]
    if first.low is None or second.high is None:
        return None
    if first.low >= _LIKELY:
        return "likely"
    if first.low > 0.5:
        return "more likely than not"
    return "the most likely of the three" if first.low > second.high else ""


def _phrase(scenario: Scenario, name: str) -> str:
    setup = scenario.setup
    if setup is None:
        return {"continuation": "the way up", "range": "the range between", "breakdown": "the way down"}[name]
    if name == "continuation":
        return f"a move up to {scenario.zone(setup.target.low, setup.target.high)}"
    if name == "range":
        return f"neither {scenario.price(setup.target.low)} nor {scenario.price(setup.floor.low)}"
    return f"a close under {scenario.price(setup.floor.low)}"


def against_opponent(table: HorizonTable) -> str:
    """What the table says beyond the opponent that it starts from, in points with intervals; empty where not known.

    ``Against filtered history, in points: up +2 (−1 to +4), between −3 (−6 to 0), down +1 (−2 to +4);
    every interval holds 0.``
    """
    if any(None in (row.difference, row.difference_low, row.difference_high) for row in table.rows):
        return ""
    name = words.baseline_label(table.rows[0].opponent)
    told = [
        words.quoted(row.scenario)
        for row in table.rows
        if (row.difference_low or 0.0) > 0.0 or (row.difference_high or 0.0) < 0.0
    ]
    parts = ", ".join(f"{words.SCENARIO_LABELS[row.scenario].lower()} {_told(row)}" for row in table.rows)
    if len(told) == len(table.rows):
        end = "no interval holds 0"
    elif told:
        end = f"the interval{'s' if len(told) > 1 else ''} of {words.join(told)} {'leave' if len(told) > 1 else 'leaves'} out 0"
    else:
        end = "every interval holds 0"
    return words.sentence(f"Against {name[0].lower()}{name[1:]}, in points: {parts}; {end}")


def _points(value: float | None, digits: int = 0) -> str:
    return words.signed(100.0 * (value or 0.0), digits)


def _told(row: ScenarioRow) -> str:
    """The difference and both ends in points; none that is not 0 is shown as 0 where the interval leaves 0 out."""
    low, high = row.difference_low or 0.0, row.difference_high or 0.0
    values, digits = (row.difference, low, high), 0
    while (low > 0.0 or high < 0.0) and digits < _MOST_DIGITS and not all(_seen(v, digits) for v in values):
        digits += 1
    middle, *ends = (_points(value, digits) for value in values)
    return f"{middle} ({' to '.join(ends)})"


def _seen(value: float | None, digits: int) -> bool:
    return _points(value, digits).strip("0.") != ""
