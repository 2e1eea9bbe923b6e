"""Points add up to the way from the baseline to the table, whatever the model says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from engine.table.story.attribution import attributions, points


@given(seed=st.integers(0, 10_000), size=st.floats(0.0, 2.0))
def test_points_add_up_exactly(seed, size):
    rng = np.random.default_rng(seed)
    offset, contributions = np.log(rng.dirichlet([2, 2, 2])), size * rng.standard_normal((3, 8)) / 3
    whole = softmax(offset + contributions.sum(axis=1)) - softmax(offset)
    np.testing.assert_allclose(points(offset, contributions).sum(axis=1), whole, atol=1e-7)
    np.testing.assert_allclose(points(offset, contributions).sum(axis=0), 0.0, atol=1e-12)  # classes sum to 1


def test_of_two_classes_the_share_is_that_of_the_log_odds():
    """With one direction, the path is a line: each feature has its share of the change (checked by hand)."""
    offset = np.log([0.5, 1e-300, 0.5])
    made = points(offset, np.array([[0.0, 0.0], [0.0, 0.0], [0.3, 0.1]]))
    change = 1 / (1 + np.exp(-0.4)) - 0.5
    assert made[2] == pytest.approx([0.75 * change, 0.25 * change])


def test_what_raises_all_log_odds_alike_raises_nothing():
    assert np.abs(points(np.log([0.2, 0.3, 0.5]), np.ones((3, 4)))).max() < 1e-12


def test_the_rest_is_what_the_model_does_not_say():
    offset, published = np.log([0.2, 0.3, 0.5]), np.array([0.25, 0.3, 0.45])
    found = attributions(offset, np.zeros((3, 1)), published, ("rsi_14",), np.ones(1))
    assert [one.shares for one in found] == [(), (), ()]
    for one, p in zip(found, published, strict=True):
        assert one.alone + one.rest == pytest.approx(p)
