"""So much that the position's yearly volatility, by the volatility known at the signal, is the target."""

from __future__ import annotations

import numpy as np

from engine.backtest.inputs import Tradable
from engine.backtest.payoffs import Payoffs
from engine.backtest.sizing.rule import Sizing
from engine.config import BacktestConfig


def _fraction(setup: Tradable, payoffs: Payoffs, config: BacktestConfig, year: int) -> np.ndarray:
    yearly = setup.sigma * np.sqrt(year)
    with np.errstate(divide="ignore"):  # prices that do not move: as much as is allowed
        return np.minimum(config.volatility_target_percent / 100.0 / yearly, config.max_fraction)


VOLATILITY_TARGET = Sizing("volatility_target", False, _fraction)
