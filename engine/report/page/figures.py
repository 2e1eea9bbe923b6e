"""Which drawings a report has; matplotlib is imported when the first one is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from engine.report.page.material import ReportMaterial
from engine.report.trust import Trust, read_metrics
from engine.table import words
from engine.table.scenario import Scenario

_MOST_HISTORIES = 10  # beyond, a page would weigh more than it tells


def drawings(material: ReportMaterial) -> dict[str, Any]:
    """SVG by place; what the material cannot fill is None or missing."""
    return instrument_drawings(material) | trust_drawings(material)


def instrument_drawings(material: ReportMaterial) -> dict[str, Any]:
    """Price and history by instrument: they show nothing of what is verified or traded."""
    from engine.report import charts

    price: dict[str, Markup] = {}
    history: dict[str, Markup] = {}
    few = len(material.scenarios) <= _MOST_HISTORIES
    for scenario in material.scenarios:
        symbol = scenario.instrument
        if material.replay is not None:
            mine = material.replay[material.replay["instrument"] == symbol]
            if len(mine) > 1:
                price[symbol] = Markup(charts.price_chart(scenario, mine))
        shown = shown_history(material, scenario)
        if shown is not None and few:
            drawn = charts.history_chart(symbol, shown, scenario.horizons[-1].horizon_sessions)
            if drawn:
                history[symbol] = Markup(drawn)
    return {"price": price, "history": history}


def trust_drawings(material: ReportMaterial) -> dict[str, Any]:
    """Reliability by horizon, skill, equity and thresholds."""
    from engine.report import charts

    trust = read_metrics(material.metrics, material.config.verify.interval)
    return {
        "skill": _markup(charts.skill_chart(trust)),
        "skill_by_year": _markup(charts.skill_by_year_chart(trust)),
        "equity": _markup(None if material.equity is None else charts.equity_chart(material.equity)),
        "reliability": _reliability(material, trust),
    } | _decisions(material, trust)


def _decisions(material: ReportMaterial, trust: Trust) -> dict[str, Any]:
    from engine.report import charts

    curve = trust.backtest.get("threshold_curve") or {}
    settings, best = trust.backtest.get("settings") or {}, curve.get("best") or {}
    marks = {"used": words.number(settings.get("threshold")), "best": words.number(best.get("threshold"))}
    table = material.thresholds
    drawn = {name: charts.decision_chart(table, name) for name in ("continuation", "breakdown")}
    return {
        "thresholds": _markup(charts.threshold_chart(table, marks)),
        "decisions": {name: _markup(text) for name, text in drawn.items() if text},
    }


def shown_history(material: ReportMaterial, scenario: Scenario, sessions: int = 504) -> pd.DataFrame | None:
    """The last forecasts of the longest horizon, oldest first: what the probability history draws."""
    rows, table = material.forecasts, scenario.longest
    if rows is None or table is None:
        return None
    mine = (rows["instrument"] == scenario.instrument) & (rows["horizon_sessions"] == table.horizon_sessions)
    known = rows[mine].dropna(subset=["p_continuation", "p_range", "p_breakdown"])
    return known.sort_values("date").tail(sessions)


def _reliability(material: ReportMaterial, trust: Trust) -> dict[int, Markup]:
    from engine.report import charts
    from engine.report.charts.reliability import panel_from_table

    table = material.reliability
    if table is None or table.empty:
        return {}
    found: dict[int, Markup] = {}
    for horizon, block in table.groupby("horizon_sessions", sort=True):
        panels = []
        for name in words.DISPLAY_ORDER:
            mine = block[block["scenario"] == name]
            if len(mine):
                said = _said(material, int(str(horizon)), name)
                panels.append(panel_from_table(name, mine, said, _caption(trust, int(str(horizon)), name)))
        drawn = charts.reliability_chart(int(str(horizon)), panels, trust.interval)
        if drawn:
            found[int(str(horizon))] = Markup(drawn)
    return found


def _said(material: ReportMaterial, horizon: int, scenario: str) -> np.ndarray:
    """Scored probabilities of one scenario, for the histogram."""
    rows = material.forecasts
    if rows is None:
        return np.empty(0)
    rows = rows[(rows["horizon_sessions"] == horizon) & rows["outcome"].notna()]
    return rows[f"p_{scenario}"].dropna().to_numpy(float)


def _caption(trust: Trust, horizon: int, scenario: str) -> str:
    table = next((t for t in trust.horizons if t.horizon_sessions == horizon), None)
    line = None if table is None else next((c for c in table.calibration if c.scenario == scenario), None)
    if line is None or line.get("ece") is None:
        return ""
    text = f"ECE {words.percent(line.get('ece'), 1)}"
    if line.get("ece_floor_mean") is not None:
        text += f", a perfect forecast {words.percent(line.get('ece_floor_mean'), 1)}"
    if line.get("mcb_p_holm") is not None:
        text += f"; p {words.p_value(line.get('mcb_p_holm'))}"
    return text


def _markup(text: str | None) -> Markup | None:
    # drawings are made here from numbers and escaped labels, so they may enter the page as they are
    return None if text is None else Markup(text)
