"""The technical overview in words: paragraphs that follow from the facts of one close, by rule.

Every paragraph is a pure function of a :class:`Scenario`; what is unknown is left out, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.report import words
from engine.report.scenario import LevelLine, Scenario


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A headline that states the point, and the sentences behind it."""

    title: str
    text: str


def technical_overview(scenario: Scenario) -> tuple[Paragraph, ...]:
    """Trend, resistance ahead, support beneath and momentum, in that order."""
    found = (_trend(scenario), _ahead(scenario), _beneath(scenario), _momentum(scenario))
    return tuple(paragraph for paragraph in found if paragraph is not None)


def opening(scenario: Scenario) -> str:
    """One sentence: where the close stands and which way the reading leans."""
    text = f"{scenario.instrument} closed at {scenario.price(scenario.close)} on {words.day(scenario.as_of)}"
    if scenario.bias.label != "unknown":
        article = "a" if scenario.bias.label[0] not in "aeiou" else "an"
        text += f", with {article} {scenario.bias.label} reading"
    return text + "."


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
    strength = "likely" if percents[first] > 50 else "the most likely of the three"
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


def _trend(scenario: Scenario) -> Paragraph | None:
    facts = scenario.facts
    close, fast, slow = scenario.close, facts.get("sma_50"), facts.get("sma_200")
    if fast is None:
        return None
    above_fast = close > fast
    text = f"The close is {_away(close, fast)} the 50-day average at {scenario.price(fast)}"
    if slow is None:
        title = f"{'Above' if above_fast else 'Below'} the 50-day average"
        return Paragraph(title, text + "; the 200-day average is not known yet.")
    above_slow = close > slow
    text += f" and {_away(close, slow)} the 200-day average at {scenario.price(slow)}. "
    order = "above" if fast > slow else "below"
    text += f"The 50-day average stands {order} the 200-day average"
    if above_fast and above_slow:
        title = "Price holds above both averages"
        text += ", an upward structure." if fast > slow else ", so the longer trend has yet to turn up."
    elif above_slow:
        title = "A pullback within the longer trend" if fast > slow else "Between the averages"
        text += ": the short-term structure has weakened, the longer one has not."
    elif above_fast:
        title = "A recovery below the 200-day average"
        text += ": short-term strength under a longer trend that has not been reclaimed."
    else:
        title = "Price is below both averages"
        text += ", a downward structure." if fast < slow else ", so the longer trend is in question."
    return Paragraph(title, text)


def _ahead(scenario: Scenario) -> Paragraph | None:
    setup = scenario.setup
    if setup is None:
        return None
    target = scenario.zone(setup.target.low, setup.target.high)
    distance = _atr_distance(scenario, setup.target.low)
    if setup.target.projected:
        text = f"The book has no resistance within reach: the target {target} is projected from ATR"
        return Paragraph("No resistance in reach", f"{text} ({distance}).")
    name = setup.target.level_name or "resistance"
    text = f"The target is {target} ({name}), {distance}."
    same = setup.ceiling.level_id == setup.target.level_id
    if not same and not setup.ceiling.projected and setup.ceiling.level_name:
        text += f" On the way stands {scenario.price(setup.ceiling.low)} ({setup.ceiling.level_name})."
    level = _line(scenario, setup.target.level_id)
    if level is not None and level.touches:
        text += f" The zone has been tested {words.times(level.touches)} before."
    return Paragraph(f"{_capital(name)} at {target} is the test above", text)


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


def _momentum(scenario: Scenario) -> Paragraph | None:
    rsi = scenario.facts.get("rsi_14")
    if rsi is None:
        return None
    if rsi >= 70:
        title, tail = (
            "Momentum is strong and overbought",
            "in the overbought zone: a stretched market, not a sell signal",
        )
    elif rsi <= 30:
        title, tail = (
            "Momentum is weak and oversold",
            "in the oversold zone: a stretched market, not a buy signal",
        )
    elif rsi >= 50:
        title, tail = (
            "Momentum is positive, not overbought",
            f"above 50 with {70 - rsi:.0f} points to the overbought zone",
        )
    else:
        title, tail = (
            "Momentum is soft, not oversold",
            f"below 50 with {rsi - 30:.0f} points to the oversold zone",
        )
    text = f"RSI(14) is {words.decimal(rsi, 2)}, {tail}."
    sigma = scenario.facts.get("sigma")
    if sigma is not None:
        text += f" Daily volatility runs at {100 * sigma:.1f}%, or {100 * sigma * 252**0.5:.0f}% a year."
    if scenario.bias.flip_sentence:
        text += f" {scenario.bias.flip_sentence}"
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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
