"""Which drawings a report has; matplotlib is imported when the first one is drawn."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from engine.report.material import ReportMaterial
from engine.report.trust import Trust


def draw_all(material: ReportMaterial, trust: Trust) -> dict[str, Any]:
    """SVG by place: price and history by instrument, reliability by horizon, skill and equity.

    What the material cannot fill is None or missing.
    """
    from engine.report import charts

    price: dict[str, Markup] = {}
    history: dict[str, Markup] = {}
    for scenario in material.scenarios:
        symbol = scenario.instrument
        if material.replay is not None:
            mine = material.replay[material.replay["instrument"] == symbol]
            if len(mine) > 1:
                price[symbol] = Markup(charts.price_chart(scenario, mine))
        if material.forecasts is not None and scenario.horizons:
            longest = scenario.horizons[-1].horizon_sessions
            drawn = charts.history_chart(symbol, material.forecasts, longest)
            if drawn:
                history[symbol] = Markup(drawn)
    return {
        "price": price,
        "history": history,
        "skill": _markup(charts.skill_chart(trust)),
        "equity": _markup(None if material.equity is None else charts.equity_chart(material.equity)),
        "reliability": {},
    }


def _markup(text: str | None) -> Markup | None:
    # drawings are made here from numbers and escaped labels, so they may enter the page as they are
    return None if text is None else Markup(text)


def slug(text: str) -> str:
    """Letters, digits and hyphens: fit for an anchor."""
    return "".join(c if c.isalnum() else "-" for c in text.lower())
