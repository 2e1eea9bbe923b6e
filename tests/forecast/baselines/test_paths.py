from __future__ import annotations

import numpy as np
import pytest

from engine.forecast.baselines.paths import (
    lattice,
    simulate_levels,
    simulate_setups,
)
from engine.forecast.baselines.shocks import MEMORY_DECAY
from engine.kernels.streams import path_shift

MASK = (1 << 64) - 1


@pytest.mark.parametrize("paths", [1, 7, 100, 1000, 1024])
def test_every_session_is_covered_evenly(paths):
    multipliers = lattice(paths, 20)
    for j, multiplier in enumerate(multipliers):
        shift = int(path_shift(3, 5, j))
        draws = sorted(((p * int(multiplier) + shift) & MASK) / 2**64 for p in range(paths))
        assert np.allclose(np.diff(draws), 1.0 / paths, atol=1e-12)


def test_fewer_sessions_use_the_first_multipliers():
    assert np.array_equal(lattice(1000, 10), lattice(1000, 15)[:10])


def test_pairs_of_sessions_are_covered_more_evenly_than_by_independent_draws():
    multipliers = lattice(1000, 15)
    points = (
        np.array([[p * int(m) & MASK for m in multipliers] for p in range(1000)], dtype=np.float64) / 2**64
    )
    rng = np.random.default_rng(0)

    def unevenness(u):
        # counts of 1,000 points in 8 x 8 boxes; independent draws give chi-squared of 63 degrees
        total = 0.0
        for a in range(15):
            for b in range(a):
                counts = np.histogram2d(u[:, a], u[:, b], bins=8, range=[[0, 1], [0, 1]])[0]
                total += ((counts - 1000 / 64) ** 2).sum() / (1000 / 64)
        return total / 105

    assert unevenness(points) < 0.5 * unevenness(rng.random((1000, 15)))


def twin(seed, row, sigma, gain, library, opens, reversal, levels, paths, sessions, rule, touch, tie):
    """Plain Python: one date's paths against one setup, in words rather than in fast arithmetic."""
    floor, ceiling, target, retest = levels
    counts = np.zeros((sessions, 5), dtype=np.int64)
    multipliers = lattice(paths, sessions)
    for p in range(paths):
        place, memory, volatility = 0.0, 0.0, sigma
        scenario, met_target, met_retest = None, False, False
        for j in range(sessions):
            u = (p * int(multipliers[j]) + int(path_shift(seed, row, j))) & MASK
            c, h, low_, factor = (float(v) for v in library[((u >> 32) * len(library)) >> 32])
            o = float(opens[((u >> 32) * len(library)) >> 32])
            extra = reversal * memory
            memory = MEMORY_DECAY * memory + extra + c
            start = place
            high, low, place = (start + volatility * (extra + x) for x in (h, low_, c))
            opened = start + volatility * o
            volatility = min(gain + volatility * factor, 6.0 * sigma)
            if rule == "terminal":
                scenario = 0 if place < floor else 2 if place > ceiling else 1
            elif scenario is None and rule == "band":
                scenario = 0 if place < floor else 2 if place > ceiling else None
            elif scenario is None and not touch:
                scenario = 2 if high >= target else 0 if place < floor else None
            elif scenario is None:
                up, down = high >= target, low <= floor
                if up and down:
                    scenario = 0 if opened <= floor else 2 if opened >= target else tie
                else:
                    scenario = 2 if up else 0 if down else None
            met_target = met_target or high >= target
            met_retest = met_retest or low <= retest
            counts[j, 1 if scenario is None else scenario] += 1
            counts[j, 3] += met_target
            counts[j, 4] += met_retest
    return counts


@pytest.mark.parametrize(
    ("rule", "touch", "tie"),
    [
        ("target", False, 0),
        ("target", True, 0),
        ("target", True, 2),
        ("band", False, 0),
        ("terminal", False, 0),
    ],
)
def test_brute_force_agrees_to_the_last_path(rule, touch, tie):
    rng = np.random.default_rng(2)
    opening = rng.normal(0.0, 0.5, 400)
    close = opening + rng.standard_t(4, 400)
    high = np.maximum(opening, close) + rng.exponential(0.3, 400)
    low = np.minimum(opening, close) - rng.exponential(0.3, 400)
    order = np.argsort(close)
    library = np.column_stack([close, high, low, rng.uniform(0.8, 1.2, 400)])[order].astype(np.float32)
    opens = np.where(rng.random(400) < 0.3, np.nan, opening)[order].astype(np.float32)
    rows = np.array([17, 400, 401])
    sigma, gain = np.array([0.010, 0.02, 0.015]), np.array([0.001, 0.0, 0.0005])
    levels = np.array([[-0.01, 0.01, 0.012, -0.03], [np.nan] * 4, [-0.02, 0.03, 0.04, -0.025]])
    counts = np.zeros((3, 12, 5), dtype=np.int64)
    simulate_setups(
        9,
        rows,
        sigma,
        gain,
        library,
        opens,
        -0.05,
        levels,
        lattice(300, 12),
        300,
        ("target", "band", "terminal").index(rule),
        touch,
        tie == 2,
        counts,
    )
    assert not counts[1].any()
    for r in (0, 2):
        expected = twin(
            9, rows[r], sigma[r], gain[r], library, opens, -0.05, levels[r], 300, 12, rule, touch, tie
        )
        assert np.array_equal(counts[r], expected)


def test_levels_agree_with_the_setup_they_stand_at():
    rng = np.random.default_rng(2)
    close = np.sort(rng.standard_normal(300))
    library = np.column_stack([close, close + 0.4, close - 0.4, np.ones(300)]).astype(np.float32)
    rows, sigma, gain = np.array([5, 6]), np.array([0.01, 0.02]), np.zeros(2)
    setups = np.array([[-0.03, 0.0, 0.02, -0.04], [-0.05, 0.0, 0.07, -0.06]])
    counts = np.zeros((2, 10, 5), dtype=np.int64)
    opens = np.full(300, np.nan, dtype=np.float32)
    multipliers = lattice(200, 10)
    simulate_setups(
        1, rows, sigma, gain, library, opens, -0.02, setups, multipliers, 200, 0, False, False, counts
    )
    distances = np.array([-0.5, -0.04, -0.01, 0.0, 0.02, 0.5, -0.06, 0.07])
    touched = np.zeros((8, 10), dtype=np.int64)
    simulate_levels(
        1, rows, sigma, gain, library, -0.02, np.array([0, 6, 8]), distances, multipliers, 200, touched
    )
    assert np.array_equal(touched[4], counts[0, :, 3])
    assert np.array_equal(touched[1], counts[0, :, 4])
    assert np.array_equal(touched[7], counts[1, :, 3])
    assert np.array_equal(touched[6], counts[1, :, 4])
    assert (touched[0] <= touched[1]).all()
    assert (touched[1] <= touched[2]).all()
    assert (touched[5] <= touched[4]).all()
