import json

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.verify.skill.block_length import optimal_block_length
from engine.verify.skill.bootstrap import bootstrap_sums, expected_block, interval_of, sums
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.long_run import long_run_variance
from tests.shared_files import vectors_dir

needs_vectors = pytest.mark.skipif(vectors_dir() is None, reason="shared vectors are absent")


def moving_mean(n, horizon, seed):
    return np.convolve(
        np.random.default_rng(seed).standard_normal(n + horizon - 1), np.ones(horizon), "valid"
    )


@needs_vectors
def test_block_length_equals_the_published_value():
    expected = json.loads((vectors_dir() / "block_length.json").read_text())
    series = np.loadtxt(vectors_dir() / expected["input"])
    found = optimal_block_length(series)
    assert found == pytest.approx(expected["expected"]["stationary"], rel=expected["rtol"])


@pytest.mark.parametrize("n", [12, 50, 200, 1000])
@pytest.mark.parametrize("horizon", [1, 15])
def test_block_length_equals_arch(n, horizon):
    series = moving_mean(n, horizon, n)
    found = optimal_block_length(series)
    row = oracle(series).iloc[0]
    assert found == pytest.approx(max(row["stationary"], 1.0), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=10, max_size=80))
def test_block_length_is_between_one_row_and_a_third(values):
    assert 1.0 <= optimal_block_length(values) <= np.ceil(min(3 * np.sqrt(len(values)), len(values) / 3))


def test_block_is_at_least_five_horizons():
    assert expected_block(10) == 50
    assert expected_block(10, [np.random.default_rng(0).standard_normal(500)]) == 50
    assert expected_block(2, [moving_mean(5000, 60, 1)]) > 10


def test_sums_of_a_draw_are_sums_of_whole_dates():
    rng = np.random.default_rng(0)
    dates = np.sort(rng.integers(0, 40, 120))
    _, dates = np.unique(dates, return_inverse=True)
    values = rng.standard_normal((120, 2))
    cells = np.column_stack([np.zeros(120, np.int64), rng.integers(-1, 3, 120)])
    cells[:, 1] = np.where(cells[:, 1] >= 0, cells[:, 1] + 1, -1)
    drawn = bootstrap_sums(values, dates, cells, 4, block=5, draws=50, seed=1)
    assert drawn.shape == (50, 4, 3)
    counts = np.bincount(dates)
    for draw in drawn:
        # every row count is a sum of whole dates' rows, and groups partition the rows that have one
        assert draw[0, 2] >= draw[1:, 2].sum()
    single = bootstrap_sums(np.eye(len(counts)), np.arange(len(counts)), np.zeros((len(counts), 1), int), 1,
                            block=5, draws=50, seed=1)[:, 0]  # fmt: skip
    np.testing.assert_array_equal(single[:, -1], len(counts))  # as many dates as there are
    by_date = np.column_stack([np.bincount(dates, weights=values[:, j]) for j in range(2)])
    np.testing.assert_allclose(drawn[:, 0, :2], single[:, :-1] @ by_date, atol=1e-9)
    np.testing.assert_allclose(drawn[:, 0, 2], single[:, :-1] @ counts)
    np.testing.assert_allclose(sums(values, cells, 4)[0, :2], values.sum(axis=0))


def test_blocks_have_the_expected_length():
    n = 2000
    drawn = bootstrap_sums(np.arange(n, dtype=float)[:, None], np.arange(n), np.zeros((n, 1), int), 1,
                           block=40, draws=400, seed=3)[:, 0, 0] / n  # fmt: skip
    # variance of a mean of blocks: about (block length * 2 - 1) times that of independent draws
    ratio = drawn.var() / (np.arange(n).var() / n)
    assert 55 < ratio < 105


def test_interval_covers_the_mean_of_overlapping_differences():
    """90 % intervals over 120 overlapping series, H = 10, n = 1,500: 80 to 97 % hold the truth (fixed seeds).

    Percentile intervals of a block bootstrap cover a little less than they say; the test would fail below 80 %.
    """
    covered = 0
    cells = np.zeros((1500, 1), np.int64)
    for seed in range(120):
        d = moving_mean(1500, 10, seed)[:, None]
        drawn = bootstrap_sums(d, np.arange(1500), cells, 1, block=50, draws=199, seed=seed)[:, 0]
        low, high = interval_of(drawn[:, 0] / drawn[:, 1], 0.9)
        covered += low <= 0 <= high
    assert 0.80 <= covered / 120 <= 0.97


def test_interval_of_few_finite_draws_is_nan():
    assert np.isnan(interval_of(np.array([1.0, np.nan, np.nan]), 0.9)).all()
    assert interval_of(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))


def test_diebold_mariano_size_with_overlap():
    """5 % test on 600 overlapping series of equal forecasts, n = 1,500, H = 15: 3 to 8 % reject; plain t: over half."""
    rejected, plain = 0, 0
    for seed in range(600):
        d = moving_mean(1500, 15, seed)
        rejected += diebold_mariano(d, 75).p_value <= 0.05
        plain += abs(d.mean()) > 1.96 * d.std() / np.sqrt(len(d))
    assert 0.03 <= rejected / 600 <= 0.08
    assert plain / 600 > 0.5


def test_long_run_variance_equals_a_plain_bartlett_sum():
    d = moving_mean(300, 5, 1)
    e = d - d.mean()
    expected = sum(
        (1 - abs(lag) / 20) * np.mean(np.r_[e[abs(lag) :] * e[: 300 - abs(lag)], np.zeros(abs(lag))])
        for lag in range(-19, 20)
    )
    assert long_run_variance(d, 20) == pytest.approx(expected / (1 - 20 / 300))


def test_diebold_mariano_defined_values():
    assert diebold_mariano(np.zeros(100), 10).p_value == 1.0
    short = diebold_mariano(np.arange(15.0), 10)
    assert np.isnan(short.p_value)
    assert short.mean_difference == 7.0
    assert np.isnan(diebold_mariano(np.ones(100), 10).p_value)  # no variance, no test
    shifted = diebold_mariano(moving_mean(1500, 10, 0) + 5.0, 50)
    assert shifted.p_value < 1e-6
    assert shifted.statistic > 0


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: optimal_block_length([1.0] * 9), "verify.too_few_rows"),
        (lambda: optimal_block_length([np.nan] * 20), "verify.not_finite"),
        (lambda: diebold_mariano([np.inf, 1.0], 1), "verify.not_finite"),
        (lambda: diebold_mariano([], 1), "verify.too_few_rows"),
        (lambda: diebold_mariano([1.0], 0), "verify.bad_block"),
        (lambda: _draw(np.ones((0, 1)), np.zeros(0, int)), "verify.too_few_rows"),
        (lambda: _draw(np.ones((2, 1)), np.array([1, 0])), "verify.shape"),
        (lambda: _draw(np.ones((2, 1)), np.array([0, 1]), block=0.5), "verify.bad_block"),
        (lambda: _draw(np.ones((2, 1)), np.array([0, 1]), draws=0), "verify.too_few_draws"),
    ],
)
def test_bad_input_is_named(call, code):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.code == code


def _draw(values, dates, block=2.0, draws=10):
    return bootstrap_sums(values, dates, np.zeros((len(dates), 1), int), 1, block=block, draws=draws, seed=0)
