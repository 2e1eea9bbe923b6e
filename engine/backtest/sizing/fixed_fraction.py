"""The same share of the account in every trade."""

from __future__ import annotations

import numpy as np

from engine.backtest.inputs import Tradable
from engine.backtest.payoffs import Payoffs
from engine.backtest.sizing.rule import Sizing
from engine.config import BacktestConfig


def _fraction(setup: Tradable, payoffs: Payoffs, config: BacktestConfig, year: int) -> np.ndarray:
    return np.full(len(setup.bars), config.fraction)


FIXED_FRACTION = Sizing("fixed_fraction", False, _fraction)
