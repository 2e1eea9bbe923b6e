"""Walk-forward: what forecasting a whole history costs, with its baselines and without."""

from __future__ import annotations

import time

import numpy as np

from benchmarks._clock import seconds
from engine.bars.simulate import simulate_bars
from engine.config import Config, parse_config
from engine.forecast.inputs import ForecastInput, forecast_input
from engine.forecast.models.logistic_kernels import loss_and_gradient
from engine.forecast.models.offset_logistic import SCENARIO_CONTRASTS, LogisticRows, fit_theta
from engine.forecast.walk_forward import walk_forward
from engine.replay.replay import replay

SESSIONS, POOLED, POOLED_SESSIONS = 5031, 8, 7300


def measure() -> list[dict]:
    """Processor seconds of all threads together; the first call compiles and is not counted."""
    config = parse_config(
        {
            "name": "bench",
            "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
        }
    )
    alone = [_entry(SESSIONS, 0, config)]
    whole = seconds(lambda: walk_forward(alone, config), runs=3)
    pooled = [_entry(POOLED_SESSIONS, seed, config) for seed in range(POOLED)]
    started = time.process_time()
    walk_forward(pooled, config)
    together = time.process_time() - started
    loss, fit = _fit(29_000, 45)
    return [
        {"name": "walk-forward, 5,031 sessions, 2 horizons", "value": whole, "unit": "s", "budget": 6.0},
        {
            "name": "walk-forward, 8 instruments, 58,000 sessions",
            "value": together,
            "unit": "s",
            "budget": 75.0,
        },
        {"name": "loss and gradient, 29,000 x 45", "value": loss * 1e3, "unit": "ms", "budget": 5.0},
        {"name": "fit from scratch, 29,000 x 45", "value": fit * 1e3, "unit": "ms", "budget": 40.0},
    ]


def _entry(sessions: int, seed: int, config: Config) -> ForecastInput:
    bars = simulate_bars(sessions, seed=seed, volatility_persistence=0.97, symbol=f"S{seed}")
    return forecast_input(replay(bars, config))


def _fit(rows: int, features: int) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(features, rows))
    offset = np.log(rng.dirichlet([3.0, 5.0, 3.0], rows))
    given = LogisticRows(x, offset, rng.integers(0, 3, rows), np.full(rows, 1 / 15), SCENARIO_CONTRASTS)
    theta, gradient = np.zeros((features + 1, 2)), np.zeros((features + 1, 2))

    def fit() -> None:
        fit_theta(given, given.curvature(), theta, np.full_like(theta, 400.0), 1e-8)

    def once() -> None:
        loss_and_gradient(given.features, offset, given.codes, given.weight, given.basis, theta, gradient)

    return seconds(once, runs=3), seconds(fit, runs=3)
