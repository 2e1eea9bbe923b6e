"""Markets whose scenario probabilities are known, asked at several horizons and of several instruments.

``extremes``: levels at the highs and lows of the past 40 sessions (as in :mod:`tests.verify.exact_market`);
``engine``: the floors and targets that the level rules choose on such bars; ``lattice``: a walk of three steps a
session between lines 22 steps apart, of which those less than 6 steps away are passed over, watched at every step:
levels are often hit within a day, which is where neighbouring outcomes hang together most.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import Config, OutcomeConfig
from engine.outcomes.outcomes import label
from engine.replay.replay import replay
from engine.verify.calibration.race import Questions, questions
from engine.verify.overlap import Windows, common_factors
from tests.verify.exact_market import LOOKBACK, SIGMA, STEPS, YEAR, exact_probabilities

_LINES, _NEAREST, _A_DAY = 22, 6, 3
HORIZONS = (10, 15)


def exact_questions(
    rows: int,
    seed: int,
    *,
    horizons: tuple[int, ...] = HORIZONS,
    levels: str = "extremes",
    instruments: int = 1,
    correlation: float = 0.8,
    config: Config | None = None,
    paths: int = 20_000,
) -> Questions:
    """Exact forecasts of ``rows`` consecutive sessions of each instrument, and what came of them."""
    rng = np.random.default_rng([77, seed])
    if levels == "lattice":
        return _lattice(rows, horizons, rng)
    start = YEAR if levels == "engine" else LOOKBACK
    n = start + rows + horizons[-1]
    common = rng.standard_normal((n, STEPS))
    asked: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {h: [] for h in horizons}
    returns = np.empty((n, instruments))
    for i in range(instruments):
        own = rng.standard_normal((n, STEPS))
        shocks = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own if instruments > 1 else common
        bars = _bars(shocks, f"S{i}")
        returns[:, i] = np.diff(np.log(bars.close), prepend=0.0)
        if levels == "engine":
            assert config is not None
            setup = replay(bars, config).setup
        else:
            setup = _extremes(bars)
        labels = label(bars, setup, list(horizons), OutcomeConfig()).codes
        used = np.arange(start, start + rows)
        for k, h in enumerate(horizons):
            p = exact_probabilities(bars.close[used], setup[used, 0], setup[used, 2], h, paths)
            asked[h].append((p, labels[used, k].astype(np.int64)))
    returns[0] = np.nan
    windows = Windows(
        np.tile(np.arange(start, start + rows), instruments),
        np.repeat(np.arange(instruments), rows),
        (np.arange(n),) * instruments,
        *common_factors(returns),
    )
    return questions(
        {h: (np.concatenate([p for p, _ in a]), np.concatenate([y for _, y in a]), windows) for h, a in asked.items()}
    )  # fmt: skip


def overstated(asked: Questions, stretch: float = 1.0, shift: float = 0.0) -> Questions:
    """The same questions with log-odds times ``stretch`` and the last class said ``shift`` more often."""
    said = asked.probabilities**stretch
    said /= said.sum(axis=2, keepdims=True)
    if shift:
        others = 1.0 - said[..., -1:]
        moved = np.minimum(said[..., -1:] + shift, 0.999)
        said = np.concatenate([said[..., :-1] * (1.0 - moved) / others, moved], axis=2)
    return replace(asked, probabilities=said)


def _bars(shocks: np.ndarray, symbol: str) -> BarSeries:
    n, steps = shocks.shape
    path = np.cumsum((shocks * SIGMA / np.sqrt(steps) - 0.5 * SIGMA**2 / steps).ravel()).reshape(n, steps)
    path += np.log(1000.0)
    walk = np.exp(np.column_stack([np.concatenate(([np.log(1000.0)], path[:-1, -1])), path]))
    days = np.busday_offset(np.datetime64("1970-01-01", "D"), np.arange(n), roll="forward")
    return BarSeries(
        symbol=symbol, family="simulated", dates=days, open=walk[:, 0].copy(), high=walk.max(axis=1),
        low=walk.min(axis=1), close=walk[:, -1].copy(), volume=np.ones(n),
    )  # fmt: skip


def _extremes(bars: BarSeries) -> np.ndarray:
    high = pd.Series(bars.high).rolling(LOOKBACK).max().to_numpy()
    low = pd.Series(bars.low).rolling(LOOKBACK).min().to_numpy()
    floor = np.minimum(low, bars.close * np.exp(-1.5 * SIGMA))
    target = np.maximum(high, bars.close * np.exp(1.5 * SIGMA))
    return np.column_stack([floor, target, target, target * 1.01, floor * 0.99])


@cache
def _lattice_table(horizon: int) -> np.ndarray:
    """(up, down, 3) probabilities by distance in steps, by counting paths."""
    reach = _NEAREST + _LINES
    table = np.zeros((reach + 1, reach + 1, 3))
    for up in range(_NEAREST, reach + 1):
        for down in range(_NEAREST, reach + 1):
            alive = np.zeros(up + down + 1)
            alive[down] = 1.0
            ends = np.zeros(2)
            for _ in range(_A_DAY * horizon):
                moved = np.zeros_like(alive)
                moved[1:] += 0.5 * alive[:-1]
                moved[:-1] += 0.5 * alive[1:]
                ends += moved[0], moved[-1]
                moved[0] = moved[-1] = 0.0
                alive = moved
            table[up, down] = ends[0], alive.sum(), ends[1]
    return table


def _lattice(rows: int, horizons: tuple[int, ...], rng: np.random.Generator) -> Questions:
    steps = rng.choice([-1, 1], size=(rows + horizons[-1]) * _A_DAY)
    place = np.concatenate([[0], np.cumsum(steps)])
    now = place[: rows * _A_DAY : _A_DAY]
    target = -(-(now + _NEAREST) // _LINES) * _LINES
    floor = (now - _NEAREST) // _LINES * _LINES
    longest = horizons[-1] * _A_DAY
    ahead = np.lib.stride_tricks.sliding_window_view(place[1:], longest)[: rows * _A_DAY : _A_DAY]
    up, down = ahead >= target[:, None], ahead <= floor[:, None]
    never = longest + 1
    first_up = np.where(up.any(axis=1), up.argmax(axis=1), never)
    first_down = np.where(down.any(axis=1), down.argmax(axis=1), never)
    asked = {}
    for h in horizons:
        codes = np.where((first_up < first_down) & (first_up < h * _A_DAY), 2, 1)
        codes[(first_down < first_up) & (first_down < h * _A_DAY)] = 0
        asked[h] = (_lattice_table(h)[target - now, now - floor], codes, Windows.consecutive(rows))
    return questions(asked)
