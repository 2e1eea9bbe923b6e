"""Drawings as SVG text; importing this package imports matplotlib."""

from engine.report.charts.equity import equity_chart
from engine.report.charts.history import history_chart
from engine.report.charts.price import price_chart
from engine.report.charts.reliability import reliability_chart
from engine.report.charts.skill import skill_by_year_chart, skill_chart
from engine.report.charts.style import standing_alone
from engine.report.charts.thresholds import decision_chart, threshold_chart

__all__ = [
    "decision_chart",
    "equity_chart",
    "history_chart",
    "price_chart",
    "reliability_chart",
    "skill_by_year_chart",
    "skill_chart",
    "standing_alone",
    "threshold_chart",
]
