"""report.html: one file that opens offline, the verdict first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.config import dump_config
from engine.files import slug
from engine.foreign import html, policy, visible
from engine.plugins.words import plugin_sentences
from engine.report.page import figures
from engine.report.page.alive import alive
from engine.report.page.material import ReportMaterial
from engine.report.page.scoreboard import scoreboard_tables
from engine.report.page.tables import (
    ladder,
    provenance,
    scenario_tables,
    touch_horizons,
)
from engine.report.page.trust_tables import calibration_blocks, placebo_blocks, regime_tables, score_tables
from engine.report.prose.around import ahead_lines, fundamentals_lines
from engine.report.prose.backtest_words import backtest_table, backtest_verdict
from engine.report.prose.brief.brief import DISCLAIMER
from engine.report.prose.check_groups import group_findings
from engine.report.prose.glossary import GLOSSARY
from engine.report.prose.overview import technical_overview
from engine.report.prose.question import question
from engine.report.prose.scoreboard_words import scoreboard_sentence
from engine.report.prose.since import since_yesterday
from engine.report.prose.takeaways import equity_title, history_title, price_title, skill_title, year_title
from engine.report.prose.verdicts import (
    calibration_verdict,
    rules_verdict,
    trust_paragraphs,
    windows_sentence,
)
from engine.report.trust import Trust, read_metrics
from engine.table import words
from engine.table.outlook import outlook
from engine.table.scenario import Scenario

_TICKS = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"[^a-z0-9]+")
# beyond so many instruments their levels and history are folded away, or trust would be a long way down
_MOST_UNFOLDED = 3
_ZONE = re.compile(r"[\d.,]+–[\d.,]+%?")


@cache
def environment() -> Environment:
    """The templates, with the words and filters they use."""
    environment = Environment(
        loader=PackageLoader("engine.report.page", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    environment.globals["words"] = words
    environment.filters["anchor"] = _anchor
    environment.filters["tight"] = _tight
    environment.filters["ticks"] = _ticks
    environment.filters["term"] = _term
    return environment


def render_page(material: ReportMaterial, drawn: Callable[[], Mapping[str, Any]] | None = None) -> str:
    """The whole report as one HTML text; equal material gives equal bytes.

    ``drawn`` gives :func:`engine.report.page.figures.drawings` of the material, where somebody else is at them.
    """
    trust = read_metrics(material.metrics, material.config.verify.interval)
    several = len(material.scenarios) > 1
    template = environment().get_template("page.html.j2")
    living = alive(material)
    charts = figures.drawings(material) if drawn is None else drawn()
    return template.render(
        **everything_but_instruments(material, trust, charts),
        alive=living,
        policy=policy() if living is None else living.policy,
        several=several,
        folded=len(material.scenarios) > _MOST_UNFOLDED,
        instruments=[instrument_part(scenario, charts, material) for scenario in material.scenarios],
    )


def everything_but_instruments(
    material: ReportMaterial, trust: Trust, charts: Mapping[str, Any]
) -> dict[str, Any]:
    """What the templates of this page and of the overview of many instruments both print, by name."""
    return {
        "name": material.config.name,
        "headline": headline(material),
        "verdict": rules_verdict(trust),
        "answers": [*answers(trust), *_own_rules(material)],
        "trust": trust,
        "trust_paragraphs": trust_paragraphs(trust)[1:],
        "charts": charts,
        "titles": {
            "skill": skill_title(trust),
            "skill_by_year": year_title(trust),
            "equity": equity_title(material.equity),
        },
        "score_tables": score_tables(trust),
        "calibration": calibration_blocks(trust, charts["reliability"]),
        "regimes": regime_tables(trust),
        "placebo": placebo_blocks(trust),
        "scoreboard": scoreboard_tables(trust.scoreboard, trust.interval),
        "scoreboard_sentence": scoreboard_sentence(trust.scoreboard),
        "backtest": backtest_table(trust.backtest, trust.interval),
        "trades": 0 if material.trades is None else len(material.trades),
        "groups": group_findings(material.metrics, (material.manifest or {}).get("findings")),
        "provenance": provenance(material),
        "config_yaml": dump_config(material.config),
        "glossary": GLOSSARY,
        "disclaimer": DISCLAIMER,
    }


def _own_rules(material: ReportMaterial) -> list[tuple[str, str]]:
    told = plugin_sentences((material.manifest or {}).get("plugins"))
    return [("Whose rules?", " ".join(told))] if told else []


def _shown(value: Any) -> Any:
    """Every value that a template prints; what is marked as HTML was made so by the filters and charts."""
    return visible(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


def _tight(text: str) -> Markup:
    """Escaped text in which a price zone never breaks at its dash."""
    return Markup(_ZONE.sub(r'<span class="nw">\g<0></span>', html(text)))


def _ticks(text: str) -> Markup:
    """Escaped text with `code` in backticks set as code."""
    return Markup(_TICKS.sub(r"<code>\1</code>", html(text)))


def _anchor(term: str) -> str:
    """The id of a term's entry among the words."""
    return "word-" + _WORD.sub("-", term.lower()).strip("-")


def _term(label: str, term: str | None = None) -> Markup:
    """A label that leads to its entry among the words, by mouse, finger or key."""
    name = term or label
    meaning = GLOSSARY.get(name)
    if meaning is None:
        return escape(label)
    return Markup('<a class="term" href="#{}" title="{}">{}</a>').format(_anchor(name), meaning, label)


def headline(material: ReportMaterial) -> str:
    """The first sentence of the page."""
    if not material.scenarios:
        return "No scenario table: no instrument has a close with a forecast."
    if len(material.scenarios) == 1:
        return outlook(material.scenarios[0])
    dates = max(scenario.as_of for scenario in material.scenarios)
    count = len(material.scenarios)
    text = f"{count} instruments, close of {words.day(dates)}"
    leading = [s.longest.most_likely for s in material.scenarios if s.longest is not None]
    counts = Counter(row.scenario for row in leading if row is not None)
    if not counts:
        return text
    found = [f"{words.quoted(name)} in {counts[name]}" for name in words.DISPLAY_ORDER if counts[name]]
    if len(found) == 1 and counts.total() == count:
        found = [f"{words.quoted(next(iter(counts)))} in {'both' if count == 2 else f'all {count}'}"]
    horizon = max(s.longest.horizon_sessions for s in material.scenarios if s.longest is not None)
    return f"{text}: over {words.plural(horizon, 'session')} the likeliest is {words.join(found)}."


def answers(trust: Trust) -> list[tuple[str, str]]:
    """What a reader asks first, with the answer; a question without an answer is left out."""
    found = (
        ("Did the rules add anything?", rules_verdict(trust)),
        (
            "How far can the probabilities be trusted?",
            " ".join(filter(None, (calibration_verdict(trust), windows_sentence(trust)))),
        ),
        ("Would trading on them have paid?", backtest_verdict(trust.backtest, trust.interval)),
    )
    return [(asked, answer) for asked, answer in found if answer]


def instrument_part(
    scenario: Scenario, charts: Mapping[str, Any], material: ReportMaterial
) -> dict[str, Any]:
    """What the template shows of one instrument."""
    return {
        "scenario": scenario,
        "id": slug(scenario.instrument),
        "outlook": outlook(scenario),
        "since": since_yesterday(scenario),
        "question": question(scenario, material.config.outcome),
        "overview": technical_overview(scenario, material.config.rules.slope_flat_atr),
        "around": [
            (title, lines)
            for title, lines in (
                ("Fundamentals", fundamentals_lines(scenario)),
                ("Ahead", ahead_lines(scenario)),
            )
            if lines
        ],
        "tables": scenario_tables(scenario),
        "ladder": ladder(scenario),
        "touch_horizons": touch_horizons(scenario),
        "price_chart": charts["price"].get(scenario.instrument),
        "price_title": price_title(scenario),
        "history_chart": charts["history"].get(scenario.instrument),
        "history_title": history_title(scenario, figures.shown_history(material, scenario)),
    }
