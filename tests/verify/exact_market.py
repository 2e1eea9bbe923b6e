"""A market whose scenario probabilities are known: constant volatility, levels at the extremes of the past.

Bars come from the engine's simulator without drift; the floor is the low, the target the high of the last 40
sessions, but at least 1.5 daily standard deviations away, so levels stay where they are while the price moves.
With constant volatility the probabilities depend on the two distances only and are tabulated once from 20,000
paths (standard error at most 0.0035) that are watched as the outcomes are: highs for the target, closes for the
floor.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy.interpolate import RegularGridInterpolator

from engine.bars.simulate import simulate_bars
from engine.config import Config, OutcomeConfig
from engine.outcomes.outcomes import label
from engine.replay.replay import replay

SIGMA, STEPS = 0.012, 8
LOOKBACK = 40
_AT_ONCE = 20_000
YEAR = 260
_DISTANCES = np.concatenate([np.linspace(0.0, 4.0, 21), np.linspace(4.5, 20.0, 16)]) * SIGMA


@cache
def _table(horizon: int, paths: int) -> RegularGridInterpolator:
    rng = np.random.default_rng(5)
    never = horizon + 1
    values = np.zeros((len(_DISTANCES), len(_DISTANCES), 3))
    for _ in range(paths // _AT_ONCE):
        steps = rng.standard_normal((_AT_ONCE, horizon * STEPS)) * SIGMA / np.sqrt(STEPS)
        walk = np.cumsum(steps - 0.5 * SIGMA**2 / STEPS, axis=1).reshape(-1, horizon, STEPS)
        highs, closes = walk.max(axis=2), walk[:, :, -1]
        up = [np.where((highs >= d).any(axis=1), (highs >= d).argmax(axis=1), never) for d in _DISTANCES]
        down = [np.where((closes < -d).any(axis=1), (closes < -d).argmax(axis=1), never) for d in _DISTANCES]
        for i, u in enumerate(up):
            for j, d in enumerate(down):
                values[i, j, 2] += np.mean((u <= d) & (u < never))  # a high comes before the close of its bar
                values[i, j, 0] += np.mean(d < u)
    values /= paths // _AT_ONCE
    values[:, :, 1] = 1.0 - values[:, :, 0] - values[:, :, 2]
    return RegularGridInterpolator((_DISTANCES, _DISTANCES), values)


def exact_forecasts(rows: int, horizon: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (rows, 3) of consecutive sessions, and what came of them (rows,)."""
    bars = simulate_bars(
        rows + horizon + LOOKBACK, seed=10_000 + seed, daily_sigma=SIGMA, steps_per_session=STEPS
    )
    high = pd.Series(bars.high).rolling(LOOKBACK).max().to_numpy()
    low = pd.Series(bars.low).rolling(LOOKBACK).min().to_numpy()
    floor = np.minimum(low, bars.close * np.exp(-1.5 * SIGMA))
    target = np.maximum(high, bars.close * np.exp(1.5 * SIGMA))
    setup = np.column_stack([floor, target, target, target * 1.01, floor * 0.99])
    codes = label(bars, setup, [horizon], OutcomeConfig()).codes[:, 0]
    used = np.flatnonzero(codes >= 0)[:rows]
    return exact_probabilities(bars.close[used], floor[used], target[used], horizon), codes[used].astype(
        np.int64
    )


def exact_forecasts_of_the_engines_setups(
    rows: int, horizon: int, seed: int, config: Config
) -> tuple[np.ndarray, np.ndarray]:
    """The same for the floors and targets that the level rules choose on such a market, after a year of history."""
    bars = simulate_bars(
        YEAR + rows + horizon, seed=50_000 + seed, daily_sigma=SIGMA, steps_per_session=STEPS
    )
    setup = replay(bars, config).setup
    codes = label(bars, setup, [horizon], OutcomeConfig()).codes[:, 0]
    used = YEAR + np.flatnonzero(codes[YEAR:] >= 0)[:rows]
    return exact_probabilities(bars.close[used], setup[used, 0], setup[used, 2], horizon), codes[used].astype(
        np.int64
    )


def exact_probabilities(
    close: np.ndarray, floor: np.ndarray, target: np.ndarray, horizon: int, paths: int = _AT_ONCE
) -> np.ndarray:
    """(n, 3) by the distances of floor and target; ``paths`` (in twenty thousands) lie behind the table."""
    distances = np.column_stack([np.log(target / close), np.log(close / floor)])
    p = np.clip(_table(horizon, paths)(np.clip(distances, _DISTANCES[0], _DISTANCES[-1])), 0.001, 1.0)
    return p / p.sum(axis=1, keepdims=True)
