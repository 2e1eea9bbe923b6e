import numpy as np
import pytest

from engine.errors import InputError
from engine.verify.ledger.sequential import sequential_calibration


def overlapping(n, horizon, seed, stretch=1.0):
    """Exact forecasts of overlapping outcomes, made public with log-odds times ``stretch``."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([4, 5, 4], n)
    z = np.convolve(rng.standard_normal(n + horizon - 1), np.ones(horizon) / np.sqrt(horizon), "valid")
    from scipy.special import ndtr

    codes = (ndtr(z)[:, None] >= np.cumsum(p, axis=1)[:, :2]).sum(axis=1)
    said = p**stretch
    return said / said.sum(axis=1, keepdims=True), codes, np.arange(n), np.arange(n) + horizon


def test_size_however_often_one_looks():
    # 200 exact ledgers of 400 rows (seeds 0 .. 199); the evidence never falls, so the last look is the worst of
    # all looks: at most 5 % may reject
    rejected = sum(sequential_calibration(*overlapping(400, 10, seed)).p_value <= 0.05 for seed in range(200))
    assert rejected <= 10


def test_evidence_never_falls_and_finds_overconfidence():
    p, y, made, matured = overlapping(3000, 10, 1, stretch=2.5)
    looks = [sequential_calibration(p[:k], y[:k], made[:k], matured[:k]).e_value for k in (300, 1000, 3000)]
    assert looks == sorted(looks)
    assert looks[-1] > 20


def test_windows_of_a_sequence_do_not_overlap():
    p, y, made, matured = overlapping(100, 10, 0)
    assert sequential_calibration(p, y, made, matured).sequences == 10
    assert sequential_calibration(p[::10], y[::10], made[::10], matured[::10]).sequences == 1
    twice = sequential_calibration(
        np.concatenate([p, p]), np.concatenate([y, y]), np.tile(made, 2), np.tile(matured, 2)
    )
    once = sequential_calibration(p, y, made, matured)
    assert twice.e_value == pytest.approx(once.e_value)  # a copy of the same bets is no more evidence


def test_defined_values_and_errors():
    assert sequential_calibration(np.empty((0, 3)), [], [], []).p_value == 1.0
    with pytest.raises(InputError, match="gave probability 0"):
        sequential_calibration([[0.0, 0.5, 0.5]], [0], [0], [10])
    with pytest.raises(InputError, match="matured on or before"):
        sequential_calibration([[0.2, 0.3, 0.5]], [0], [3], [3])
