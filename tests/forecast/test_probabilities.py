from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from engine.errors import InputError
from engine.forecast.probabilities import (
    floor_probabilities,
    log_odds,
    logistic,
)

weights = arrays(np.float64, (5, 3), elements=st.floats(0.0, 1e300)).map(
    lambda w: np.where(w.sum(axis=1, keepdims=True) > 0.0, w, 1.0)
)


@given(weights)
def test_floor_holds_exactly_and_rows_sum_to_one(w):
    p = floor_probabilities(w)
    assert (p >= 0.001).all()
    assert np.allclose(p.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    assert np.allclose(floor_probabilities(p), p, rtol=0, atol=1e-15)
    order = np.argsort(w, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(p, order, axis=1), axis=1) >= -1e-15).all()


def test_floor_keeps_the_ratios_of_the_others():
    p = floor_probabilities(
        np.array([[0.0, 0.6, 0.4], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0], [0.99899, 0.0010005, 1e-9]])
    )
    assert np.allclose(p[0], [0.001, 0.5994, 0.3996])
    assert np.array_equal(p[1], [0.2, 0.3, 0.5])
    assert np.allclose(p[2], [0.001, 0.001, 0.998])
    # scaling for the third class pushes the second under the floor as well
    assert np.allclose(p[3], [0.998, 0.001, 0.001])


def test_nan_rows_stay_nan_and_do_not_touch_the_others():
    p = floor_probabilities(np.array([[0.0, np.nan, 1.0], [0.0, 1.0, 1.0]]))
    assert np.isnan(p[0]).all()
    assert np.allclose(p[1], [0.001, 0.4995, 0.4995])


@pytest.mark.parametrize("bad", [[-0.1, 0.6, 0.5], [0.0, 0.0, 0.0], [np.inf, 0.1, 0.1]])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(InputError) as error:
        floor_probabilities(np.array([bad]))
    assert error.value.code == "forecast.not_probabilities"


def test_impossible_floor_is_refused():
    with pytest.raises(InputError) as error:
        floor_probabilities(np.array([0.2, 0.3, 0.5]), floor=0.34)
    assert error.value.code == "forecast.floor_too_high"


def test_binary_log_odds_agree_with_scipy():
    p = np.array([1e-12, 0.001, 0.5, 0.999])
    assert np.allclose(log_odds(p), logit(p), rtol=1e-13)
    z = np.array([-800.0, -3.0, 0.0, 3.0, 800.0])
    assert np.allclose(logistic(z), expit(z), rtol=1e-14)


def test_zero_probability_has_no_log_odds():
    with pytest.raises(InputError) as error:
        log_odds(np.array([0.0, 0.5, 0.5]))
    assert error.value.code == "forecast.zero_probability"


def test_a_row_does_not_depend_on_the_other_rows():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1.0, 2.0, 3.0], 500)
    p[250:, 0] = 1e-9  # rows that need the floor
    together = floor_probabilities(p)
    for i in range(0, 500, 7):
        assert (floor_probabilities(p[i]) == together[i]).all()
        assert (floor_probabilities(p[i : i + 3])[0] == together[i]).all()
