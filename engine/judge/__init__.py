"""Forecasts from anywhere, held to the same tests: an analyst's tables, a language model, another package.

:func:`read_forecasts` makes sense of a table, :func:`judge` scores it, :func:`judgement_page` draws one page.
"""

from engine.judge.judge import Judgement, judge
from engine.judge.page import judgement_page
from engine.judge.table import ForecastTable, read_forecasts

__all__ = ["ForecastTable", "Judgement", "judge", "judgement_page", "read_forecasts"]
