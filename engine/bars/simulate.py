"""Simulated bars: a known truth for tests, benchmarks and the verification of the verification."""

from __future__ import annotations

import numpy as np

from engine.bars.series import BarSeries


def simulate_bars(
    n: int,
    *,
    seed: int = 0,
    daily_sigma: float = 0.012,
    momentum: float = 0.0,
    volatility_persistence: float = 0.0,
    steps_per_session: int = 8,
    start_price: float = 1000.0,
    symbol: str = "SIM",
    family: str = "simulated",
) -> BarSeries:
    """Bars of a driftless geometric random walk observed ``steps_per_session`` times a session.

    Parameters
    ----------
    n : number of sessions.
    seed : of ``numpy.random.default_rng``; equal arguments give equal bars.
    daily_sigma : standard deviation of a session's log return.
    momentum : 0 is a martingale.  Otherwise the drift of a session is ``momentum`` times the mean log
        return of the 20 sessions before, which is an edge a momentum rule can find.
    volatility_persistence : 0 is constant volatility; otherwise the AR(1) coefficient of log volatility
        (innovations of 0.15, so 0.97 gives realistic clusters).
    """
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal((n, steps_per_session)) / np.sqrt(steps_per_session)
    log_volatility = np.zeros(n)
    if volatility_persistence:
        noise = 0.15 * rng.standard_normal(n)
        for t in range(1, n):
            log_volatility[t] = volatility_persistence * log_volatility[t - 1] + noise[t]
    sigma = daily_sigma * np.exp(log_volatility)
    # the Ito term keeps the price, not its logarithm, free of drift
    steps = shocks * sigma[:, None] - 0.5 * (sigma**2)[:, None] / steps_per_session
    if momentum:
        returns = np.zeros(n)
        for t in range(n):
            drift = momentum * returns[max(0, t - 20) : t].mean() if t else 0.0
            steps[t] += drift / steps_per_session
            returns[t] = steps[t].sum()
    path = np.log(start_price) + np.cumsum(steps.ravel()).reshape(n, steps_per_session)
    opening = np.concatenate(([np.log(start_price)], path[:-1, -1]))
    walk = np.exp(np.column_stack([opening, path]))
    days = np.busday_offset(np.datetime64("1970-01-01", "D"), np.arange(n), roll="forward")
    return BarSeries(
        symbol=symbol,
        family=family,
        dates=days,
        open=walk[:, 0].copy(),
        high=walk.max(axis=1),
        low=walk.min(axis=1),
        close=walk[:, -1].copy(),
        volume=np.exp(rng.normal(12.0, 0.3, n)).round(),
    )
