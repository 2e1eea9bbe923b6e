"""report.html: one file that opens offline, the verdict first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.config import dump_config
from engine.report import figures, words
from engine.report.backtest_words import backtest_table
from engine.report.brief import DISCLAIMER
from engine.report.glossary import GLOSSARY
from engine.report.material import ReportMaterial
from engine.report.overview import outlook, technical_overview
from engine.report.scenario import Scenario
from engine.report.tables import (
    ladder,
    provenance,
    scenario_tables,
    touch_horizons,
)
from engine.report.trust import (
    CheckGroups,
    group_findings,
    read_metrics,
    rules_verdict,
    trust_paragraphs,
)
from engine.report.trust_tables import calibration_blocks, placebo_block, regime_tables, score_tables

_TICKS = re.compile(r"`([^`]+)`")
_ZONE = re.compile(r"[\d.,]+–[\d.,]+%?")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("engine.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["words"] = words
    environment.filters["tight"] = _tight
    environment.filters["ticks"] = _ticks
    environment.filters["term"] = _term
    return environment


def render_page(material: ReportMaterial) -> str:
    """The whole report as one HTML text; equal material gives equal bytes."""
    trust = read_metrics(material.metrics, material.config.verify.interval)
    charts = figures.draw_all(material, trust)
    several = len(material.scenarios) > 1
    template = _environment().get_template("page.html.j2")
    return template.render(
        name=material.config.name,
        several=several,
        headline=_headline(material),
        verdict=rules_verdict(trust),
        instruments=[_instrument(scenario, charts) for scenario in material.scenarios],
        trust=trust,
        trust_paragraphs=trust_paragraphs(trust)[1:],
        charts=charts,
        score_tables=score_tables(trust),
        calibration=calibration_blocks(trust, charts["reliability"]),
        regimes=regime_tables(trust),
        placebo=placebo_block(trust),
        backtest=backtest_table(trust.backtest, trust.interval),
        trades=0 if material.trades is None else len(material.trades),
        groups=_checks(material),
        provenance=provenance(material),
        config_yaml=dump_config(material.config),
        glossary=GLOSSARY,
        disclaimer=DISCLAIMER,
    )


def _tight(text: str) -> Markup:
    """Escaped text in which a price zone never breaks at its dash."""
    return Markup(_ZONE.sub(r'<span class="nw">\g<0></span>', str(escape(text))))


def _ticks(text: str) -> Markup:
    """Escaped text with `code` in backticks set as code."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(escape(text))))


def _term(label: str, term: str | None = None) -> Markup:
    """A label that explains itself on hover where the glossary knows the term."""
    meaning = GLOSSARY.get(term or label)
    if meaning is None:
        return escape(label)
    return Markup('<abbr title="{}">{}</abbr>').format(meaning, label)


def _headline(material: ReportMaterial) -> str:
    if not material.scenarios:
        return "No scenario table: no instrument has a close with a forecast."
    if len(material.scenarios) == 1:
        return outlook(material.scenarios[0])
    dates = max(scenario.as_of for scenario in material.scenarios)
    return f"{len(material.scenarios)} instruments after the close of {words.day(dates)}"


def _checks(material: ReportMaterial) -> CheckGroups:
    metrics = material.metrics or {}
    return group_findings(
        material.findings, metrics.get("checks") or (), metrics.get("checks_not_applicable") or ()
    )


def _instrument(scenario: Scenario, charts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "id": figures.slug(scenario.instrument),
        "outlook": outlook(scenario),
        "overview": technical_overview(scenario),
        "tables": scenario_tables(scenario),
        "ladder": ladder(scenario),
        "touch_horizons": touch_horizons(scenario),
        "price_chart": charts["price"].get(scenario.instrument),
        "history_chart": charts["history"].get(scenario.instrument),
    }
