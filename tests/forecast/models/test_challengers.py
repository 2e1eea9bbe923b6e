from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from engine.errors import InputError
from engine.forecast.models.boosting import TreeSettings, fit_trees, monotone_constraints
from engine.forecast.models.hazard import baseline_hazards, hazard_loss
from engine.forecast.models.ordinal import (
    OrdinalCandidates,
    cumulative_log_odds,
    ordinal_curvature,
    ordinal_loss,
)
from engine.forecast.models.trees import TreeModel
from tests.forecast.models.fits import (
    fitted_hazard,
    fitted_ordinal,
    hazard_paths,
    hazard_rows,
    ordinal_table,
)

# --- ordinal --------------------------------------------------------------------------------------


def ordered(seed: int, n: int = 400, p: int = 3, n_classes: int = 3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    offset = np.log(rng.dirichlet(np.full(n_classes, 3.0), n))
    latent = X @ np.linspace(0.6, -0.4, p)
    below = 1 / (1 + np.exp(-(cumulative_log_odds(offset) - latent[:, None])))
    y = (rng.random(n)[:, None] > below).sum(1)
    return X, y, offset, rng.uniform(0.2, 2.0, n)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_ordinal_gradient_equals_finite_differences(seed, n_classes):
    X, y, offset, weight = ordered(seed, 50, 3, n_classes)
    args = (np.ascontiguousarray(X.T), cumulative_log_odds(offset), y.astype(np.int64), weight)
    theta = np.random.default_rng(seed).normal(size=4)
    gradient, scratch = np.empty(4), np.empty(4)
    ordinal_loss(*args, theta, gradient)
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-5
        slope = (
            ordinal_loss(*args, theta + step, scratch) - ordinal_loss(*args, theta - step, scratch)
        ) / 2e-5
        assert gradient[j] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_ordinal_with_two_classes_is_logistic_regression():
    X, y, _, weight = ordered(4, n_classes=2)
    flat = np.zeros((len(X), 2))
    ours = fitted_ordinal(X, y, flat, 3.0, weight)
    padded = np.column_stack([X, np.ones(len(X))])  # our intercept is penalised too
    theirs = LogisticRegression(C=1 / 3.0, fit_intercept=False, tol=1e-10).fit(
        padded, y, sample_weight=weight
    )
    np.testing.assert_allclose(ours, theirs.coef_[0], atol=1e-5)


def test_ordinal_curvature_is_the_expected_hessian():
    # with many rows drawn from the model itself, the mean observed Hessian is the expected one
    X, _, offset, _ = ordered(1, 200_000, 2)
    below = 1 / (1 + np.exp(-cumulative_log_odds(offset)))
    y = (np.random.default_rng(0).random(len(X))[:, None] > below).sum(1).astype(np.int64)
    features, cumulative, weight = np.ascontiguousarray(X.T), cumulative_log_odds(offset), np.ones(len(X))
    expected = ordinal_curvature(features, cumulative, weight, most_rows=len(X))
    up, down = np.empty(3), np.empty(3)
    for j in range(3):
        step = np.zeros(3)
        step[j] = 1e-4
        ordinal_loss(features, cumulative, y, weight, step, up)
        ordinal_loss(features, cumulative, y, weight, -step, down)
        np.testing.assert_allclose((up - down) / 2e-4 / len(X), expected[j] / len(X), atol=5e-3)


def test_ordinal_without_coefficients_is_the_offset_and_moves_in_order():
    X, y, offset, _ = ordered(2)
    np.testing.assert_allclose(ordinal_table(np.zeros(4), X, offset), np.exp(offset), rtol=1e-10)
    kept = OrdinalCandidates(np.zeros((1, 4))).logits(X.T, offset[:, None], np.empty((0, 0, 3)))
    assert (kept[:, 0, 0] == offset).all()
    fitted = fitted_ordinal(X, y, offset, 1.0)
    assert fitted[0] > 0 > fitted[2]
    higher = X + np.array([1.0, 0.0, 0.0])
    moved = ordinal_table(fitted, higher, offset) - ordinal_table(fitted, X, offset)
    assert (moved[:, 2] > 0).all()
    assert (moved[:, 0] < 0).all()
    with pytest.raises(InputError):
        cumulative_log_odds(np.zeros((5, 1)))


# --- hazard ---------------------------------------------------------------------------------------


def events(seed: int, n: int = 300, sessions: int = 6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    steps = rng.dirichlet([0.6, 6.0, 0.8], (n, sessions))[..., [0, 2]] * 0.6
    paths = np.empty((n, sessions, 3))
    paths[..., [0, 2]] = np.cumsum(steps * 0.9 / sessions, axis=1)
    paths[..., 1] = 1 - paths[..., 0] - paths[..., 2]
    h = baseline_hazards(paths)
    eta = X @ np.array([[0.8, -0.5], [0.0, 0.4]])
    moved = h * np.exp(eta)[:, None, :]
    moved /= 1 - h.sum(2, keepdims=True) + moved.sum(2, keepdims=True)
    session, code = np.zeros(n, dtype=np.int64), np.full(n, -1)
    for j in range(sessions):
        u = rng.random(n)
        open_ = session == 0
        down, up = u < moved[:, j, 0], (u >= moved[:, j, 0]) & (u < moved[:, j].sum(1))
        code[open_ & down], code[open_ & up] = 0, 2
        session[open_ & (down | up)] = j + 1
    return X, session, code, paths


def brute_hazard_loss(X, h, session, code, theta):
    total = 0.0
    for i in range(len(X)):
        eta = np.append(X[i], 1.0) @ theta
        last = session[i] if session[i] else h.shape[1]
        for j in range(last):
            weights = np.array([1 - h[i, j].sum(), *(h[i, j] * np.exp(eta))])
            p = weights / weights.sum()
            event = 0
            if session[i] == j + 1:
                event = 1 if code[i] == 0 else 2
            base = np.array([1 - h[i, j].sum(), *h[i, j]])
            total -= np.log(p[event]) - np.log(base[event])
    return total


def test_hazard_loss_and_gradient_against_plain_python():
    X, session, code, paths = events(1, 60)
    h = baseline_hazards(paths)
    args = (np.ascontiguousarray(X.T), h, session, code.astype(np.int64), np.ones(len(X)))
    theta = np.random.default_rng(2).normal(size=(3, 2)) * 0.4
    gradient, scratch = np.empty((3, 2)), np.empty((3, 2))
    assert hazard_loss(*args, theta, gradient) == pytest.approx(brute_hazard_loss(X, h, session, code, theta))
    for index in np.ndindex(3, 2):
        step = np.zeros((3, 2))
        step[index] = 1e-5
        slope = (hazard_loss(*args, theta + step, scratch) - hazard_loss(*args, theta - step, scratch)) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_hazard_returns_its_baseline_finds_the_truth_and_never_falls():
    X, session, code, paths = events(3, 6000)
    same = hazard_paths(np.zeros((3, 2)), X, paths)
    np.testing.assert_allclose(same, paths, atol=1e-4)  # hazards are floored at 1e-5 a session
    fitted = fitted_hazard(hazard_rows(X, session, code, paths), 1.0)
    # several hundred events of each kind: standard errors of about 0.05
    np.testing.assert_allclose(fitted[:-1].T, [[0.8, 0.0], [-0.5, 0.4]], atol=0.25)
    p = hazard_paths(fitted, X, paths)
    np.testing.assert_allclose(p.sum(2), 1.0, atol=1e-12)
    assert (np.diff(p[..., 0], axis=1) >= 0).all()
    assert (np.diff(p[..., 2], axis=1) >= 0).all()


def test_a_session_that_decides_nearly_everything_keeps_its_hazard():
    # continuation in the first session with probability 0.7, in the second 0.8 of what is left, then nothing
    paths = np.array([[[0.05, 0.25, 0.70], [0.05, 0.05, 0.90], [0.05, 0.05, 0.90]]])
    np.testing.assert_allclose(baseline_hazards(paths)[0, :2], [[0.05, 0.7], [1e-5, 0.8]], atol=1e-9)
    np.testing.assert_allclose(hazard_paths(np.zeros((2, 2)), np.zeros((1, 1)), paths), paths, atol=1e-4)


def test_hazard_refusals():
    _, _, _, paths = events(0, 40)
    with pytest.raises(InputError, match="falls"):
        baseline_hazards(paths[:, ::-1].copy())
    with pytest.raises(InputError):
        baseline_hazards(paths[0])


# --- boosting -------------------------------------------------------------------------------------


def test_trees_as_arrays_predict_like_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) + rng.normal(size=600) > 0).astype(int)
    ours = fit_trees(X, 2 * y, None, TreeSettings(iterations=15, ridge=1.0))
    theirs = HistGradientBoostingClassifier(
        max_iter=15, learning_rate=0.08, max_leaf_nodes=6, l2_regularization=1.0, early_stopping=False
    ).fit(X, y)
    # without a class between them, both sums of trees answer the same question
    np.testing.assert_allclose(ours.predict_proba(X)[:, [0, 2]], theirs.predict_proba(X), atol=1e-8)
    again = TreeModel.of(ours.arrays())
    assert (again.predict_proba(X) == ours.predict_proba(X)).all()


def test_a_farther_target_is_never_more_likely():
    rng = np.random.default_rng(1)
    names = ("target_distance_sigma", "floor_distance_sigma", "rsi_14")
    X = rng.normal(size=(1500, 3))
    y = rng.integers(0, 3, 1500)  # noise: without constraints the trees would bend
    fitted = fit_trees(X, y, monotone_constraints(names), TreeSettings())
    start = rng.normal(size=(50, 3))
    before, before_floor = np.ones(50), np.ones(50)
    for distance in np.linspace(-3, 3, 25):
        start[:, 0] = distance
        p = fitted.predict_proba(start)[:, 2]
        assert (p <= before + 1e-12).all()
        before = p
    start[:, 0] = 0.0
    for distance in np.linspace(-3, 3, 25):
        start[:, 1] = distance
        p = fitted.predict_proba(start)[:, 0]
        assert (p <= before_floor + 1e-12).all()
        before_floor = p


def test_boosting_without_one_class():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2))
    p = fit_trees(X, rng.integers(1, 3, 200), None, TreeSettings()).predict_proba(X)
    assert p.shape == (200, 3)
    np.testing.assert_allclose(p.sum(1), 1.0)
    assert (p[:, 0] < 1e-6).all()


def test_hazard_shrinks_a_tilt_harder_than_a_widening():
    X, session, code, paths = events(5, 3000)
    rows = hazard_rows(X, session, code, paths)
    point = fitted_hazard(rows, 20.0, direction_factor=4.0)
    slope = np.empty((3, 2))
    hazard_loss(rows.features, rows.hazards, rows.session, rows.code, rows.weight, point, slope)
    tilt, widen = np.array([-1.0, 1.0]) / np.sqrt(2), np.array([1.0, 1.0]) / np.sqrt(2)
    np.testing.assert_allclose(slope @ tilt, -80.0 * (point @ tilt), atol=1e-3)
    np.testing.assert_allclose(slope @ widen, -20.0 * (point @ widen), atol=1e-3)
