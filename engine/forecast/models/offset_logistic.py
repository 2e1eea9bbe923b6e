"""Multinomial logistic regression that starts from somebody else's forecast.

The log-odds of a row are ``offset + coefficients . features``: with a ridge penalty the coefficients are
shrunk to 0, so the forecast is shrunk to the offset, and an infinite penalty returns the offset itself.  The intercept
is shrunk too: a free one would be a departure from the offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf

from engine.forecast.models.learner import (
    DEVIATION_PENALTIES,
    DIRECTION_FACTOR,
    FOLD_TOLERANCE,
    PENALTIES,
    Model,
    Window,
    weighted_sum,
)
from engine.forecast.models.logistic_kernels import curvature, linear_logits, loss_and_gradient
from engine.forecast.models.minimise import Minimum, minimise
from engine.forecast.models.ridge_path import Ridge, RidgeCandidates, RidgePath

# orthonormal directions in which a table of scenarios can move: up or down, and wide or narrow
SCENARIO_CONTRASTS = np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]]) / np.sqrt([2.0, 6.0])


@dataclass(frozen=True, slots=True, eq=False)
class LogisticRows:
    """What coefficients are fitted to.

    Attributes
    ----------
    features : (p, n) without NaN. offset : (n, K) log probabilities up to a row constant.
    codes : (n,) int64 classes 0 .. K - 1, of which some may be missing. weight : (n,) at least 0.
    basis : (K, K - 1) orthonormal directions in which log-odds can move.
    """

    features: np.ndarray
    offset: np.ndarray
    codes: np.ndarray
    weight: np.ndarray
    basis: np.ndarray

    def curvature(self) -> np.ndarray:
        """Hessian of the unpenalised loss at the offset, see :func:`~.logistic_kernels.curvature`."""
        return curvature(self.features, self.offset, self.weight, self.basis)


def fit_theta(
    rows: LogisticRows, hessian: np.ndarray, start: np.ndarray, ridge: np.ndarray, tolerance: float
) -> Minimum:
    """Minimise ``sum_i weight_i * -log p_i[code_i] + sum(ridge * theta ** 2) / 2``.

    Parameters
    ----------
    hessian : of the unpenalised loss, roughly: :meth:`LogisticRows.curvature`.
    start, ridge : (p + 1, K - 1), intercept last: coefficients in the directions of the basis, and their penalties.
    tolerance : distance to the minimum, per unit of total weight, at which the fit stops.
    """
    shape = start.shape
    flat = ridge.ravel()
    matrix = hessian.copy()
    diagonal = matrix.ravel()[:: len(matrix) + 1]
    diagonal += flat + 1e-9 * max(float(np.trace(hessian)) / len(hessian), 1e-12)
    factor, failed = dpotrf(matrix, lower=1, clean=1)
    if failed:
        raise LinAlgError("the curvature is not positive definite")
    gradient = np.empty(shape)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value = loss_and_gradient(
            rows.features, rows.offset, rows.codes, rows.weight, rows.basis, theta.reshape(shape), gradient
        )
        return value + 0.5 * float(flat @ (theta * theta)), gradient.ravel() + flat * theta

    total = max(float(rows.weight.sum()), 1e-12)
    return minimise(objective, start.ravel(), factor, tolerance=tolerance * total)


class LinearCandidates(RidgeCandidates):
    """Coefficients (candidates, p + 1, 3) of models with one horizon, intercept last."""

    def moved(
        self, coefficients: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`~.ridge_path.RidgeCandidates`."""
        out = np.empty((offset.shape[0], 3))
        linear_logits(features, coefficients, np.ascontiguousarray(offset[:, 0]), out)
        return out[:, None]

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        return (weighted_sum(weights, self.coefficients)[:-1] * features[:, None]).T


LinearPath = RidgePath[LogisticRows, LinearCandidates]


def linear_path(
    penalties: Sequence[float] = PENALTIES,
    directions: np.ndarray = SCENARIO_CONTRASTS,
    shrunk: Sequence[float] = (DIRECTION_FACTOR, 1.0),
) -> LinearPath:
    """Offset logistic regressions of every penalty.

    Parameters
    ----------
    directions : (3, m) orthonormal, in which the features may move a table.
    shrunk : (m,) how many times the penalty each direction costs.
    """
    basis, times = np.ascontiguousarray(directions), np.array(shrunk)

    def rows(window: Window) -> LogisticRows:
        offset, codes = (np.ascontiguousarray(a[:, 0]) for a in (window.offset, window.codes))
        return LogisticRows(window.features, offset, codes, window.weight, basis)

    def fit(rows: LogisticRows, hessian: np.ndarray, start: np.ndarray, penalty: float) -> Minimum:
        return fit_theta(rows, hessian, start, np.tile(penalty * times, (len(start), 1)), FOLD_TOLERANCE)

    return RidgePath(
        Ridge((basis.shape[1],), rows, fit, lambda theta: LinearCandidates(theta @ basis.T)), penalties
    )


MODEL = Model(
    learner=lambda names, horizons: linear_path(),
    rebuilt=lambda arrays, horizons: LinearCandidates(arrays["coefficients"]),
    own=lambda: linear_path(DEVIATION_PENALTIES),
)
