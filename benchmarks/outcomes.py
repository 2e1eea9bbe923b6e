"""Outcome labels: bars per second for H = 15, alone and beside H = 10, and growth."""

from __future__ import annotations

import numpy as np

from benchmarks._clock import SIZES, growth_exponent, seconds
from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig
from engine.outcomes.outcomes import label
from engine.rules.indicators import ATR, compute_indicators


def setup_at_usual_distances(bars):
    """Floor, ceiling, target and retest where the default setup tends to have them."""
    atr = compute_indicators(bars)[:, [ATR]]
    return bars.close[:, None] + atr * np.array([-1.8, 1.2, 2.0, 2.2, -3.0])


def measure() -> list[dict]:
    rows = []
    bars = simulate_bars(max(SIZES), seed=1)
    setup = setup_at_usual_distances(bars)
    for name, horizons, config in (
        ("H = 15", [15], OutcomeConfig()),
        ("H = 10 and 15", [10, 15], OutcomeConfig()),
        ("H = 15, floor broken by touch", [15], OutcomeConfig(floor_break="touch")),
    ):
        taken = {}
        for n in SIZES:
            some, levels = bars.cut(n), setup[:n]
            taken[n] = seconds(lambda b=some, s=levels, h=horizons, c=config: label(b, s, h, c))
            rows.append(
                {
                    "name": f"outcomes, {name}, {n:,} bars",
                    "value": n / taken[n] / 1e6,
                    "unit": "million bars/s",
                    "budget": ">= 30",
                }
            )
        rows.append(
            {
                "name": f"outcomes, {name}: growth exponent",
                "value": growth_exponent(taken),
                "unit": "",
                "budget": "<= 1.05",
            }
        )
    return rows
