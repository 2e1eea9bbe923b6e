from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.forecast.calibration.drift import _correct
from engine.forecast.folds.selection import candidate_weights
from engine.forecast.folds.standardise import fit_standardiser
from engine.forecast.models.learner import DIRECTION_FACTOR, Window
from engine.forecast.models.offset_logistic import SCENARIO_CONTRASTS, linear_path


def test_no_evidence_weighs_all_alike_and_much_evidence_picks_the_best():
    np.testing.assert_allclose(candidate_weights(np.zeros(5)), 0.2)
    picked = candidate_weights(np.array([10.0, 0.0, 10.0, 20.0, 30.0]))
    assert picked.tolist() == [0, 1, 0, 0, 0]
    only_offset = candidate_weights(np.array([9.0, 8.0, 7.0, 6.0, 0.0]))
    assert only_offset.tolist() == [0, 0, 0, 0, 1]


def test_weights_are_bayes_with_log_loss():
    evidence = np.array([1.0, 1.5, 0.7])
    expected = np.exp(-evidence) * np.array([0.5, 0.3, 0.2])
    np.testing.assert_allclose(candidate_weights(evidence, [0.5, 0.3, 0.2]), expected / expected.sum())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-50, 500), min_size=2, max_size=8))
def test_weights_sum_to_one(evidence):
    weights = candidate_weights(np.array(evidence))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert weights.argmax() == np.argmin(evidence) or weights.max() == weights[np.argmin(evidence)]


def test_standardiser_learns_from_its_window_and_silences_what_says_nothing():
    rng = np.random.default_rng(0)
    window = rng.normal(5.0, 2.0, (4, 500))
    window[1] = 3.14159  # constant
    window[2, :480] = np.nan  # known for 20 rows only
    window[3, :100] = np.nan
    fitted = fit_standardiser(window)
    z = fitted.apply(window)
    assert z[0].mean() == pytest.approx(0.0, abs=0.05)
    assert z[0].std() == pytest.approx(1.0, abs=0.05)
    assert (z[1] == 0).all()
    assert (z[2] == 0).all()
    assert (z[3, :100] == 0).all()
    assert z[3, 100:].std() == pytest.approx(1.0, abs=0.05)
    assert fitted.apply(np.full((4, 1), 1e9)).max() == 4.0
    np.testing.assert_allclose(fitted.mean[0], window[0].mean())
    np.testing.assert_allclose(fitted.scale[0], window[0].std())


def test_drift_correction_follows_a_lasting_lean_and_waits_for_outcomes():
    rng = np.random.default_rng(1)
    n, horizon = 4000, 10
    logs = np.log(np.tile([0.3, 0.4, 0.3], (n, 1)))
    codes = rng.choice(3, n, p=[0.15, 0.4, 0.45])
    session = np.arange(n)
    out = np.empty((n, 3))
    _correct(logs, codes, session, session + horizon, 1 / horizon, 0.05, 0.01, out)
    np.testing.assert_allclose(out[:horizon], np.exp(logs[:horizon]), rtol=1e-12)
    assert out[-500:, 2].mean() > 0.35
    assert out[-500:, 0].mean() < 0.25
    # a future outcome changes nothing before it is known
    changed = codes.copy()
    changed[1000] = (changed[1000] + 1) % 3
    other = np.empty((n, 3))
    _correct(logs, changed, session, session + horizon, 1 / horizon, 0.05, 0.01, other)
    assert (other[: 1000 + horizon] == out[: 1000 + horizon]).all()
    assert (other[1000 + horizon] != out[1000 + horizon]).any()


def test_tilting_the_table_is_shrunk_harder_than_widening_it():
    rng = np.random.default_rng(0)
    n = 4000
    x = rng.normal(size=(2, n))
    truth = SCENARIO_CONTRASTS @ np.array([[0.4, 0.0], [0.0, 0.4]])  # first feature tilts, second widens
    logits = (truth @ x).T
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    codes = (rng.random(n)[:, None] > p.cumsum(1)[:, :-1]).sum(1).astype(np.int64)
    empty = np.zeros(n, dtype=np.int64)
    window = Window(
        x, np.zeros((n, 1, 3)), codes[:, None], np.full(n, 0.1), np.zeros((n, 1, 3)), empty, empty
    )
    fitted = linear_path((100.0, np.inf)).fit(window)
    moved = SCENARIO_CONTRASTS.T @ fitted.coefficients[0, :2].T
    assert 0 < moved[0, 0] < 0.6 * moved[1, 1] < 0.4
    assert (fitted.coefficients[1] == 0).all()
    # first-order condition with the two penalties
    logits = (fitted.coefficients[0, :2].T @ x).T + fitted.coefficients[0, 2]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    slope = SCENARIO_CONTRASTS.T @ ((p - np.eye(3)[codes]) * 0.1).T @ x.T
    np.testing.assert_allclose(
        slope, -moved * np.array([[100.0 * DIRECTION_FACTOR], [100.0]]), rtol=1e-4, atol=1e-4
    )


def test_scenario_contrasts_are_orthonormal():
    np.testing.assert_allclose(SCENARIO_CONTRASTS.T @ SCENARIO_CONTRASTS, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(SCENARIO_CONTRASTS.sum(axis=0), 0.0, atol=1e-15)
