"""Fits and forecasts of one model each, from plain arrays: what the learners do fold by fold."""

from __future__ import annotations

import numpy as np

from engine.forecast.models.hazard import HazardRows, baseline_hazards, cumulate, event_ridge, fit_hazard
from engine.forecast.models.logistic_kernels import linear_logits, softmax_rows
from engine.forecast.models.offset_logistic import LogisticRows, fit_theta
from engine.forecast.models.ordinal import (
    OrdinalRows,
    cumulative_log_odds,
    fit_ordinal,
    ordinal_probabilities,
)

TIGHT = 1e-13


def contrasts(n_classes: int) -> np.ndarray:
    """Orthonormal (K, K - 1) Helmert basis of the vectors that sum to 0."""
    basis = np.zeros((n_classes, n_classes - 1))
    for j in range(n_classes - 1):
        basis[: j + 1, j] = 1.0
        basis[j + 1, j] = -(j + 1.0)
        basis[:, j] /= np.sqrt((j + 1.0) * (j + 2.0))
    return basis


def logistic_rows(X, y, offset, weight=None) -> LogisticRows:
    weight = np.ones(len(X)) if weight is None else weight
    features = np.ascontiguousarray(X.T)
    return LogisticRows(features, offset, y.astype(np.int64), weight, contrasts(offset.shape[1]))


def fitted_logistic(rows: LogisticRows, penalty, start=None, free_intercept=False):
    """Coefficients (p + 1, K), intercept last, and the evaluations made."""
    shape = (len(rows.features) + 1, rows.basis.shape[1])
    ridge = np.full(shape, float(penalty))
    if free_intercept:
        ridge[-1] = 0.0
    start = np.zeros(shape) if start is None else start @ rows.basis
    found = fit_theta(rows, rows.curvature(), start, ridge, TIGHT)
    return found.point.reshape(shape) @ rows.basis.T, found.evaluations


def logistic_probabilities(coefficients, X, offset):
    out = np.empty_like(offset)
    linear_logits(np.ascontiguousarray(X.T), coefficients, offset, out)
    return softmax_rows(out)


def fitted_ordinal(X, y, offset, penalty, weight=None):
    weight = np.ones(len(X)) if weight is None else weight
    rows = OrdinalRows(np.ascontiguousarray(X.T), cumulative_log_odds(offset), y.astype(np.int64), weight)
    return fit_ordinal(rows, rows.curvature(), np.zeros(X.shape[1] + 1), penalty, TIGHT).point


def ordinal_table(theta, X, offset):
    out = np.empty_like(offset)
    ordinal_probabilities(np.ascontiguousarray(X.T), cumulative_log_odds(offset), theta, out)
    return out


def hazard_rows(X, session, code, paths) -> HazardRows:
    return HazardRows(
        np.ascontiguousarray(X.T), baseline_hazards(paths), session, code.astype(np.int64), np.ones(len(X))
    )


def fitted_hazard(rows: HazardRows, penalty, direction_factor=1.0):
    shape = (len(rows.features) + 1, 2)
    ridge = event_ridge(penalty, direction_factor)
    return fit_hazard(rows, rows.curvature(), np.zeros(shape), ridge, TIGHT).point.reshape(shape)


def hazard_paths(theta, X, paths):
    out = np.empty(paths.shape)
    cumulate(np.ascontiguousarray(X.T), baseline_hazards(paths), theta, out)
    return out
