"""The technical overview in words: paragraphs that follow from the facts of one close, by rule.

Every paragraph is a pure function of a :class:`Scenario`; what is unknown is left out, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.table import words
from engine.table.scenario import LevelLine, Scenario
from engine.year import WEEK, sessions_per_year

_RECENT = 20  # sessions within which a crossing or an extreme is still news
_COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
_REGIMES = {
    2: (
        "Momentum is strong and overbought",
        "in the overbought zone: stretched, which is no sell signal by itself",
    ),
    1: ("Momentum is positive, not overbought", "in the upper half with room before the overbought zone"),
    -1: ("Momentum is soft, not oversold", "in the lower half, not yet in the oversold zone"),
    -2: (
        "Momentum is weak and oversold",
        "in the oversold zone: stretched, which is no buy signal by itself",
    ),
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A headline that states the point, and the sentences behind it."""

    title: str
    text: str


def technical_overview(scenario: Scenario, slope_flat_atr: float) -> tuple[Paragraph, ...]:
    """Trend, course, momentum, resistance ahead and support beneath, in that order.

    An average that moves ``slope_flat_atr`` or less is called flat: what the rules of the run call flat.
    """
    found = (
        _trend(scenario, slope_flat_atr),
        _course(scenario),
        _momentum(scenario),
        _ahead(scenario),
        _beneath(scenario),
    )
    return tuple(paragraph for paragraph in found if paragraph is not None)


def opening(scenario: Scenario) -> str:
    """One sentence: where the close stands and which way the reading leans."""
    text = f"{scenario.name} closed at {scenario.price(scenario.close)} on {words.day(scenario.as_of)}"
    if scenario.bias.label != "unknown":
        article = "a" if scenario.bias.label[0] not in "aeiou" else "an"
        text += f", with {article} {scenario.bias.label} reading"
    return text + "."


def structure(scenario: Scenario) -> str:
    """Floor and flip price in one sentence; empty without a setup."""
    if scenario.setup is None:
        return ""
    text = f"The structure is intact above {scenario.price(scenario.setup.floor.low)}"
    flip = scenario.bias.flip_sentence
    return f"{text}; {flip[0].lower()}{flip[1:]}" if flip else f"{text}."


def _deeds(scenario: Scenario) -> str:
    """What the 50-day has done to price in the last quarter, with its dates."""
    past, told = scenario.past, []
    for days, verb in ((past.turned_back_on, "turned price back"), (past.held_on, "held price")):
        if days:
            role = "as resistance" if days is past.turned_back_on else "as support"
            first, last = words.short_day(days[0]), words.short_day(days[-1])
            when = f"on {first}" if len(days) == 1 else f"{words.times(len(days))} from {first} to {last}"
            told.append(f"{verb} {role} {when}")
    return f" In the last quarter it {words.join(told)}." if told else ""


def _trend(scenario: Scenario, slope_flat_atr: float) -> Paragraph | None:
    facts = scenario.facts
    close, fast, slow = scenario.close, facts.get("sma_50"), facts.get("sma_200")
    if fast is None:
        return None
    above_fast = close > fast
    text = f"The close is {_away(close, fast)} the 50-day average at {scenario.price(fast)}"
    crossed = facts.get("sessions_since_sma_50_" + ("reclaimed" if above_fast else "lost"))
    recent = crossed is not None and crossed <= _RECENT
    if recent and crossed is not None:
        on = scenario.past.crossed_on
        when = "today" if crossed == 0 else f"{words.plural(crossed, 'session')} ago"
        when = f"on {words.day(on)}" if on is not None and crossed else when
        text += f", {'reclaimed' if above_fast else 'lost'} {when}"
    if slow is None:
        title = f"{'Above' if above_fast else 'Below'} the 50-day average"
        return Paragraph(title, text + "; the 200-day average is not known yet.")
    above_slow = close > slow
    text += f".{_deeds(scenario)} The close is {_away(close, slow)} the 200-day average at {scenario.price(slow)}. "
    if above_fast and above_slow:
        title = "50-day average reclaimed" if recent else "Price holds above both averages"
    elif above_slow:
        title = "50-day average lost" if recent else "A pullback above the 200-day average"
    elif above_fast:
        title = "A recovery under the 200-day average"
    else:
        title = "Price is below both averages"
    return Paragraph(title, text + _slow_trend(scenario, fast, slow, slope_flat_atr))


def _slow_trend(scenario: Scenario, fast: float, slow: float, slope_flat_atr: float) -> str:
    order = f"The 50-day stands {'above' if fast > slow else 'below'} the 200-day"
    slope = scenario.facts.get("slope_sma_200_atr")
    if slope is None:
        return order + "."
    if abs(slope) <= slope_flat_atr:
        return f"{order}, which runs flat: the longer trend has no direction."
    rising = slope > 0
    if rising == (fast > slow):
        state = "constructive" if rising else "downward"
        return f"{order}, which slopes {'upward' if rising else 'downward'}: the longer trend is {state}."
    return f"{order}, which still slopes {'upward' if rising else 'downward'}: the longer trend is turning."


def _course(scenario: Scenario) -> Paragraph | None:
    """Where price comes from: the rebound, the distance to the record, the row of lows and highs."""
    facts = scenario.facts
    rebound, (drawdown, record) = facts.get("rebound_percent"), _below_the_record(scenario)
    lows, highs = facts.get("higher_lows") or 0.0, facts.get("higher_highs") or 0.0
    parts = []
    past = scenario.past
    if rebound is not None and rebound > 0 and past.low is not None and past.low_on is not None:
        pace = f" in {words.plural(past.low_sessions, 'session')}" if past.low_sessions else ""
        parts.append(
            f"up {rebound:.1f}%{pace} from the swing low of {scenario.price(past.low)} on {words.day(past.low_on)}"
        )
    elif rebound is not None and rebound > 0:
        parts.append(f"{rebound:.1f}% above the last swing low")
    if drawdown is not None:
        parts.append(
            f"{drawdown:.1f}% below the record high{record}" if drawdown >= 0.05 else "at the record high"
        )
    if not parts:
        return None
    text = f"The close is {words.join(parts)}."
    rows = [_row_of(value, noun) for value, noun in ((lows, "low"), (highs, "high")) if value]
    if rows:
        text += f" Price has made {words.join(rows)}."
    if lows > 0 and highs >= 0:
        title = "Higher lows carry the move" if lows > 1 else "The last swing low is higher"
    elif highs < 0 and lows <= 0:
        title = "Lower highs weigh on price"
    elif drawdown is not None and drawdown < 1.0:
        title = "Price is at its record"
    else:
        title = "The swings point both ways" if rows else "Where price comes from"
    return Paragraph(title, text)


def _below_the_record(scenario: Scenario) -> tuple[float | None, str]:
    """How far the close lies under the highest price ever traded, in percent, and that price in words.

    On contracts that were put together it is not the highest price of the chain, whose old prices carry every roll since.
    """
    chain, peak = scenario.facts.get("drawdown_percent"), scenario.facts.get("all_time_high")
    record, on = scenario.past.record, scenario.past.record_on
    if record is None or on is None or chain is None or peak is None:
        return chain, "" if peak is None else f" of {scenario.price(peak)}"
    where = f" of {scenario.price(record)} on {words.day(on)}"
    if abs(record - peak) <= 1e-9 * peak:
        return chain, where
    return 100.0 * (1.0 - scenario.close / record), f"{where} ({chain:.1f}% with the rolls taken out)"


def _ahead(scenario: Scenario) -> Paragraph | None:
    setup = scenario.setup
    if setup is None:
        return None
    target = scenario.zone(setup.target.low, setup.target.high)
    distance = _atr_distance(scenario, setup.target.low)
    if setup.target.projected:
        ceiling = scenario.price(setup.ceiling.low)
        beyond = f"beyond the ceiling at {ceiling}" + (
            f" ({setup.ceiling.level_name})" if setup.ceiling.level_name else ""
        )
        text = f"No zone {beyond} can serve as target, so {target} is projected from ATR, {distance}."
        return Paragraph("The target is projected", text)
    name = setup.target.level_name or "resistance"
    text = f"The target is {target} ({name}), {distance}."
    same = setup.ceiling.level_id == setup.target.level_id
    if not same and not setup.ceiling.projected and setup.ceiling.level_name:
        text += f" On the way stands {scenario.price(setup.ceiling.low)} ({setup.ceiling.level_name})."
    level = _line(scenario, setup.target.level_id)
    if level is not None and level.touches:
        text += f" The zone has been tested {words.times(level.touches)} before."
    return Paragraph(f"{words.capital(name)} at {target} is the test above", text)


def _beneath(scenario: Scenario) -> Paragraph | None:
    setup = scenario.setup
    if setup is None:
        return None
    floor = scenario.price(setup.floor.low)
    distance = _atr_distance(scenario, setup.floor.low)
    source = "projected from ATR" if setup.floor.projected else setup.floor.level_name or "support"
    text = f"A close below {floor} ({source}), {distance}, would break the structure"
    retest = scenario.price(setup.retest.low)
    behind = "projected from ATR" if setup.retest.projected else setup.retest.level_name or "support"
    text += f" and put {retest} ({behind}) next."
    return Paragraph(f"The structure holds above {floor}", text)


def _row_of(value: float, noun: str) -> str:
    word = "higher" if value > 0 else "lower"
    n = int(abs(value))
    return f"a {word} {noun}" if n == 1 else f"{_COUNTS.get(n, str(n))} {word} {noun}s in a row"


def _momentum(scenario: Scenario) -> Paragraph | None:
    facts = scenario.facts
    rsi, regime = facts.get("rsi_14"), facts.get("rsi_regime")
    if rsi is None or regime is None:
        return None
    title, tail = _REGIMES[int(regime)]
    text = f"RSI(14) is {words.decimal(rsi, 1)}, {tail}."
    past = scenario.past
    if past.oversold_on is not None and int(regime) != -2:
        text += (
            f" It was last oversold on {words.day(past.oversold_on)} ({words.decimal(past.oversold_rsi, 1)})."
        )
    overbought = facts.get("sessions_since_overbought")
    if overbought is not None and 0 < overbought <= _RECENT:
        text += f" It was overbought {words.plural(overbought, 'session')} ago."
    sigma = facts.get("sigma")
    if sigma is not None:
        year = sessions_per_year(scenario.longest.sessions_per_week if scenario.longest else WEEK)
        text += f" Daily volatility runs at {100 * sigma:.1f}%, or {100 * sigma * year**0.5:.0f}% a year"
        ratio = facts.get("volatility_ratio")
        if ratio is not None and not 0.8 < ratio < 1.25:
            text += f", {'well above' if ratio > 1 else 'well below'} its longer average"
        text += "."
    return Paragraph(title, text)


def _away(close: float, average: float) -> str:
    gap = 100 * abs(close / average - 1)
    return f"{gap:.1f}% {'above' if close > average else 'below'}"


def _atr_distance(scenario: Scenario, level: float) -> str:
    gap = level / scenario.close - 1
    text = f"{100 * abs(gap):.1f}% {'above' if gap > 0 else 'below'} the close"
    atr = scenario.facts.get("atr_14")
    if atr:
        text += f", or {abs(level - scenario.close) / atr:.1f} ATR"
    return text


def _line(scenario: Scenario, level_id: int | None) -> LevelLine | None:
    return next((line for line in scenario.levels if line.level_id == level_id), None)
