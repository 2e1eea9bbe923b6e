"""``vector`` and ``matrix``: log-odds rescaled and shifted class by class, or mixed between classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from engine.forecast.calibration.calibrator import CalibratorKind, sound_probabilities, sound_rows
from engine.forecast.models.logistic_kernels import log_rows, softmax_rows
from engine.forecast.probabilities import FLOOR, floor_probabilities

_DIAGONAL_PRIOR = 16.0
_INTERCEPT_PRIOR = 16.0
_MOST_STEPS = 50
_CLOSE = 1e-8  # of the loss, that the last step is expected to save
_OFF_DIAGONAL_PRIOR = 64.0  # structured ridge: classes feed into each other only on strong evidence


class AffineCalibrator:
    """Log-odds ``matrix_ @ log p + intercept_``, shrunk to the identity matrix and no intercept.

    Only the diagonal is free, or, where ``full``, all entries, with the off-diagonal ones shrunk harder.

    Source: Kull et al., Beyond temperature scaling (2019), section 3.
    """

    matrix_: np.ndarray
    intercept_: np.ndarray

    def __init__(
        self,
        full: bool = False,
        *,
        diagonal_prior: float = _DIAGONAL_PRIOR,
        off_diagonal_prior: float = _OFF_DIAGONAL_PRIOR,
        intercept_prior: float = _INTERCEPT_PRIOR,
    ) -> None:
        self.full = full
        self.diagonal_prior = diagonal_prior
        self.off_diagonal_prior = off_diagonal_prior
        self.intercept_prior = intercept_prior

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> AffineCalibrator:
        """Newton's method: the loss is convex, and the ridge keeps its curvature away from 0."""
        p, codes, weight = sound_rows(p, codes, sample_weight)
        k = p.shape[1]
        z = _centred(p)
        diagonal = np.eye(k, dtype=bool)
        # one row of parameters a class: what each log-odds adds to its change, and its shift last
        prior = np.full((k, k + 1), self.off_diagonal_prior)
        prior[:, :k][diagonal], prior[:, k] = self.diagonal_prior, self.intercept_prior
        free = np.hstack([diagonal | self.full, np.ones((k, 1), dtype=bool)]).ravel()
        pull = prior.ravel()[free]
        theta = np.zeros(k * (k + 1))

        def at(point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
            gradient, curvature = np.empty(len(point)), np.empty((len(point), len(point)))
            loss = _second_order(z, codes, weight, point.reshape(k, k + 1), self.full, gradient, curvature)
            own = point[free]
            penalised = curvature[np.ix_(free, free)] + np.diag(pull)
            return loss + 0.5 * float(pull @ own**2), gradient[free] + pull * own, penalised

        value, gradient, curvature = at(theta)
        for _ in range(_MOST_STEPS):
            step = np.linalg.solve(curvature, gradient)
            expected = float(gradient @ step)
            if expected < _CLOSE * (1.0 + abs(value)):
                theta[free] -= step  # the error that is left is its square
                break
            length = 1.0
            while True:
                candidate = theta.copy()
                candidate[free] -= length * step
                new = at(candidate)
                if new[0] <= value - 0.1 * length * expected or length < 1e-6:
                    break
                length *= 0.5
            theta, (value, gradient, curvature) = candidate, new
        change = theta.reshape(k, k + 1)
        self.matrix_ = np.eye(k) + change[:, :k]
        self.intercept_ = change[:, k].copy()
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Rescaled probabilities, floored."""
        z = _centred(sound_probabilities(p))
        logits = np.tile(self.intercept_, (len(z), 1))
        for j in range(z.shape[1]):  # a plain sum: a matrix product may round rows differently
            logits += z[:, j, None] * self.matrix_[:, j]
        return floor_probabilities(softmax_rows(logits))

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.calibrator.Calibrator`."""
        return {"matrix": self.matrix_, "intercept": self.intercept_}


@numba.njit(cache=True, nogil=True)
def _second_order(z, codes, weight, theta, full, gradient, curvature):
    """Weighted log loss in nats; ``gradient`` (K (K + 1),) and ``curvature`` of it are overwritten.

    z (n, K) centred log probabilities, codes (n,) in 0 .. K - 1, weight (n,), theta (K, K + 1): the log-odds of class c
    are ``z[c] + theta[c, :K] . z + theta[c, K]``.  Unless ``full``, only the curvature of theta[c, c] and theta[c, K] is
    filled.
    """
    n, k = z.shape
    width = k + 1
    gradient[:] = 0.0
    curvature[:] = 0.0
    x, p = np.ones(width), np.empty(k)
    total = 0.0
    for i in range(n):
        top = -np.inf
        for c in range(k):
            x[c] = z[i, c]
        for c in range(k):
            value = x[c]
            for j in range(width):
                value += theta[c, j] * x[j]
            p[c] = value
            top = max(top, value)
        own = p[codes[i]]
        mass = 0.0
        for c in range(k):
            p[c] = math.exp(p[c] - top)
            mass += p[c]
        total += weight[i] * (top + math.log(mass) - own)
        for c in range(k):
            p[c] /= mass
        for c in range(k):
            residual = weight[i] * (p[c] - (1.0 if codes[i] == c else 0.0))
            for j in range(width):
                gradient[c * width + j] += residual * x[j]
            for d in range(c, k):
                local = weight[i] * p[c] * ((1.0 if c == d else 0.0) - p[d])
                if not full:
                    curvature[c * width + c, d * width + d] += local * x[c] * x[d]
                    curvature[c * width + c, d * width + k] += local * x[c]
                    curvature[c * width + k, d * width + d] += local * x[d]
                    curvature[c * width + k, d * width + k] += local
                    continue
                for j in range(width):
                    for other in range(width):
                        curvature[c * width + j, d * width + other] += local * x[j] * x[other]
    for a in range(k * width):
        for b in range(a):
            curvature[a, b] = curvature[b, a]
    return total


def _centred(p: np.ndarray) -> np.ndarray:
    logs = log_rows(p, FLOOR)
    return logs - logs.mean(axis=1, keepdims=True)


def _rebuilt(arrays: Mapping[str, np.ndarray]) -> AffineCalibrator:
    fitted = AffineCalibrator()
    fitted.matrix_, fitted.intercept_ = arrays["matrix"], arrays["intercept"]
    return fitted


VECTOR = CalibratorKind(make=AffineCalibrator, rebuilt=_rebuilt)
MATRIX = CalibratorKind(make=lambda: AffineCalibrator(full=True), rebuilt=_rebuilt)
