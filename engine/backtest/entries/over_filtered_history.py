"""Enter where the forecast gives the side's scenario more than filtered history does: what the rules add, traded."""

from __future__ import annotations

import numpy as np

from engine.backtest.entries.rule import EntryRule, Known
from engine.backtest.possible import SHORT
from engine.config import BacktestConfig
from engine.scenarios import BREAKDOWN, CONTINUATION


def _score(known: Known, config: BacktestConfig) -> np.ndarray:
    scenario = BREAKDOWN if known.side == SHORT else CONTINUATION
    return known.payoffs.p_gain - known.setup.filtered_history[:, scenario]


def _threshold(config: BacktestConfig) -> float:
    return config.entry_lead


OVER_FILTERED_HISTORY = EntryRule(
    "over_filtered_history", "probability above that of filtered history", "percent", _score, _threshold
)
