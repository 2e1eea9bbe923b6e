"""Simulated instruments with setups, tables and volatility, ready to be traded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.backtest.inputs import Tradable
from tests.backtest.trading_twin import gappy_bars


def some_setup(seed, n, *, symbol="SIM", family="test", opens_real_from=0, warm=12) -> Tradable:
    """Gappy bars with a few sessions missing, floors and targets near the close, and tables drawn at random."""
    rng = np.random.default_rng(seed)
    bars = gappy_bars(n + 10, seed, symbol=symbol, opens_real_from=opens_real_from)
    kept = np.sort(rng.permutation(n + 10)[:n])
    names = ("dates", "open", "high", "low", "close", "volume", "opens_traded")
    bars = replace(bars, family=family, **{name: getattr(bars, name)[kept] for name in names})
    table, simulated = rng.dirichlet([2.0, 2.0, 2.0], (2, n))
    table[:warm] = simulated[:warm] = np.nan
    floor, target = bars.close - 0.5 * rng.integers(1, 12, n), bars.close + 0.5 * rng.integers(1, 12, n)
    floor[warm + 5 : warm + 8] = np.nan
    sigma = rng.uniform(0.005, 0.03, n)
    return Tradable(
        bars=bars,
        floor=floor,
        target=target,
        table=table,
        filtered_history=simulated,
        sigma=sigma,
        outcome=rng.integers(-1, 3, n).astype(np.int8),
        start=warm,
    )
