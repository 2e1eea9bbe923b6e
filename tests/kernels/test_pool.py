import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import isotonic_regression

from engine.kernels.pool import non_decreasing, pool


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(0.1, 5)), min_size=1, max_size=80))
def test_the_fit_is_scikit_learns(rows):
    v, w = np.array(rows).T
    np.testing.assert_allclose(non_decreasing(v * w, w), isotonic_regression(v, sample_weight=w), atol=1e-9)


def test_counts_and_numbers_pool_alike():
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 5, 200)
    hits = rng.binomial(rows, np.linspace(0.1, 0.8, 200))
    block_hits, block_rows = np.empty(200, np.int64), np.empty(200, np.int64)
    k = pool(hits, rows, block_hits, block_rows)
    share = block_hits[:k] / block_rows[:k]
    assert (np.diff(share) > 0).all()
    fitted = non_decreasing(hits.astype(float), rows.astype(float))
    np.testing.assert_array_equal(np.repeat(share, block_rows[:k]), np.repeat(fitted, rows))
