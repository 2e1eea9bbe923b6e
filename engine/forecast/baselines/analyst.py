"""``analyst``: one fixed table for every date, to be judged beside the forecasts."""

from __future__ import annotations

import numpy as np

from engine.config import AnalystTable
from engine.forecast.baselines.baseline import Baseline, BaselineInput
from engine.forecast.probabilities import floor_probabilities
from engine.scenarios import SCENARIOS


def analyst(table: AnalystTable, sessions: int, horizons: int) -> np.ndarray:
    """The analyst's table on each of ``sessions`` dates and ``horizons`` horizons.

    Returns
    -------
    (sessions, horizons, 3) float64, every entry at least 0.001.

    Example
    -------
    >>> analyst(AnalystTable(continuation=0.5, range=0.35, breakdown=0.15), 1, 1).tolist()
    [[[0.15, 0.35, 0.5]]]
    """
    row = floor_probabilities(np.array([getattr(table, name) for name in SCENARIOS]))
    return np.tile(row, (sessions, horizons, 1))


def _forecast(seen: BaselineInput) -> np.ndarray | None:
    table = seen.config.forecast.analyst
    return None if table is None else analyst(table, len(seen.entry.bars), len(seen.config.horizons))


BASELINE = Baseline(
    name="analyst",
    label="Analyst",
    short="Analyst",
    meaning="the fixed table of the config",
    order=50,
    forecast=_forecast,
)
