"""brief.md: the analysis in words, in the order an analyst's note is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.config import OutcomeConfig, RulesConfig
from engine.foreign import markdown
from engine.report.prose.around import ahead_lines, fundamentals_lines
from engine.report.prose.overview import opening, technical_overview
from engine.report.prose.question import question
from engine.report.prose.verdicts import rules_verdict, trust_paragraphs
from engine.report.trust import Trust, read_metrics
from engine.table import horizon_ends, words
from engine.table.outlook import outlook
from engine.table.pieces import in_sight
from engine.table.scenario import HorizonTable, LevelLine, Scenario

DISCLAIMER = (
    "This text is computed from past prices by fixed rules, for education and research. It is no trading "
    "advice and no recommendation to buy or sell anything. Futures and leveraged products can lose more than "
    "was put in. Probabilities say how often such situations ended each way before; they promise nothing "
    "about this one."
)
_LEVELS_SHOWN = 6


def build_brief(
    scenarios: Sequence[Scenario],
    metrics: Mapping[str, Any] | None = None,
    interval: float = 0.90,
    outcome: OutcomeConfig | None = None,
    slope_flat_atr: float = RulesConfig().slope_flat_atr,
) -> str:
    """The brief for one or more instruments, as Markdown with a final newline.

    Parameters
    ----------
    scenarios : one per instrument, in the order of the config.
    metrics : what verification found; None where nothing was verified yet (the brief says so).
    interval : coverage of the intervals in ``metrics``.
    outcome : the rule that settles the table; None: the default one.
    slope_flat_atr : what the rules call a flat average.
    """
    trust = read_metrics(metrics, interval)
    several = len(scenarios) > 1
    lines: list[str] = []
    if several:
        dates = {scenario.as_of for scenario in scenarios}
        lines += [f"# Scenario analysis, {words.day(max(dates))}", ""]
    for scenario in scenarios:
        lines += _instrument(scenario, trust, outcome or OutcomeConfig(), slope_flat_atr, several)
    lines += ["## How far to trust it", ""]
    for text in trust_paragraphs(trust):
        lines += [markdown(text), ""]
    if not several:
        lines += ["## Summary", "", *_summary(scenarios[0], trust)] if scenarios else []
    lines += ["## Disclaimer", "", DISCLAIMER, ""]
    return "\n".join(lines)


def _instrument(
    scenario: Scenario, trust: Trust, outcome: OutcomeConfig, slope_flat_atr: float, several: bool
) -> list[str]:
    top = "##" if several else "#"
    sub = top + "#"
    lines = [f"{top} {markdown(scenario.full_name)}: scenario analysis, {words.day(scenario.as_of)}", ""]
    lines += [f"**{markdown(outlook(scenario))}**", "", markdown(opening(scenario)), ""]
    if scenario.bias.sentence:
        lines += [markdown(scenario.bias.sentence), ""]
    lines += [f"{sub} Technical overview", ""]
    paragraphs = technical_overview(scenario, slope_flat_atr)
    if not paragraphs:
        lines += ["The history is too short for averages, ATR and RSI.", ""]
    for paragraph in paragraphs:
        lines += [f"**{paragraph.title}.** {markdown(paragraph.text)}", ""]
    for title, found in (("Fundamentals", fundamentals_lines(scenario)), ("Ahead", ahead_lines(scenario))):
        if found:
            lines += [f"{sub} {title}", "", *(f"- {markdown(line)}" for line in found), ""]
    lines += [f"{sub} Levels to watch", ""]
    for title, side in (("Resistance", scenario.resistance), ("Support", scenario.support)):
        lines += [f"**{title}**", ""]
        lines += [f"- {markdown(_level(scenario, line))}" for line in in_sight(side, _LEVELS_SHOWN)] or [
            "- none known"
        ]
        lines += [""]
    if scenario.setup is not None:
        floor = scenario.price(scenario.setup.floor.low)
        lines += [
            f"The structure is intact as long as no session closes below {floor}.",
            "",
        ]
    lines += [f"{sub} Probability table", ""]
    if not scenario.horizons:
        lines += ["There is no forecast for this date.", ""]
    elif settled := question(scenario, outcome):
        lines += [markdown(settled), ""]
    for table in scenario.horizons:
        lines += _probability_table(table)
    if several:
        lines += [f"{sub} Summary", "", *_summary(scenario, trust)]
    return lines


def _level(scenario: Scenario, line: LevelLine) -> str:
    text = f"{scenario.zone(line.low, line.high)}: {line.name}"
    facts = []
    if line.distance_percent is not None:
        facts.append(f"{words.signed(line.distance_percent)}%")
    if line.touches and not line.is_average:
        facts.append(f"tested {words.times(line.touches)}")
    if line.touch_probability:
        horizon = max(line.touch_probability, key=int)
        chance = words.percent(line.touch_probability[horizon])
        facts.append(f"{chance} to be touched within {words.plural(int(horizon), 'session')}")
    if line.role not in ("resistance", "support"):
        facts.insert(0, f"the {line.role}")
    return f"{text} ({', '.join(facts)})" if facts else text


def _probability_table(table: HorizonTable) -> list[str]:
    span = f"next {words.plural(table.horizon_sessions, 'session')}, {horizon_ends.span(table)}"
    percents = table.whole_percents
    if percents is None:
        return [f"*{words.sentence(span)}* No forecast for this date.", ""]
    names = table.baselines
    shares = {name: table.baseline_percents(name) or {} for name in names}
    head = [f"Scenario ({span})", "Probability", *(words.baseline_label(name) for name in names), "Notes"]
    lines = [_row(head), _row(["---", *["---:"] * (1 + len(names)), "---"])]
    for row in table.rows:
        interval = words.percent_range(row.low, row.high)
        share = f"**{percents[row.scenario]}%**" + (f" ({interval})" if interval else "")
        others = [
            f"{shares[n][row.scenario]}%" if row.scenario in shares[n] else words.MISSING for n in names
        ]
        lines.append(_row([markdown(row.title), share, *others, markdown(row.note)]))
    lines.append("")
    for row in table.rows:
        if row.reliability:
            lines.append(f"- {words.SCENARIO_LABELS[row.scenario]}: {markdown(row.reliability)}")
    if any(row.reliability for row in table.rows):
        lines.append("")
    tail = []
    if table.p_target_touch is not None:
        tail.append(f"The target zone is touched with probability {words.percent(table.p_target_touch)}")
    if table.p_retest_touch is not None:
        tail.append(f"the retest price with {words.percent(table.p_retest_touch)}")
    text = words.sentence(words.join(tail)) if tail else ""
    if table.effective_rows is not None:
        text += f" The forecast rests on about {words.count(table.effective_rows)} independent windows."
    text = " ".join(part for part in (text.strip(), table.reliability) if part)
    return [*lines, markdown(text), ""] if text else lines


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _summary(scenario: Scenario, trust: Trust) -> list[str]:
    parts = [outlook(scenario)]
    setup = scenario.setup
    if setup is not None:
        target = scenario.zone(setup.target.low, setup.target.high)
        floor = scenario.price(setup.floor.low)
        parts.append(
            f"Two prices settle it: {target} above and a close below {floor}; "
            f"between the two, time decides for the range."
        )
    if scenario.bias.flip_sentence:
        parts.append(scenario.bias.flip_sentence)
    parts.append(rules_verdict(trust))
    return [markdown(" ".join(parts)), ""]
