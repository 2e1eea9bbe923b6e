"""Multinomial logistic regression that starts from somebody else's forecast.

The log-odds of a row are ``offset + coefficients . features``: with a ridge penalty the coefficients are
shrunk to 0, so the forecast is shrunk to the offset, and an infinite penalty returns the offset itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import cholesky
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from engine.errors import InputError
from engine.forecast.models.logistic_kernels import (
    contrasts,
    curvature,
    linear_logits,
    loss_and_gradient,
    softmax_rows,
)
from engine.forecast.models.minimise import Minimum, minimise

INFINITE = np.inf


class OffsetLogistic(ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression with a per-row offset and a ridge penalty.

    Minimises ``sum_i w_i * -log p_i[y_i] + penalty / 2 * ||coefficients||^2`` where ``p_i`` is the softmax
    of ``offset_i + coefficients . x_i + intercept``.  Without an offset and with ``penalise_intercept=False``
    this is scikit-learn's ``LogisticRegression(C=1 / penalty)``.

    Parameters
    ----------
    penalty : at least 0; ``numpy.inf`` or ``"infinite"`` returns the offset exactly.
    penalise_intercept : shrink the intercept too (the default: the forecast is shrunk to the offset, and a
        free intercept would be a departure from it).
    classes : the classes in the order of the offset's columns; None takes the sorted classes of ``y``.
        Name them when a class may be missing from a training window.
    tolerance : distance to the minimum, per unit of total weight, at which a fit stops.
    max_iterations : of the quasi-Newton method.
    warm_start : start from the coefficients of the previous ``fit``.

    Attributes
    ----------
    classes_ : (K,). coef_ : (K, p), columns sum to 0. intercept_ : (K,), sums to 0.
    n_iter_ : evaluations of the objective. n_features_in_ : p.

    NaN policy: NaN and infinity are refused in X, offset and sample_weight.

    >>> import numpy as np
    >>> X = np.array([[-1.0], [0.0], [1.0], [2.0]])
    >>> y = np.array([0, 0, 1, 1])
    >>> offset = np.log([[0.7, 0.3]] * 4)
    >>> OffsetLogistic(penalty="infinite").fit(X, y, offset=offset).predict_proba(X, offset=offset)[0].round(6)
    array([0.7, 0.3])
    """

    def __init__(
        self,
        penalty: float | str = 1.0,
        *,
        penalise_intercept: bool = True,
        classes: tuple[Any, ...] | None = None,
        tolerance: float = 1e-13,
        max_iterations: int = 500,
        warm_start: bool = False,
    ) -> None:
        self.penalty = penalty
        self.penalise_intercept = penalise_intercept
        self.classes = classes
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> OffsetLogistic:
        """Fit on X (n, p) and classes y (n,); offset (n, K) are log probabilities up to a row constant."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        self.classes_, codes = class_codes(y, self.classes)
        n_classes = len(self.classes_)
        offset = check_offset(offset, len(X), n_classes)
        basis = contrasts(n_classes)
        theta = np.zeros((X.shape[1] + 1, n_classes - 1))
        before = getattr(self, "coef_", None)
        if self.warm_start and before is not None and before.shape == (n_classes, X.shape[1]):
            theta[:-1] = before.T @ basis
            theta[-1] = getattr(self, "intercept_") @ basis  # noqa: B009
        penalty = check_penalty(self.penalty)
        if np.isinf(penalty):
            theta[:] = 0.0
            self.n_iter_ = 0
        else:
            features = np.ascontiguousarray(X.T)
            hessian = curvature(features, len(X), offset, weight, basis)
            fitted = fit_theta(
                features,
                len(X),
                offset,
                codes,
                weight,
                basis,
                theta,
                hessian,
                penalty,
                penalise_intercept=self.penalise_intercept,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
            )
            theta = fitted.point.reshape(theta.shape)
            self.n_iter_ = fitted.evaluations
        coefficients = theta @ basis.T
        self.coef_ = np.ascontiguousarray(coefficients[:-1].T)
        self.intercept_ = coefficients[-1].copy()
        return self

    def decision_logits(self, X: Any, offset: Any = None) -> np.ndarray:
        """Log-odds (n, K): ``offset + X . coef_ + intercept_``."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        offset = check_offset(offset, len(X), len(self.classes_))
        out = np.empty_like(offset)
        coefficients = np.vstack([self.coef_.T, self.intercept_])
        linear_logits(np.ascontiguousarray(X.T), coefficients, offset, out)
        return out

    def predict_proba(self, X: Any, offset: Any = None) -> np.ndarray:
        """Probabilities (n, K), rows sum to 1."""
        return softmax_rows(self.decision_logits(X, offset))

    def predict(self, X: Any, offset: Any = None) -> np.ndarray:
        """The most probable class of each row, (n,)."""
        logits = self.decision_logits(X, offset)
        return self.classes_[np.argmax(logits, axis=1)]


def fit_theta(
    features: np.ndarray,
    rows: int,
    offset: np.ndarray,
    codes: np.ndarray,
    weight: np.ndarray,
    basis: np.ndarray,
    start: np.ndarray,
    hessian: np.ndarray,
    penalty: float,
    *,
    penalise_intercept: bool = True,
    factors: np.ndarray | None = None,
    tolerance: float = 1e-13,
    max_iterations: int = 500,
) -> Minimum:
    """Coefficients in contrasts, (p + 1) * (K - 1) numbers, for one finite penalty.

    ``features`` is (p, >= rows), one feature after the other; only the first ``rows`` columns are used.
    ``factors`` (K - 1,) multiply the penalty of each contrast.  ``hessian`` is that of the unpenalised loss (see :func:`~engine.forecast.models.logistic_kernels.curvature`).
    """
    shape = start.shape
    ridge = np.full(shape, float(penalty))
    if factors is not None:
        ridge *= factors
    if not penalise_intercept:
        ridge[-1] = 0.0
    flat = ridge.ravel()
    matrix = hessian + np.diag(flat + 1e-9 * max(float(np.trace(hessian)) / len(hessian), 1e-12))
    factor = cholesky(matrix, lower=True, check_finite=False)
    gradient = np.empty(shape)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        point = theta.reshape(shape)
        value = loss_and_gradient(features, rows, offset, codes, weight, basis, point, gradient)
        return value + 0.5 * float(flat @ (theta * theta)), gradient.ravel() + flat * theta

    total = float(weight[:rows].sum())
    return minimise(
        objective,
        start.ravel(),
        factor,
        tolerance=tolerance * max(total, 1e-12),
        max_iterations=max_iterations,
    )


def check_penalty(penalty: float | str) -> float:
    """The penalty as a float (``inf`` for "infinite").

    Raises
    ------
    InputError
        ``forecast.bad_penalty`` for anything but a number >= 0 or "infinite".
    """
    if isinstance(penalty, str):
        if penalty == "infinite":
            return INFINITE
    elif not isinstance(penalty, bool) and penalty >= 0:
        return float(penalty)
    raise InputError("forecast.bad_penalty", f"penalty {penalty!r} is no number >= 0", 'or write "infinite"')


def class_codes(y: np.ndarray, classes: tuple[Any, ...] | None) -> tuple[np.ndarray, np.ndarray]:
    """The classes (K,) and the index of each ``y`` among them, (n,) int64.

    Raises
    ------
    InputError
        ``forecast.one_class``, ``forecast.unknown_class``.
    """
    if classes is None:
        found, codes = np.unique(y, return_inverse=True)
        if len(found) < 2:
            raise InputError(
                "forecast.one_class",
                f"the fit needs samples of at least 2 classes, y has one class: {found.tolist()}",
                "name all classes with classes=(...)",
            )
        return found, codes.astype(np.int64)
    known = np.asarray(classes)
    matches = y[:, None] == known[None, :]
    if not matches.any(axis=1).all():
        unknown = y[~matches.any(axis=1)][0]
        raise InputError(
            "forecast.unknown_class", f"y holds {unknown!r}, not one of the classes {known.tolist()}"
        )
    return known, np.argmax(matches, axis=1).astype(np.int64)


def check_offset(offset: Any, rows: int, n_classes: int) -> np.ndarray:
    """The offset as a (rows, n_classes) float64 array; zeros for None.

    Raises
    ------
    InputError
        ``forecast.bad_offset`` for a wrong shape, NaN or infinity.
    """
    if offset is None:
        return np.zeros((rows, n_classes))
    offset = np.ascontiguousarray(offset, dtype=np.float64)
    if offset.shape != (rows, n_classes):
        raise InputError(
            "forecast.bad_offset",
            f"offset has shape {offset.shape}, not ({rows}, {n_classes})",
            "one column per class",
        )
    if not np.isfinite(offset).all():
        raise InputError(
            "forecast.bad_offset", "offset holds NaN or infinity", "floor probabilities before the log"
        )
    return offset
