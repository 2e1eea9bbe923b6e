"""A share of the fraction that makes the account grow fastest if the table and its payoffs are right.

Kelly, "A new interpretation of information rate", Bell System Technical Journal 35(4), 1956.  The fraction f maximises
p_gain ln(1 + f gain) + p_range ln(1 - f cost) + p_loss ln(1 + f loss), payoffs after costs; without an expected gain it is
0 and there is no trade.
"""

from __future__ import annotations

import numpy as np

from engine.backtest.inputs import Tradable
from engine.backtest.payoffs import Payoffs
from engine.backtest.sizing.rule import Sizing
from engine.config import BacktestConfig

_HALVINGS = 60


def kelly_fraction(probabilities: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """(n,) fraction of fastest growth of bets with outcomes (n, k); 0 without an edge, inf where nothing can be lost.

    >>> round(float(kelly_fraction(np.array([[0.6, 0.4]]), np.array([[1.0, -1.0]]))[0]), 9)
    0.2
    """
    worst = np.min(np.where(probabilities > 0, returns, np.inf), axis=1)
    edge = np.sum(probabilities * returns, axis=1) > 0
    risky = edge & (worst < 0)
    low, high = np.zeros(len(worst)), np.where(risky, -1.0 / np.where(worst < 0, worst, -1.0), 0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.sum(probabilities * returns / (1.0 + middle[:, None] * returns), axis=1)
        low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
    return np.where(edge & (worst >= 0), np.inf, low)


def _fraction(setup: Tradable, payoffs: Payoffs, config: BacktestConfig, year: int) -> np.ndarray:
    p_range = 1.0 - payoffs.p_gain - payoffs.p_loss
    probabilities = np.column_stack([payoffs.p_gain, p_range, payoffs.p_loss])
    returns = np.column_stack([payoffs.gain, np.zeros(len(p_range)), payoffs.loss]) - payoffs.cost
    known = np.isfinite(probabilities).all(axis=1) & np.isfinite(returns).all(axis=1)
    fraction = np.full(len(p_range), np.nan)
    fraction[known] = config.kelly_fraction * kelly_fraction(probabilities[known], returns[known])
    return np.minimum(fraction, config.max_fraction)


KELLY = Sizing("kelly", True, _fraction)
