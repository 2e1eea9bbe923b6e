"""Forecasts from anywhere, held to the same tests: an analyst's tables, a language model, another package.

:func:`read_forecasts` makes sense of a table, :func:`judge` scores it; :mod:`engine.report.page.judgement` draws one page.
"""

from engine.judge.judge import Diagram, Judgement, judge
from engine.judge.table import ForecastTable, read_forecasts

__all__ = ["Diagram", "ForecastTable", "Judgement", "judge", "read_forecasts"]
