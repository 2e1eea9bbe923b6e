from __future__ import annotations

import numpy as np

from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig
from engine.forecast.baselines.filtered_history import filtered_history
from engine.table.fan import simulated_closes


def test_the_fan_is_made_of_the_paths_that_the_probabilities_were_counted_on():
    bars = simulate_bars(900, seed=5, volatility_persistence=0.95, start_price=1500.0)
    n, known, horizon, paths = len(bars), 850, 12, 500
    closes = simulated_closes(bars, known, horizon, paths, seed=7)
    assert closes is not None
    assert closes.shape == (paths, horizon)
    # the rule `terminal` counts where the close of the last session lies: an independent count of the same paths
    floor, ceiling = 0.985 * bars.close[-1], 1.01 * bars.close[-1]
    setup = np.full((n, 5), np.nan)
    setup[-1] = floor, ceiling, ceiling * 1.01, ceiling * 1.02, floor * 0.99
    counted = filtered_history(
        bars,
        setup,
        np.r_[np.zeros(n - 1, np.int64), known],
        horizon,
        OutcomeConfig(rule="terminal"),
        paths,
        7,
    ).probabilities[-1]
    for h in range(horizon):
        shares = [(closes[:, h] < floor).mean(), (closes[:, h] > ceiling).mean()]
        np.testing.assert_allclose(counted[h, [0, 2]], shares, atol=0.0045)  # pseudo-count and float32


def test_too_little_history_has_no_fan():
    bars = simulate_bars(120, seed=5)
    assert simulated_closes(bars, 100, 10, 50, seed=7) is None
