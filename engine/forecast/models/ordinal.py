"""Cumulative logit that starts from somebody else's forecast: one number per row moves the whole table.

``P(outcome <= k) = logistic(a_k - coefficients . x)`` where ``a_k`` are the cumulative log-odds of the
offset.  Because breakdown < range < continuation are ordered, a feature can only make the table more or
less bullish: one coefficient per feature instead of two.

Source: McCullagh, Regression models for ordinal data (1980).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from scipy.linalg import cholesky

from engine.errors import InputError
from engine.forecast.models.learner import (
    DIRECTION_FACTOR,
    FOLD_TOLERANCE,
    Model,
    Window,
    weighted_sum,
)
from engine.forecast.models.minimise import Minimum, minimise
from engine.forecast.models.ridge_path import Ridge, RidgeCandidates, RidgePath
from engine.kernels.row_blocks import REASSOCIATE, add_gradient_block, linear_block
from engine.scenarios import BREAKDOWN, CONTINUATION

_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalRows:
    """What coefficients are fitted to.

    Attributes
    ----------
    features : (p, n) without NaN. cumulative : (n, K - 1) log-odds of "class k or lower".
    codes : (n,) int64 classes 0 .. K - 1, lowest first. weight : (n,) at least 0.
    """

    features: np.ndarray
    cumulative: np.ndarray
    codes: np.ndarray
    weight: np.ndarray

    def curvature(self) -> np.ndarray:
        """Expected Hessian of the unpenalised loss at the offset, see :func:`ordinal_curvature`."""
        return ordinal_curvature(self.features, self.cumulative, self.weight)


class OrdinalCandidates(RidgeCandidates):
    """Candidates (C, p + 1) of one fold; the last is all zeros."""

    def moved(
        self, coefficients: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`~.ridge_path.RidgeCandidates`."""
        if not coefficients.any():
            return offset.copy()
        base = np.ascontiguousarray(offset[:, 0])
        p = np.empty(base.shape)
        ordinal_probabilities(features, cumulative_log_odds(base), coefficients, p)
        logs = np.empty(p.shape)
        _log(p, logs)
        return logs[:, None]

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        out = np.zeros((3, len(features)))
        out[CONTINUATION] = weighted_sum(weights, self.coefficients)[:-1] * features
        out[BREAKDOWN] = -out[CONTINUATION]
        return out


def _rows(window: Window) -> OrdinalRows:
    offset, codes = (np.ascontiguousarray(a[:, 0]) for a in (window.offset, window.codes))
    return OrdinalRows(window.features, cumulative_log_odds(offset), codes, window.weight)


def _fit(rows: OrdinalRows, hessian: np.ndarray, start: np.ndarray, penalty: float) -> Minimum:
    # all it can do is tilt the table
    return fit_ordinal(rows, hessian, start, DIRECTION_FACTOR * penalty, FOLD_TOLERANCE)


MODEL = Model(
    learner=lambda names, horizons: RidgePath(Ridge((), _rows, _fit, OrdinalCandidates)),
    rebuilt=lambda arrays, horizons: OrdinalCandidates(arrays["coefficients"]),
)


def fit_ordinal(
    rows: OrdinalRows, hessian: np.ndarray, start: np.ndarray, penalty: float, tolerance: float
) -> Minimum:
    """Coefficients (p + 1,), intercept last; ``tolerance`` is per unit of total weight."""
    d = len(start)
    jitter = 1e-9 * max(float(np.trace(hessian)) / d, 1e-12)
    factor = cholesky(hessian + (penalty + jitter) * np.eye(d), lower=True, check_finite=False)
    gradient = np.empty(d)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value = ordinal_loss(rows.features, rows.cumulative, rows.codes, rows.weight, theta, gradient)
        return value + 0.5 * penalty * float(theta @ theta), gradient + penalty * theta

    total = max(float(rows.weight.sum()), 1e-12)
    return minimise(objective, start, factor, tolerance=tolerance * total)


def cumulative_log_odds(offset: np.ndarray) -> np.ndarray:
    """Log-odds of "class k or lower", (n, K - 1), from log probabilities (n, K) up to a row constant."""
    if offset.shape[1] < 2:
        raise InputError("forecast.one_class", "an ordinal model needs samples of at least 2 classes")
    out = np.empty((offset.shape[0], offset.shape[1] - 1))
    _cumulative(offset, out)
    return out


@numba.njit(cache=True, nogil=True)
def _cumulative(offset, out):
    n, k = offset.shape
    p = np.empty(k)
    for i in range(n):
        top = offset[i].max()
        for c in range(k):
            p[c] = math.exp(offset[i, c] - top)
        for c in range(k - 1):
            below = 0.0
            above = 0.0
            for j in range(k):
                if j <= c:
                    below += p[j]
                else:
                    above += p[j]
            out[i, c] = math.log(max(below, 1e-300)) - math.log(max(above, 1e-300))


@numba.njit(cache=True, nogil=True)
def _log(p, out):
    for i in range(p.shape[0]):
        for c in range(p.shape[1]):
            out[i, c] = math.log(p[i, c])


@numba.njit(cache=True, nogil=True, fastmath=REASSOCIATE)
def ordinal_loss(features, cumulative, codes, weight, theta, gradient):
    """Weighted negative log-likelihood without a penalty, in nats; ``gradient`` (p + 1,) is overwritten.

    features (p, n), cumulative (n, K - 1), codes (n,), weight (n,): see :class:`OrdinalRows`; theta (p + 1,), intercept
    last.
    """
    n = features.shape[1]
    last = cumulative.shape[1]
    gradient[:] = 0.0
    scores = np.empty((1, _BLOCK))
    residuals = np.empty((1, _BLOCK))
    eta, residual = scores[0], residuals[0]
    one_column = theta.reshape(-1, 1)
    total = 0.0
    for begin in range(0, n, _BLOCK):
        width = min(_BLOCK, n - begin)
        linear_block(features, begin, width, one_column, scores)
        for i in range(width):
            t = begin + i
            k = codes[t]
            upper = 1.0
            lower = 0.0
            if k < last:
                upper = 1.0 / (1.0 + math.exp(min(700.0, eta[i] - cumulative[t, k])))
            if k > 0:
                lower = 1.0 / (1.0 + math.exp(min(700.0, eta[i] - cumulative[t, k - 1])))
            chance = upper - lower
            if k == last:  # without cancellation
                chance = 1.0 / (1.0 + math.exp(min(700.0, cumulative[t, k - 1] - eta[i])))
            total -= weight[t] * math.log(max(chance, 1e-300))
            residual[i] = weight[t] * (1.0 - upper - lower)
        add_gradient_block(features, begin, width, residuals, gradient.reshape(-1, 1))
    return total


@numba.njit(cache=True, nogil=True)
def ordinal_probabilities(features, cumulative, theta, out):
    """Fill ``out`` (n, K) with probabilities, row by row: a row never depends on its neighbours.

    features (p, n), cumulative (n, K - 1) log-odds of the offset, theta (p + 1,), intercept last.
    """
    p, n = features.shape
    last = cumulative.shape[1]
    for i in range(n):
        eta = theta[p]
        for j in range(p):
            eta += features[j, i] * theta[j]
        before = 0.0
        mass = 0.0
        for k in range(last):
            at = 1.0 / (1.0 + math.exp(min(700.0, eta - cumulative[i, k])))
            out[i, k] = max(at - before, 1e-12)
            mass += out[i, k]
            before = at
        out[i, last] = max(1.0 / (1.0 + math.exp(min(700.0, cumulative[i, last - 1] - eta))), 1e-12)
        mass += out[i, last]
        for k in range(last + 1):
            out[i, k] /= mass


def ordinal_curvature(
    features: np.ndarray, cumulative: np.ndarray, weight: np.ndarray, most_rows: int = 2000
) -> np.ndarray:
    """Expected Hessian of the unpenalised loss at coefficients 0, (p + 1, p + 1), from every n-th row."""
    stride = max(1, features.shape[1] // most_rows)
    x = np.vstack([features[:, ::stride], np.ones((1, features[:, ::stride].shape[1]))])
    below = 1.0 / (1.0 + np.exp(-cumulative[::stride]))
    spread = below * (1.0 - below)
    p = np.diff(below, axis=1, prepend=0.0, append=1.0)
    padded = np.pad(spread, ((0, 0), (1, 1)))
    local = (p * (padded[:, 1:] + padded[:, :-1])).sum(axis=1)
    w = weight[::stride] * (weight.sum() / max(float(weight[::stride].sum()), 1e-300))
    return (x * (w * local)) @ x.T
