"""Baselines: what a walk-forward of 5,000 dates costs on one core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig
from engine.forecast.baselines.filtered_history import filtered_history, level_touch
from engine.forecast.baselines.random_walk import random_walk

DATES, PATHS, SESSIONS = 5000, 1000, 15
FIRST, REFIT, LEVELS = 1260, 63, 30


def measure() -> list[dict]:
    """Seconds of processor time (all threads together), medians of three."""
    small, large = _history(DATES), _history(10 * DATES)
    simulation = _median(_simulation(small, PATHS))
    many_seconds = _median(_simulation(large, PATHS), 1)
    bars, known, _ = small
    pointer = LEVELS * np.arange(len(bars) + 1)
    spread = np.linspace(-0.12, 0.12, LEVELS)
    prices = (bars.close[:, None] * np.exp(spread)).ravel()
    touch = _median(lambda: level_touch(bars, known, pointer, prices, SESSIONS, PATHS, 7), 1)
    closed = _median(
        lambda: random_walk(bars.close, small[2], np.full(len(bars), 0.012), (10, 15), OutcomeConfig())
    )
    steps = DATES * PATHS * SESSIONS
    return [
        {
            "name": "filtered_history, 5,000 dates x 1,000 paths x 15",
            "value": simulation,
            "unit": "s",
            "budget": 2.0,
        },
        {"name": "filtered_history per step", "value": simulation / steps * 1e9, "unit": "ns", "budget": 26},
        {
            "name": "filtered_history, ten times the dates (exponent)",
            "value": float(np.log10(many_seconds / simulation)),
            "unit": "",
            "budget": 1.25,  # fits look back at most 40 years, which is reached on the way
        },
        {"name": "level_touch, 30 levels a date", "value": touch, "unit": "s", "budget": 4.0},
        {"name": "random_walk, 6,260 dates x 2 horizons", "value": closed, "unit": "s", "budget": 0.05},
    ]


def _history(dates: int) -> tuple:
    n = FIRST + dates
    bars = simulate_bars(n, seed=1, volatility_persistence=0.97, start_price=1e9)
    t = np.arange(n)
    known = np.where(t >= FIRST, FIRST + (t - FIRST) // REFIT * REFIT + 1, 0)
    setup = bars.close[:, None] * np.array([0.97, 1.02, 1.03, 1.035, 0.95])
    return bars, known, setup


def _simulation(history: tuple, paths: int) -> Callable[[], object]:
    bars, known, setup = history
    return lambda: filtered_history(bars, setup, known, SESSIONS, OutcomeConfig(), paths, 7)


def _median(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times + 1):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds[1:])  # the first compiles
