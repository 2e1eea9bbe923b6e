from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from engine.forecast.models.logistic_kernels import curvature, linear_logits, loss_and_gradient
from engine.forecast.models.offset_logistic import SCENARIO_CONTRASTS
from tests.forecast.models.fits import contrasts, fitted_logistic, logistic_probabilities, logistic_rows


def problem(seed: int, n: int = 300, p: int = 4, n_classes: int = 3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    offset = rng.normal(size=(n, n_classes))
    truth = rng.normal(size=(p, n_classes)) * 0.5
    logits = offset + X @ truth
    p_true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = (rng.random(n)[:, None] > p_true.cumsum(1)[:, :-1]).sum(1)
    return X, y, offset, rng.uniform(0.1, 2.0, n)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 6))
def test_gradient_equals_finite_differences(seed, n_classes, p):
    X, y, offset, weight = problem(seed, 40, p, n_classes)
    basis = contrasts(n_classes)
    features = np.ascontiguousarray(X.T)
    rng = np.random.default_rng(seed + 1)
    theta = rng.normal(size=(p + 1, n_classes - 1))
    gradient, scratch = np.empty_like(theta), np.empty_like(theta)
    args = (features, offset, y.astype(np.int64), weight, basis)
    loss_and_gradient(*args, theta, gradient)
    step = 1e-5
    for index in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[index] += step
        down[index] -= step
        slope = (loss_and_gradient(*args, up, scratch) - loss_and_gradient(*args, down, scratch)) / (2 * step)
        assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_curvature_is_the_hessian_at_the_offset():
    X, y, offset, weight = problem(3)
    basis = contrasts(3)
    features = np.ascontiguousarray(X.T)
    hessian = curvature(features, offset, weight, basis)
    theta, up, down = np.zeros((5, 2)), np.empty((5, 2)), np.empty((5, 2))
    for column, index in enumerate(np.ndindex(theta.shape)):
        moved = theta.copy()
        moved[index] = 1e-5
        loss_and_gradient(features, offset, y.astype(np.int64), weight, basis, moved, up)
        loss_and_gradient(features, offset, y.astype(np.int64), weight, basis, -moved, down)
        np.testing.assert_allclose((up - down).ravel() / 2e-5, hessian[column], rtol=1e-5, atol=1e-5)


def test_contrasts_are_orthonormal_and_sum_to_zero():
    for basis in (contrasts(2), contrasts(5), SCENARIO_CONTRASTS):
        np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-15)
        np.testing.assert_allclose(basis.sum(axis=0), 0.0, atol=1e-15)


@pytest.mark.parametrize("penalty", [0.3, 5.0, 200.0])
def test_equals_scikit_learn_without_offset(penalty):
    X, y, offset, weight = problem(5)
    flat = np.zeros_like(offset)
    ours, _ = fitted_logistic(logistic_rows(X, y, flat, weight), penalty, free_intercept=True)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=5000).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours[:-1].T, theirs.coef_, atol=2e-6)
    np.testing.assert_allclose(logistic_probabilities(ours, X, flat), theirs.predict_proba(X), atol=2e-6)


def test_offset_acts_like_a_feature_with_coefficient_one():
    # the first-order condition of the penalised likelihood with the offset in place
    X, y, offset, weight = problem(8)
    fitted, _ = fitted_logistic(logistic_rows(X, y, offset, weight), 2.0)
    residual = weight[:, None] * (logistic_probabilities(fitted, X, offset) - np.eye(3)[y])
    np.testing.assert_allclose(X.T @ residual + 2.0 * fitted[:-1], 0.0, atol=1e-4)
    np.testing.assert_allclose(residual.sum(0) + 2.0 * fitted[-1], 0.0, atol=1e-4)


def test_a_class_missing_from_y_keeps_its_offset_share():
    X, y, offset, _ = problem(2)
    keep = y != 0
    fitted, _ = fitted_logistic(logistic_rows(X[keep], y[keep], offset[keep]), 50.0)
    p = logistic_probabilities(fitted, X, offset)
    assert np.isfinite(p).all()
    assert (p > 0).all()


def test_warm_start_reaches_the_same_minimum_sooner():
    X, y, offset, _ = problem(4, n=2000, p=10)
    cold, evaluations = fitted_logistic(logistic_rows(X, y, offset), 3.0)
    before, _ = fitted_logistic(logistic_rows(X[:1900], y[:1900], offset[:1900]), 3.0)
    warm, fewer = fitted_logistic(logistic_rows(X, y, offset), 3.0, start=before)
    np.testing.assert_allclose(warm, cold, atol=1e-5)
    assert fewer <= evaluations < 25


def test_a_row_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    features, coefficients = rng.normal(size=(7, 101)), rng.normal(size=(8, 3))
    offset = rng.normal(size=(101, 3))
    together, alone = np.empty((101, 3)), np.empty((1, 3))
    linear_logits(features, coefficients, offset, together)
    for i in (0, 50, 100):
        linear_logits(np.ascontiguousarray(features[:, i : i + 1]), coefficients, offset[i : i + 1], alone)
        assert (alone[0] == together[i]).all()
