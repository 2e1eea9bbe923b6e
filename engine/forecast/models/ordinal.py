"""Cumulative logit that starts from somebody else's forecast: one number per row moves the whole table.

``P(outcome <= k) = logistic(a_k - coefficients . x)`` where ``a_k`` are the cumulative log-odds of the
offset.  Because breakdown < range < continuation are ordered, a feature can only make the table more or
less bullish: one coefficient per feature instead of two.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from scipy.linalg import cholesky
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from engine.errors import InputError
from engine.forecast.folds.selection import DIRECTION_FACTOR
from engine.forecast.models.learner import FOLD_TOLERANCE, Window, weighted_sum
from engine.forecast.models.minimise import Minimum, minimise
from engine.forecast.models.offset_logistic import check_offset, check_penalty, class_codes
from engine.kernels.row_blocks import REASSOCIATE, add_gradient_block, linear_block
from engine.scenarios import BREAKDOWN, CONTINUATION

_BLOCK = 256


class OrdinalLogistic(ClassifierMixin, BaseEstimator):
    """Proportional-odds logistic regression with a per-row offset and a ridge penalty.

    Parameters
    ----------
    penalty : ridge on all coefficients and the intercept; ``numpy.inf`` or "infinite" returns the offset.
    classes : the classes from lowest to highest; None takes the sorted classes of ``y``.
    tolerance, max_iterations : of the quasi-Newton method, as in ``OffsetLogistic``.

    Attributes
    ----------
    classes_ : (K,). coef_ : (p,), positive coefficients favour higher classes. intercept_ : float.
    class_prior_ : (K,) class frequencies, the offset of rows that come without one.

    NaN is refused.  Source: McCullagh, Regression models for ordinal data (1980).
    """

    def __init__(
        self,
        penalty: float | str = 1.0,
        *,
        classes: tuple[Any, ...] | None = None,
        tolerance: float = 1e-13,
        max_iterations: int = 500,
    ) -> None:
        self.penalty = penalty
        self.classes = classes
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # classes without an order cannot be told apart by one number
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> OrdinalLogistic:
        """Fit on X (n, p), ordered classes y (n,) and offset (n, K), log probabilities up to a constant."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        self.classes_, codes = class_codes(y, self.classes)
        counts = np.bincount(codes, weights=weight, minlength=len(self.classes_)) + 1e-6
        self.class_prior_ = counts / counts.sum()
        cumulative = cumulative_log_odds(self._offset(offset, len(X)))
        features = np.ascontiguousarray(X.T)
        theta = np.zeros(X.shape[1] + 1)
        penalty = check_penalty(self.penalty)
        self.n_iter_ = 0
        if not np.isinf(penalty):
            fitted = fit_ordinal(
                features,
                cumulative,
                codes,
                weight,
                theta,
                ordinal_curvature(features, cumulative, weight),
                penalty,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
            )
            theta = fitted.point
            self.n_iter_ = fitted.evaluations
        self.coef_ = theta[:-1]
        self.intercept_ = float(theta[-1])
        return self

    def predict_proba(self, X: Any, offset: Any = None) -> np.ndarray:
        """Probabilities (n, K), rows sum to 1."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        cumulative = cumulative_log_odds(self._offset(offset, len(X)))
        out = np.empty((len(X), len(self.classes_)))
        ordinal_probabilities(
            np.ascontiguousarray(X.T), cumulative, np.append(self.coef_, self.intercept_), out
        )
        return out

    def predict(self, X: Any, offset: Any = None) -> np.ndarray:
        """The most probable class of each row, (n,)."""
        p = self.predict_proba(X, offset)
        return self.classes_[np.argmax(p, axis=1)]

    def _offset(self, offset: Any, rows: int) -> np.ndarray:
        if offset is None:
            return np.tile(np.log(self.class_prior_), (rows, 1))
        return check_offset(offset, rows, len(self.classes_))


class OrdinalCandidates:
    """Candidates (C, p + 1) of one fold; the last is all zeros."""

    def __init__(self, coefficients: np.ndarray) -> None:
        self.coefficients = coefficients

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return np.stack([self._of(c, features, offset) for c in self.coefficients], axis=1)

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return self._of(weighted_sum(weights, self.coefficients), features, offset)

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        out = np.zeros((3, len(features)))
        out[CONTINUATION] = weighted_sum(weights, self.coefficients)[:-1] * features
        out[BREAKDOWN] = -out[CONTINUATION]
        return out

    def arrays(self) -> dict[str, Any]:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return {"kind": "ordinal", "coefficients": self.coefficients}

    @staticmethod
    def _of(coefficients: np.ndarray, features: np.ndarray, offset: np.ndarray) -> np.ndarray:
        if not coefficients.any():
            return offset.copy()
        base = np.ascontiguousarray(offset[:, 0])
        p = np.empty(base.shape)
        ordinal_probabilities(features, cumulative_log_odds(base), coefficients, p)
        logs = np.empty(p.shape)
        _log(p, logs)
        return logs[:, None]


class OrdinalLearner:
    """Ridge path of cumulative logits, each penalty warm-started from the previous fold."""

    def __init__(self, penalties: tuple[float, ...], tolerance: float = FOLD_TOLERANCE) -> None:
        self.penalties = penalties
        self.candidates = len(penalties)
        self.tolerance = tolerance
        self._theta: np.ndarray | None = None

    def due(self, rows: int) -> bool:
        """Fitted again for every fold."""
        return True

    def fit(self, window: Window) -> OrdinalCandidates:
        """Fit all penalties to the window."""
        if self._theta is None:
            self._theta = np.zeros((self.candidates, len(window.features) + 1))
        cumulative = cumulative_log_odds(np.ascontiguousarray(window.offset[:, 0]))
        codes = np.ascontiguousarray(window.codes[:, 0])
        hessian = ordinal_curvature(window.features, cumulative, window.weight)
        for c, penalty in enumerate(self.penalties):
            if not np.isinf(penalty):
                self._theta[c] = fit_ordinal(
                    window.features,
                    cumulative,
                    codes,
                    window.weight,
                    self._theta[c],
                    hessian,
                    DIRECTION_FACTOR * penalty,  # all it can do is tilt the table
                    tolerance=self.tolerance,
                ).point
        return OrdinalCandidates(self._theta.copy())


def fit_ordinal(
    features: np.ndarray,
    cumulative: np.ndarray,
    codes: np.ndarray,
    weight: np.ndarray,
    start: np.ndarray,
    hessian: np.ndarray,
    penalty: float,
    *,
    tolerance: float = 1e-13,
    max_iterations: int = 500,
) -> Minimum:
    """Coefficients (p + 1,), intercept last, for features (p, n) and cumulative log-odds (n, K - 1)."""
    d = len(start)
    jitter = 1e-9 * max(float(np.trace(hessian)) / d, 1e-12)
    factor = cholesky(hessian + (penalty + jitter) * np.eye(d), lower=True, check_finite=False)
    gradient = np.empty(d)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value = ordinal_loss(features, cumulative, codes, weight, theta, gradient)
        return value + 0.5 * penalty * float(theta @ theta), gradient + penalty * theta

    total = max(float(weight.sum()), 1e-12)
    return minimise(objective, start, factor, tolerance=tolerance * total, max_iterations=max_iterations)


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
    """Weighted negative log-likelihood; ``gradient`` (p + 1,) is overwritten.  No penalty."""
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
    """Probabilities (n, K), row by row: a row never depends on its neighbours."""
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
