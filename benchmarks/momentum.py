"""Indicators, momentum and reading: microseconds per bar, growth, and one appended bar."""

from __future__ import annotations

import numpy as np

from benchmarks._clock import SIZES, growth_exponent, seconds
from benchmarks.outcomes import setup_at_usual_distances
from engine.bars.simulate import simulate_bars
from engine.config import RulesConfig
from engine.rules.indicators import INDICATORS, STATE_SIZE, advance_indicators, compute_indicators
from engine.rules.momentum import (
    MOMENTUM,
    MOMENTUM_STATE_SIZE,
    advance_momentum,
    compute_momentum,
    momentum_params,
)
from engine.rules.reading import READING, advance_reading

_CHUNK_BARS = (
    8192  # the replay walks chunks of this size, so that a later kernel finds its input in the cache
)


def walk(bars, rules, setup):
    """Indicators, momentum and reading of a whole history, in the order and the chunks of the replay."""
    n = len(bars)
    indicators, momentum = np.empty((n, len(INDICATORS))), np.empty((n, len(MOMENTUM)))
    reading = np.empty((n, len(READING)))
    state, momentum_state, params = (
        np.zeros(STATE_SIZE),
        np.zeros(MOMENTUM_STATE_SIZE),
        momentum_params(rules),
    )
    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for start in range(0, n, _CHUNK_BARS):
        stop = min(start + _CHUNK_BARS, n)
        advance_indicators(bars.high, bars.low, bars.close, start, stop, state, indicators)
        advance_momentum(*prices, indicators, start, stop, params, momentum_state, momentum)
        advance_reading(bars.close, indicators, momentum, setup, start, stop, params, reading)
    return indicators, momentum, reading


def measure() -> list[dict]:
    rules = RulesConfig()
    params = momentum_params(rules)
    longest = simulate_bars(max(SIZES), seed=1, daily_sigma=0.002, volatility_persistence=0.97)
    setup = setup_at_usual_distances(longest)
    names = ("indicators", "momentum", "indicators, momentum and reading")
    taken: dict[str, dict[int, float]] = {name: {} for name in names}
    budgets = dict(zip(names, (None, "<= 0.3", "<= 0.5"), strict=True))
    rows = []
    for n in SIZES:
        bars = longest.cut(n)
        indicators = compute_indicators(bars)
        works = (
            lambda b=bars: compute_indicators(b),
            lambda b=bars, i=indicators: compute_momentum(b, rules, i),
            lambda b=bars, s=setup[:n]: walk(b, rules, s),
        )
        for name, work in zip(names, works, strict=True):
            taken[name][n] = seconds(work)
            rows.append(
                {
                    "name": f"{name}, {n:,} bars",
                    "value": taken[name][n] / n * 1e6,
                    "unit": "us/bar",
                    "budget": budgets[name],
                }
            )
    # without a budget: between the sizes that fit in a cache and those that do not, a part that does so little measures
    # the memory it fills; the replay as a whole has one
    rows += [
        {"name": f"{name}: growth exponent", "value": growth_exponent(times), "unit": ""}
        for name, times in taken.items()
    ]

    n = len(longest)
    out, state = np.empty((n, len(MOMENTUM))), np.zeros(MOMENTUM_STATE_SIZE)
    arrays = (longest.open, longest.high, longest.low, longest.close, longest.volume, indicators)
    advance_momentum(*arrays, 0, n - 1, params, state, out)
    rows.append(
        {
            "name": f"momentum of one bar appended to {n - 1:,}",
            "value": seconds(lambda: advance_momentum(*arrays, n - 1, n, params, state.copy(), out)) * 1e6,
            "unit": "us",
            "budget": "<= 50",
        }
    )
    return rows
