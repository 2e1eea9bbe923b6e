"""The page of many instruments: an overview that can be sorted, small pictures, and a page for each instrument.

``report.html`` has what is said of all of them together; ``instruments/SYMBOL.html`` is the time machine of one.  Both
open offline; the links between them are relative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from engine.foreign import visible
from engine.report.page import figures
from engine.report.page.alive import alive, policy
from engine.report.page.bundle import script, script_hash
from engine.report.page.material import ReportMaterial
from engine.report.page.page import (
    environment,
    everything_but_instruments,
    instrument_part,
)
from engine.report.prose.apart import disagreement
from engine.report.prose.brief.brief import DISCLAIMER
from engine.report.prose.glossary import GLOSSARY
from engine.report.trust import read_metrics
from engine.scenarios import SCENARIOS
from engine.table import words
from engine.table.scenario import Scenario

FOLDER = "instruments"
_MOST_APART = 10  # lines of where the table and distance and volatility disagree most
_SHOWN = 126  # sessions of a small picture: half a year
_WIDTH, _HEIGHT = 150, 42


@dataclass(frozen=True, slots=True)
class Line:
    """One instrument in the overview; texts are shown, ``sort`` orders them (None last).

    Attributes
    ----------
    cells : column -> (text, number or text to sort by).
    picture : the last half year of closes, floor and ceiling.
    """

    name: str
    href: str
    cells: Mapping[str, tuple[str, Any]]
    picture: Markup
    apart: str


def page_name(symbol: str) -> str:
    """File of an instrument's page; a symbol has no character that a file's name cannot have."""
    return f"{symbol}.html"


def render_member(material: ReportMaterial) -> str:
    """The page of one instrument: ``material`` has this instrument's rows only.

    Its drawings are the living ones; what is said of all instruments stands in the overview.
    """
    (scenario,) = material.scenarios
    living = alive(material)
    none: dict[str, Any] = {"price": {}, "history": {}}
    return (
        environment()
        .get_template("member.html.j2")
        .render(
            name=material.config.name,
            alive=living,
            policy=policy() if living is None else living.policy,
            several=False,
            folded=False,
            item=instrument_part(scenario, none, material),
            trust=read_metrics(None, material.config.verify.interval),
            glossary=GLOSSARY,
            disclaimer=DISCLAIMER,
        )
    )


def render_universe(material: ReportMaterial, pictures: Mapping[str, Markup]) -> str:
    """The overview: ``material`` needs no replay, levels, events or outcomes; of forecasts, the table's own columns."""
    trust = read_metrics(material.metrics, material.config.verify.interval)
    charts = figures.drawings(replace(material, scenarios=()))
    code = script("universe.js")
    skills = _skills(material)
    lines = [_line(scenario, material, skills, pictures) for scenario in material.scenarios]
    ranked = sorted(material.scenarios, key=lambda scenario: -(disagreement(scenario) or 0.0))[:_MOST_APART]
    by_symbol = {line.href: line for line in lines}
    return (
        environment()
        .get_template("universe.html.j2")
        .render(
            **everything_but_instruments(material, trust, charts),
            alive=None,
            policy=policy(script_hash(code)),
            # the script is ours and its hash is in the policy
            code=Markup(code),
            lines=lines,
            columns=_columns(material),
            most_apart=[(by_symbol[_href(s)], _why(s)) for s in ranked if (disagreement(s) or 0.0) > 0.0],
            horizon=max(material.config.horizons),
            ended=_ended(material),
            left_out=(material.manifest or {}).get("left_out") or {},
        )
    )


def _href(scenario: Scenario) -> str:
    return f"{FOLDER}/{page_name(scenario.instrument)}"


def _columns(material: ReportMaterial) -> list[tuple[str, str, bool]]:
    """Key, heading and whether numbers stand in it."""
    dates = {scenario.as_of for scenario in material.scenarios}
    return [
        ("instrument", "Instrument", False),
        *([("as_of", "Close of", False)] if len(dates) > 1 else []),
        ("close", "Close", True),
        ("bias", "Bias", False),
        *((name, words.SCENARIO_LABELS[name], True) for name in reversed(SCENARIOS)),
        ("apart", "From filtered history", True),
        ("skill", "Skill over it", True),
        ("calibration", "Calibration p", True),
    ]


def _line(
    scenario: Scenario, material: ReportMaterial, skills: Mapping[str, Any], pictures: Mapping[str, Markup]
) -> Line:
    symbol = scenario.instrument
    table = scenario.longest
    percents = (table.whole_percents if table is not None else None) or {}
    rows = {row.scenario: row for row in table.rows} if table is not None else {}
    apart = disagreement(scenario)
    cells: dict[str, tuple[str, Any]] = {
        "instrument": (scenario.full_name, symbol),
        "as_of": (words.short_day(scenario.as_of), scenario.as_of),
        "close": (scenario.price(scenario.close), scenario.close),
        "bias": (scenario.bias.label.capitalize(), scenario.bias.label),
        "apart": (words.MISSING if apart is None else f"{100 * apart:.1f} points", apart),
        "skill": _skill(skills.get(symbol) or {}),
        "calibration": _calibration(material, symbol),
    }
    for name in SCENARIOS:
        row = rows.get(name)
        shown = f"{percents[name]}%" if name in percents else words.MISSING
        cells[name] = (shown, None if row is None else row.probability)
    said = words.MISSING if apart is None else f"{100 * apart:.1f}"
    return Line(scenario.full_name, _href(scenario), cells, pictures.get(symbol, Markup("")), said)


def _skills(material: ReportMaterial) -> dict[str, Any]:
    """Symbol -> skill over filtered history at the longest horizon, as the metrics have it."""
    horizons = (material.metrics or {}).get("horizons") or {}
    entry = horizons.get(str(max(material.config.horizons))) or {}
    return {
        str(line.get("group")): (line.get("skill") or {}).get("filtered_history")
        for line in entry.get("regimes") or ()
        if line.get("grouping") == "instrument"
    }


def _skill(found: Mapping[str, Any]) -> tuple[str, Any]:
    value, low, high = (words.number(found.get(key)) for key in ("log_loss_skill", "low", "high"))
    if value is None:
        return words.MISSING, None
    said = words.signed_percent(value)
    if low is not None and high is not None:
        said += f" ({words.signed(100 * low)} to {words.signed(100 * high)})"
    return said, value


def _calibration(material: ReportMaterial, symbol: str) -> tuple[str, Any]:
    test = (material.metrics or {}).get("calibration_test") or {}
    value = words.number((test.get("p_temperature_of") or {}).get(symbol))
    return (words.MISSING, None) if value is None else (words.p_value(value), value)


def _why(scenario: Scenario) -> str:
    """Which probabilities are how far from distance and volatility alone."""
    table = scenario.longest
    if table is None:
        return ""
    parts = []
    for row in table.rows:
        other = row.baselines.get("filtered_history")
        if row.probability is not None and other is not None:
            name = words.SCENARIO_LABELS[row.scenario].lower()
            parts.append(f"{name} {100 * row.probability:.1f}% against {100 * other:.1f}%")
    return words.join(parts)


def _ended(material: ReportMaterial) -> list[tuple[str, str]]:
    """Members that left before the others: name and last date."""
    return [
        (item.name or item.symbol, words.day(str(item.last_date)))
        for item in material.config.instruments
        if item.last_date is not None
    ]


def picture(close: np.ndarray, scenario: Scenario) -> Markup:
    """Closes of the last half year with floor and ceiling, as a drawing of a few hundred bytes."""
    shown = np.asarray(close, dtype=np.float64)[-_SHOWN:]
    shown = shown[np.isfinite(shown)]
    if len(shown) < 2:
        return Markup("")
    edges = [price for price in (_edge(scenario, "floor"), _edge(scenario, "ceiling")) if price is not None]
    low, high = min(shown.min(), *edges, shown.min()), max(shown.max(), *edges, shown.max())
    span = (high - low) or 1.0

    def y(price: float) -> str:
        return f"{2 + (_HEIGHT - 4) * (high - price) / span:.1f}"

    x = np.linspace(0.0, _WIDTH, len(shown))
    points = " ".join(f"{at:.1f},{y(price)}" for at, price in zip(x, shown, strict=True))
    drawn = Markup("").join(
        Markup('<line x1="0" x2="{}" y1="{}" y2="{}"/>').format(_WIDTH, y(price), y(price)) for price in edges
    )
    return Markup(
        '<svg class="small" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<polyline points="{}"/></svg>'
    ).format(_WIDTH, _HEIGHT, visible(f"Closes of {scenario.full_name}"), drawn, points)


def _edge(scenario: Scenario, name: str) -> float | None:
    return None if scenario.setup is None else words.number(getattr(scenario.setup, name).low)
