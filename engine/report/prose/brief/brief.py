"""brief.md: the analysis as a document, in the order an analyst's note is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.config import OutcomeConfig, RulesConfig
from engine.foreign import markdown
from engine.report.prose.around import ahead_lines, fundamentals_lines
from engine.report.prose.brief.brief_tables import levels_to_watch, probability_table
from engine.report.prose.brief.related import why_they_differ
from engine.report.prose.overview import opening, structure, technical_overview
from engine.report.prose.question import question
from engine.report.prose.since import since_yesterday
from engine.report.prose.verdicts import rules_verdict, trust_paragraphs
from engine.report.trust import read_metrics
from engine.table import words
from engine.table.outlook import outlook
from engine.table.scenario import Scenario

DISCLAIMER = (
    "This text is computed from past prices by fixed rules, for education and research. It is no trading "
    "advice and no recommendation to buy or sell anything. Futures and leveraged products can lose more than "
    "was put in. Probabilities say how often such situations ended each way before; they promise nothing "
    "about this one."
)
_DEFAULT = OutcomeConfig()


@dataclass(frozen=True, slots=True)
class BriefSettings:
    """What a brief needs beside tables and metrics.

    Attributes
    ----------
    interval : coverage of the intervals in the metrics.
    outcome : the rule that settles the table.
    slope_flat_atr : what the rules call a flat average.
    charts : instrument to the file of its chart, as it is named beside the brief.
    related : the instruments are one market seen twice, so the note says why their tables differ.
    plugins : what each plugin adds, in one sentence each.
    """

    interval: float = 0.90
    outcome: OutcomeConfig = _DEFAULT
    slope_flat_atr: float = RulesConfig().slope_flat_atr
    charts: Mapping[str, str] = field(default_factory=dict)
    related: bool = False
    plugins: Sequence[str] = ()


def build_brief(
    scenarios: Sequence[Scenario],
    metrics: Mapping[str, Any] | None = None,
    settings: BriefSettings | None = None,
) -> str:
    """The brief for one or more instruments, as Markdown with a final newline.

    Parameters
    ----------
    scenarios : one per instrument, in the order of the config.
    metrics : what verification found; None where nothing was verified yet (the brief says so).
    """
    settings = settings or BriefSettings()
    trust = read_metrics(metrics, settings.interval)
    several = len(scenarios) > 1
    lines: list[str] = []
    if several:
        dates = {scenario.as_of for scenario in scenarios}
        names = (
            words.join([scenario.name for scenario in scenarios]) if settings.related else "Scenario analysis"
        )
        lines += [f"# {markdown(names)}, {words.day(max(dates))}", ""]
    if several and settings.related:
        lines += ["## Why their tables differ", "", markdown(why_they_differ(scenarios)), ""]
    common = _common_lines(scenarios)
    for scenario in scenarios:
        lines += _instrument(scenario, settings, several, common)
    lines += _around(common, "##")
    lines += ["## How far to trust it", ""]
    for text in (*trust_paragraphs(trust), *settings.plugins):
        lines += [markdown(text), ""]
    lines += ["## Summary", ""]
    for scenario in scenarios:
        lines += [markdown(_summary(scenario)), ""]
    lines += [markdown(rules_verdict(trust)), "", "## Disclaimer", "", DISCLAIMER, ""]
    return "\n".join(lines)


def _around_lines(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """What is known from outside the bars, by heading."""
    return {"Fundamentals": fundamentals_lines(scenario), "Ahead": ahead_lines(scenario)}


def _common_lines(scenarios: Sequence[Scenario]) -> dict[str, list[str]]:
    """Lines that every one of several instruments has, so that they are said once."""
    if len(scenarios) < 2:
        return {}
    first, *others = (_around_lines(scenario) for scenario in scenarios)
    return {
        title: [line for line in lines if all(line in other[title] for other in others)]
        for title, lines in first.items()
    }


def _around(found: Mapping[str, Sequence[str]], top: str) -> list[str]:
    lines: list[str] = []
    for title, said in found.items():
        if said:
            lines += [f"{top} {title}", "", *(f"- {markdown(line)}" for line in said), ""]
    return lines


def _instrument(
    scenario: Scenario, settings: BriefSettings, several: bool, common: Mapping[str, Sequence[str]]
) -> list[str]:
    top = "##" if several else "#"
    sub = top + "#"
    lines = [f"{top} {markdown(scenario.full_name)}: scenario analysis, {words.day(scenario.as_of)}", ""]
    introduction = [opening(scenario), scenario.bias.sentence, outlook(scenario), since_yesterday(scenario)]
    lines += [markdown(" ".join(text for text in introduction if text)), ""]
    if scenario.instrument in settings.charts:
        lines += [
            f"![{markdown(scenario.name)}, daily bars and levels]({settings.charts[scenario.instrument]})",
            "",
        ]
    lines += [f"{sub} Technical overview", ""]
    paragraphs = technical_overview(scenario, settings.slope_flat_atr)
    if not paragraphs:
        lines += ["The history is too short for averages, ATR and RSI.", ""]
    for paragraph in paragraphs:
        lines += [f"**{paragraph.title}.** {markdown(paragraph.text)}", ""]
    lines += [f"{sub} Levels to watch", "", *levels_to_watch(scenario)]
    if intact := structure(scenario):
        lines += [markdown(intact), ""]
    lines += [f"{sub} Probability table", ""]
    if not scenario.horizons:
        lines += ["There is no forecast for this date.", ""]
    elif settled := question(scenario, settings.outcome):
        lines += [markdown(settled), ""]
    for table in reversed(scenario.horizons):
        lines += probability_table(table)
    own = {
        title: [line for line in found if line not in common.get(title, ())]
        for title, found in _around_lines(scenario).items()
    }
    return lines + _around(own, sub)


def _summary(scenario: Scenario) -> str:
    """Bias, the real test, and what if it fails."""
    setup, bias = scenario.setup, scenario.bias.label
    first = (
        f"{scenario.name} has no reading yet."
        if bias == "unknown"
        else f"The bias of {scenario.name} is {bias}."
    )
    if setup is None:
        return first
    target, floor = scenario.zone(setup.target.low, setup.target.high), scenario.price(setup.floor.low)
    name = f" ({words.plain_name(setup.target.level_name)})" if setup.target.level_name else ""
    table = scenario.longest
    percents = None if table is None else table.whole_percents
    test = f"The real test is {target}{name}"
    fails = f"If it fails there, price stays above {floor}"
    if percents is not None and table is not None:
        within = f"within {words.plural(table.horizon_sessions, 'session')}"
        test += f", which is reached {within} {words.times(percents['continuation'])} in 100"
        fails = f"{words.times(percents['range'])} in 100 it is not reached and price stays above {floor}"
        fails += f"; {words.times(percents['breakdown'])} a close falls under {floor} first, and {scenario.price(setup.retest.low)} is next"
    return f"{first} {structure(scenario)} {test}. {words.sentence(fails)}"
