"""The facts behind a probability that a trader would name, with level, date and number.

A reason is told of a scenario only where it moved the probability, and moved it the way a trader expects: support that has
held often makes a break less likely.  Where the model says the opposite, the attribution says so and the note is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.scenarios import SCENARIOS
from engine.table import words

if TYPE_CHECKING:
    from engine.table.pieces import LevelLine, SetupEdges
    from engine.table.story.attribution import Attribution
    from engine.table.story.past import Past

NOTICED = 0.003  # of the probability: what moves it less is no reason
MOST = 2
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Sense = Mapping[str, int]
# which way a trader expects a fact to move each scenario
_UP: Sense = {"continuation": 1, "breakdown": -1}
_DOWN: Sense = {"continuation": -1, "breakdown": 1}
_FLOOR_HOLDS: Sense = {"range": 1, "breakdown": -1}
_FLOOR_YIELDS: Sense = {"range": -1, "breakdown": 1}
_TARGET_HOLDS: Sense = {"continuation": -1, "range": 1}
_TARGET_YIELDS: Sense = {"continuation": 1, "range": -1}
_RESTLESS: Sense = {"continuation": 1, "range": -1, "breakdown": 1}
_CALM: Sense = {"continuation": -1, "range": 1, "breakdown": -1}
Reason = tuple[str, Sense] | None


@dataclass(frozen=True, slots=True)
class State:
    """What reasons are made of: the facts of the close, its past, its question and the levels around it."""

    close: float
    decimals: int
    facts: Mapping[str, float | None]
    past: Past
    setup: SetupEdges | None
    levels: Sequence[LevelLine]

    def fact(self, name: str) -> float | None:
        """A fact; None where it is not known."""
        return self.facts.get(name)

    def price(self, value: float) -> str:
        """A price in the instrument's decimals."""
        return words.price(value, self.decimals)

    def line(self, edge: str) -> LevelLine | None:
        """The level behind an edge of the question."""
        level = None if self.setup is None else getattr(self.setup, edge).level_id
        return next((line for line in self.levels if line.level_id == level), None)


def note_of(state: State, attribution: Attribution, scenario: str, percents: tuple[int, int]) -> str:
    """At most two reasons for or against a scenario, or what distance and volatility alone say.

    Parameters
    ----------
    percents : the whole percents of the table and of distance and volatility alone.
    """
    told = reasons(state, attribution, scenario)
    helps, hurts = ([text for text, up in told if up == side] for side in (True, False))
    if helps and hurts:
        return f"{helps[0]}; against it, {hurts[0]}"
    if helps:
        return "; ".join(helps)
    if hurts:
        return f"against it: {'; '.join(hurts)}"
    said, alone = percents
    if said == alone:
        return f"distance and volatility alone say {alone}%, and no rule moves it"
    return f"distance and volatility alone say {alone}%; many small facts make the difference"


def reasons(state: State, attribution: Attribution, scenario: str) -> list[tuple[str, bool]]:
    """(words, whether they raise the probability) of at most :data:`MOST` reasons, the largest first."""
    found: list[tuple[str, bool]] = []
    for share in attribution.shares:
        if abs(share.points) < NOTICED or len(found) == MOST:
            break
        reason = _REASONS.get(share.fact, _none)(state)
        if reason is None:
            continue
        text, sense = reason
        up = share.points > 0
        if sense.get(scenario, 0) == (1 if up else -1) and text not in (old for old, _ in found):
            found.append((text, up))
    return found


def _none(state: State) -> Reason:
    return None


def _run(kind: str, noun: str, since: Callable[[Past], str | None]) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        value = state.fact(kind)
        if value is None or abs(value) < 1:
            return None
        n, word = int(abs(value)), "higher" if value > 0 else "lower"
        count = _COUNTS[n] if n < len(_COUNTS) else str(n)
        text = f"{count} {word} {noun}{'' if n == 1 else 's'}"
        begun = since(state.past)
        if begun is not None:
            text += f" since {words.short_day(begun)}"
        return text, _UP if value > 0 else _DOWN

    return made


def _rsi(state: State) -> Reason:
    rsi = state.fact("rsi_14")
    if rsi is None or rsi >= 70 or rsi <= 30:  # stretched: traders read it both ways
        return None
    if rsi >= 55:
        return f"RSI at {rsi:.0f}, strong and not overbought", _UP
    return (f"RSI at {rsi:.0f}, weak and not oversold", _DOWN) if rsi <= 45 else None


def _average(sessions: int) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        average = state.fact(f"sma_{sessions}")
        if average is None or words.price(average, state.decimals) == words.price(
            state.close, state.decimals
        ):
            return None
        above = state.close > average
        text = f"the close is {'above' if above else 'below'} the {sessions}-day average at {state.price(average)}"
        return text, _UP if above else _DOWN

    return made


def _slope(sessions: int) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        slope, average = state.fact(f"slope_sma_{sessions}_atr"), state.fact(f"sma_{sessions}")
        if slope is None or average is None or abs(slope) < 0.5:
            return None
        word = "rises" if slope > 0 else "falls"
        return f"the {sessions}-day average at {state.price(average)} {word}", _UP if slope > 0 else _DOWN

    return made


def _rebound(state: State) -> Reason:
    past, percent = state.past, state.fact("rebound_percent")
    if past.low is None or past.low_on is None or percent is None or percent < 1.0:
        return None
    return f"up {percent:.1f}% from the low of {state.price(past.low)} on {words.short_day(past.low_on)}", _UP


def _drawdown(state: State) -> Reason:
    percent, peak = state.fact("drawdown_percent"), state.fact("all_time_high")
    if percent is None or peak is None:
        return None
    record = state.past.record
    carried = record is not None and abs(record - peak) > 1e-9 * peak  # the chain's record was never traded
    where = "the record, rolls taken out" if carried else f"the record of {state.price(peak)}"
    if percent >= 10.0:
        return f"{percent:.0f}% below {where}", _DOWN
    return (f"within {percent:.1f}% of {where}", _UP) if 0.05 < percent <= 2.0 else None


def _return(sessions: int, noun: str) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        sigma = state.fact(f"return_{sessions}_sigma")
        if sigma is None or abs(sigma) < 0.5:
            return None
        word = "strong" if sigma > 0 else "weak"
        return (
            f"a {word} {noun} ({words.signed(sigma)} sigma in {sessions} sessions)",
            _UP if sigma > 0 else _DOWN,
        )

    return made


def _volatility(state: State) -> Reason:
    ratio = state.fact("volatility_ratio")
    if ratio is None or 0.9 < ratio < 1.1:
        return None
    text = f"volatility is {100 * abs(ratio - 1):.0f}% {'above' if ratio > 1 else 'below'} its longer average"
    return text, _RESTLESS if ratio > 1 else _CALM


def _held(edge: str, sense: Sense) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        line = state.line(edge)
        if line is None or line.touches < 1 or line.is_average:
            return None
        zone = words.zone(line.low, line.high, state.decimals)
        return f"{zone} ({words.plain_name(line.name)}) has been tested {words.times(line.touches)}", sense

    return made


def _distance(edge: str, near: Sense, far: Sense) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        atr = state.fact("atr_14")
        if state.setup is None or not atr:
            return None
        price = getattr(state.setup, edge).low
        away = abs(price - state.close) / atr
        if 1.5 <= away <= 3.0:
            return None
        text = f"the {edge} at {state.price(price)} is {'only ' if away < 1.5 else ''}{words.decimal(away, 1)} ATR away"
        return text, near if away < 1.5 else far

    return made


def _no_level(edge: str, sense: Sense) -> Callable[[State], Reason]:
    def made(state: State) -> Reason:
        if state.setup is None or not getattr(state.setup, edge).projected:
            return None
        return f"no level of the chart stands at {state.price(getattr(state.setup, edge).low)}", sense

    return made


_FLOOR, _TARGET = _held("floor", _FLOOR_HOLDS), _held("target", _TARGET_HOLDS)
_REASONS: Mapping[str, Callable[[State], Reason]] = {
    "higher_lows": _run("higher_lows", "low", lambda past: past.lows_since),
    "higher_highs": _run("higher_highs", "high", lambda past: past.highs_since),
    "rsi_14": _rsi,
    "distance_sma_50_atr": _average(50),
    "distance_sma_200_atr": _average(200),
    "slope_sma_50_atr": _slope(50),
    "slope_sma_200_atr": _slope(200),
    "rebound_atr": _rebound,
    "drawdown_atr": _drawdown,
    "return_5_sigma": _return(5, "week"),
    "return_20_sigma": _return(20, "month"),
    "return_60_sigma": _return(60, "quarter"),
    "volatility_ratio": _volatility,
    **dict.fromkeys(("floor_strength", "floor_touches", "strength_below", "recent_bounces"), _FLOOR),
    **dict.fromkeys(("target_strength", "target_touches", "strength_above", "recent_turn_backs"), _TARGET),
    "ceiling_strength": _held("ceiling", _TARGET_HOLDS),
    "target_distance_sigma": _distance("target", _TARGET_YIELDS, _TARGET_HOLDS),
    "floor_distance_sigma": _distance("floor", _FLOOR_YIELDS, _FLOOR_HOLDS),
    "floor_projected": _no_level("floor", _FLOOR_YIELDS),
    "target_projected": _no_level("target", _TARGET_YIELDS),
}
assert set(_UP) <= set(SCENARIOS)
