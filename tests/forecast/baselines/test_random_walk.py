from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.forecast.baselines import random_walk as module
from engine.forecast.baselines.random_walk import double_barrier, random_walk
from tests.shared_files import vectors_dir

distance = st.floats(1e-12, 1e6)


@pytest.mark.skipif(vectors_dir() is None, reason="shared vectors are absent")
def test_known_answers():
    cases = json.loads((vectors_dir() / "double_barrier_first_passage.json").read_text())
    for case in cases["cases"]:
        assert np.allclose(
            double_barrier(case["dn"], case["up"], case["sig2T"]), case["p_dn_range_up"], rtol=0, atol=1e-14
        )
    far = double_barrier(0.03, np.inf, 0.0024)
    assert far[0] == pytest.approx(cases["one_sided_last"], abs=1e-14)


def test_both_series_agree_where_they_meet():
    start = np.linspace(0.001, 0.999, 500)
    long = module._eigenfunctions(start, np.full(500, module._SWITCH))
    short = module._images(start, 1.0 - start, np.full(500, np.sqrt(module._SWITCH)))
    assert np.abs(long - short).max() < 2e-15


def test_no_barrier_above_is_the_reflection_principle():
    variance = np.array([1e-8, 1e-4, 1.0])
    expected = 2.0 * norm.cdf(-0.02 / np.sqrt(variance))
    assert np.allclose(double_barrier(0.02, np.inf, variance)[:, 0], expected, atol=1e-14)


def test_endless_time_is_gamblers_ruin():
    assert np.allclose(double_barrier(0.02, 0.06, 1e6), [0.75, 0.0, 0.25], atol=1e-12)


@given(distance, distance, st.floats(0.0, 1e9), st.floats(1.0, 100.0))
def test_any_distance_gives_a_distribution_that_moves_on_with_time(down, up, variance, factor):
    p, later = double_barrier(down, up, np.array([variance, variance * factor]))
    assert p.min() >= 0.0
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert later[0] >= p[0] - 1e-12
    assert later[2] >= p[2] - 1e-12
    assert np.allclose(double_barrier(up, down, variance), p[::-1], atol=1e-12)


def test_nan_gives_nan_and_a_start_outside_is_refused():
    p = double_barrier(np.array([np.nan, 0.1]), 0.1, 0.01)
    assert np.isnan(p[0]).all()
    assert not np.isnan(p[1]).any()
    with pytest.raises(InputError) as error:
        double_barrier(0.0, 0.1, 0.01)
    assert error.value.code == "forecast.not_between"


@pytest.mark.parametrize(
    ("outcome", "tolerance"),
    [
        (OutcomeConfig(), 0.010),
        (OutcomeConfig(floor_break="touch"), 0.010),
        (OutcomeConfig(rule="band"), 0.010),
        (OutcomeConfig(rule="terminal"), 0.006),
    ],
)
def test_simulation_agrees(outcome, tolerance):
    # 40,000 walks of 15 sessions with 128 looks a session; standard error at most 0.0025.  The tolerance is
    # 2.4 of them for the exact case and leaves 0.004 for the corrections' own error, which is of second order
    # in sigma over distance, and for the 128 looks (a false alarm in about 1 of 60 seeds; the seed is fixed)
    rng = np.random.default_rng(11)
    sigma, horizon, looks, floor, upper = 0.012, 15, 128, -0.030, 0.038
    position = np.zeros(40_000)
    fine_shift = module.MONITORING_SHIFT * sigma / np.sqrt(looks)
    first = np.full(position.size, 1)
    alive = np.ones(position.size, dtype=bool)
    for session in range(horizon):
        for _ in range(looks):
            position += sigma / np.sqrt(looks) * rng.standard_normal(position.size)
            if outcome.rule == "target":
                up = alive & (position >= upper - fine_shift)
                down = alive & (outcome.floor_break == "touch") & (position <= floor + fine_shift)
                first[up], first[down] = 2, 0
                alive &= ~(up | down)
        if outcome.rule == "terminal" and session < horizon - 1:
            continue
        down = alive & (position < floor)
        up = alive & (position > upper) & (outcome.rule != "target")
        first[up], first[down] = 2, 0
        alive &= ~(up | down)
    expected = np.bincount(first, minlength=3) / first.size
    close = np.array([100.0])
    target = 100.0 * np.exp(upper if outcome.rule == "target" else 2 * upper)
    ceiling = 100.0 * np.exp(upper if outcome.rule != "target" else 0.5 * upper)
    setup = np.array([[100.0 * np.exp(floor), ceiling, target, target, 80.0]])
    p = random_walk(close, setup, np.array([sigma]), [horizon], outcome)[0, 0]
    assert np.abs(p - expected).max() < tolerance


def test_rows_without_setup_or_volatility_are_nan():
    setup = np.tile([95.0, 104.0, 105.0, 106.0, 90.0], (4, 1))
    setup[1, 0] = np.nan
    p = random_walk(np.full(4, 100.0), setup, np.array([0.01, 0.01, 0.0, np.nan]), [5, 10], OutcomeConfig())
    assert p.shape == (4, 2, 3)
    assert np.isnan(p[1:]).all()
    assert p[0].min() >= 0.001
    assert np.allclose(p[0].sum(axis=1), 1.0)
    with pytest.raises(InputError) as error:
        random_walk(np.full(3, 100.0), setup, np.full(3, 0.01), [5], OutcomeConfig())
    assert error.value.code == "forecast.bad_shape"


def test_other_rows_never_change_a_row():
    rng = np.random.default_rng(3)
    close = rng.uniform(90, 110, 500)
    setup = close[:, None] * np.array([0.97, 1.01, 1.02, 1.03, 0.95])
    sigma = rng.uniform(0.001, 0.2, 500)
    whole = random_walk(close, setup, sigma, [10, 15], OutcomeConfig())
    for stop in (1, 2, 3, 7, 499):
        cut = random_walk(close[:stop], setup[:stop], sigma[:stop], [10, 15], OutcomeConfig())
        assert np.array_equal(cut, whole[:stop])
