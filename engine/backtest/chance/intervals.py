"""How well return, Sharpe ratio and drawdown are known, and their differences to simpler things.

Percentile intervals of a stationary block bootstrap of session returns (:mod:`engine.backtest.chance.resample`), with blocks of at
least five horizons.  A drawdown hangs on the order of the sessions, which blocks keep only inside themselves: read its
interval as the drawdowns that such returns lead to, not as an error of the one that was.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.chance.resample import (
    DEVIATION,
    DRAWDOWN,
    FLAT,
    GROWTH,
    MEAN,
    resampled_figures,
    resampled_positions,
)
from engine.backtest.performance import equity_metrics, session_returns
from engine.config import Config
from engine.kernels.streams import verify_seed
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON


def account_intervals(
    curves: np.ndarray, config: Config, horizon: int, year: int
) -> dict[str, dict[str, Any]] | None:
    """Intervals of the strategy, and of its differences to buy and hold and to the unfiltered setups.

    Parameters
    ----------
    curves : (D, 3) accounts of strategy, buy and hold, unfiltered.

    Returns
    -------
    ``strategy``, ``minus_buy_and_hold``, ``minus_unfiltered``: each with ``annual_return_percent``, ``sharpe_<year>`` and
    ``max_drawdown_percent``, and each of these with ``value``, ``low`` and ``high`` (None where a figure is not defined); and the
    length of a block.  None where there are fewer than two blocks of returns.
    """
    returns = np.stack([session_returns(curve) for curve in curves.T], axis=1)
    block = min(float(BLOCKS_PER_HORIZON * horizon), float(max(len(returns), 1)))
    if len(returns) < 2 * block:
        return None
    seed = verify_seed(config.seed, horizon, "returns")
    positions = resampled_positions(len(returns), block, config.verify.bootstrap_draws, seed)
    drawn = _yearly(resampled_figures(returns, positions), len(returns), year)
    measured = [equity_metrics(curve, year=year) for curve in curves.T]
    names = ("annual_return_percent", f"sharpe_{year}", "max_drawdown_percent")
    found: dict[str, dict[str, Any]] = {}
    for key, other in (("strategy", None), ("minus_buy_and_hold", 1), ("minus_unfiltered", 2)):
        found[key] = {}
        for f, name in enumerate(names):
            value, draws = measured[0][name], drawn[:, 0, f]
            if other is not None:
                against = measured[other][name]
                value = None if value is None or against is None else value - against
                draws = draws - drawn[:, other, f]
            found[key][name] = {"value": value} | interval(
                draws, config.verify.interval, known=value is not None
            )
    found["block"] = {"sessions": block, "draws": config.verify.bootstrap_draws}
    return found


def _yearly(figures: np.ndarray, sessions: int, year: int) -> np.ndarray:
    """(draws, accounts, 3) return a year in percent, Sharpe ratio, drawdown in percent."""
    grown = 100.0 * (np.maximum(figures[..., GROWTH], 0.0) ** (year / sessions) - 1.0)
    flat = figures[..., DEVIATION] <= FLAT
    ratio = figures[..., MEAN] / np.where(flat, 1.0, figures[..., DEVIATION]) * np.sqrt(year)
    return np.stack([grown, np.where(flat, 0.0, ratio), 100.0 * figures[..., DRAWDOWN]], axis=-1)


def interval(draws: np.ndarray, coverage: float, *, known: bool = True) -> dict[str, float | None]:
    """``low`` and ``high`` of the middle ``coverage`` of draws, whole order statistics; None where nothing is known."""
    ranked = np.sort(draws[np.isfinite(draws)])
    if not known or not len(ranked):
        return {"low": None, "high": None}
    tail = (1.0 - coverage) / 2.0
    low, high = (int(np.floor(share * (len(ranked) - 1) + 0.5)) for share in (tail, 1.0 - tail))
    return {"low": float(ranked[low]), "high": float(ranked[high])}
