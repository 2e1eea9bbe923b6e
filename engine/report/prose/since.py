"""What changed since the session before, in one line: which edge moved and why, and where the change of the table comes from."""

from __future__ import annotations

from collections.abc import Mapping

from engine.table import words
from engine.table.scenario import Scenario
from engine.table.story.change import ChangeShare, EdgeMove

_WHY: Mapping[str, str] = {
    "first": "the first question there is",
    "reached": "the old one was reached",
    "broken": "a close fell under the floor",
    "aged": "the question had stood its time",
    "merged": "its level went into another",
    "retired": "its level is gone",
    "faded": "its level is weak by now",
    "out_of_reach": "the old one is out of reach",
    "replaced": "{name} has taken its place",
    "crossed": "the edges left no room between them",
    "chosen_anew": "edges are chosen anew at each close",
}


def since_yesterday(scenario: Scenario) -> str:
    """One line; empty where there was no question, or no forecast, the session before."""
    change = scenario.change
    if change is None:
        return ""
    day = words.short_day(change.since)
    moved = words.join([_move(scenario, move) for move in change.moves])
    if change.answered:
        verb = "was reached" if change.answered == "reached" else "gave way"
        edge = "target" if change.answered == "reached" else "floor"
        old = next(move for move in change.moves if move.why == change.answered)
        if old.edge != edge:  # all edges are chosen anew, and this one is where it was
            return f"Since {day}: the {edge} {verb}, so a new question is asked: {moved}."
        zone = scenario.zone(old.before_low, old.before_high)
        return f"Since {day}: the {edge} of {zone} {verb}, so a new question is asked."
    question = f"the {moved}" if moved else "the question stands"
    share = _leading(scenario)
    tail = f" {_share(share)}" if share is not None else ""
    return f"Since {day} {question}.{tail}"


def _move(scenario: Scenario, move: EdgeMove) -> str:
    edge = getattr(scenario.setup, move.edge)
    name = words.plain_name(edge.level_name) if edge.level_name else "a projected price"
    why = _WHY[move.why].format(name=name)
    before, now = scenario.zone(move.before_low, move.before_high), scenario.zone(move.low, move.high)
    return f"{move.edge} moved from {before} to {now} ({why})"


def _leading(scenario: Scenario) -> ChangeShare | None:
    """The scenario of the longest horizon whose probability changed most."""
    change, longest = scenario.change, scenario.longest
    if change is None or longest is None:
        return None
    mine = [share for share in change.shares if share.horizon_sessions == longest.horizon_sessions]
    return max(mine, key=lambda share: abs(share.now - share.before), default=None)


def _share(share: ChangeShare) -> str:
    name = words.SCENARIO_LABELS[share.scenario]
    parts = {
        "the question": share.question,
        "price and volatility": share.market,
        "the rules": share.rules,
    }
    points = tenths(list(parts.values()), share.now - share.before)
    before, now = (words.percent(p, 1) for p in (share.before, share.now))
    moved = [(what, value) for what, value in zip(parts, points, strict=True) if value]
    if not moved:
        return f"{name} stayed at {now}."
    (first, most), *others = moved
    told = [f"{words.signed(most)} points from {first}", *(f"{words.signed(v)} from {w}" for w, v in others)]
    return f"{name} went from {before} to {now}: {words.join(told)}."


def tenths(parts: list[float], total: float) -> list[float]:
    """Parts of a difference of probabilities in points with one decimal that add up to the difference as it is shown."""
    shown = [round(100 * part, 1) for part in parts]
    lack = round(round(100 * total, 1) - sum(shown), 1)
    place = max(range(len(parts)), key=lambda i: abs(parts[i]))
    shown[place] = round(shown[place] + lack, 1)
    return shown
