"""The twin of another author's test that the benchmarks hold beside ours."""

import numpy as np
import pytest

from benchmarks.calibration_peers import category_test


@pytest.mark.parametrize(
    ("horizon", "expected"), [(1, 0.008364907557688483), (5, 0.3099859477732003), (12, 0.5580931140790453)]
)
def test_categories_as_franz_tests_them(horizon, expected):
    """``expected`` was printed by franz 0.1 (June 2019): ``category_test(codes, p, horizon, one stratum)``."""
    t = np.arange(240)
    raw = np.column_stack([2 + np.sin(t / 9), 3 + np.cos(t / 14), np.full(240, 2.5)])
    codes = (t // 7 * 5 + t // 11) % 3
    assert category_test(raw / raw.sum(axis=1, keepdims=True), codes, horizon) == pytest.approx(
        expected, abs=1e-9
    )


def test_size_of_the_twin_on_independent_rows():
    """Exact forecasts of 300 independent rows, 600 times: 5 % up to three standard errors (false alarm 1 in 400)."""
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(600):
        p = rng.dirichlet([4, 6, 5], 300)
        codes = (rng.random((300, 1)) > p.cumsum(axis=1)).sum(axis=1)
        rejected += category_test(p, codes, 1) <= 0.05
    assert abs(rejected / 600 - 0.05) < 0.027
