"""Enter where the side's scenario is likely enough."""

from __future__ import annotations

import numpy as np

from engine.backtest.entries.rule import EntryRule, Known
from engine.config import BacktestConfig


def _score(known: Known, config: BacktestConfig) -> np.ndarray:
    return known.payoffs.p_gain


def _threshold(config: BacktestConfig) -> float:
    return config.entry_threshold


PROBABILITY = EntryRule("probability", "probability of the scenario", "percent", _score, _threshold)
