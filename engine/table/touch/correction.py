"""Ridge logistic regression on top of an offset: what a level's features add to the log-odds of a touch."""

from __future__ import annotations

import numba
import numpy as np

_NEWTON_STEPS = 25
_HALVINGS = 20
_CONVERGED = 1e-7  # of the loss; far below what one more observation would move


def fit_correction(
    design: np.ndarray,
    offset: np.ndarray,
    labels: np.ndarray,
    weight: np.ndarray,
    penalty: float,
    start: np.ndarray,
) -> np.ndarray:
    """Ridge logistic regression with an offset, by damped Newton steps.

    Parameters
    ----------
    design : (pairs, w) columns; offset, labels : (pairs, h), the label -1 is left out; weight : (pairs,).
    penalty : of ``|coefficients| ** 2 / 2``, intercepts included, as the offset is the centre of everything.
    start : (w,) coefficients to start from.

    Returns
    -------
    (w,) float64 coefficients.
    """

    def evaluate(coefficients: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        gradient = penalty * coefficients
        hessian = penalty * np.eye(len(coefficients))
        loss = _add_derivatives(design, offset, labels, weight, coefficients, gradient, hessian)
        return loss + 0.5 * penalty * float(coefficients @ coefficients), gradient, hessian

    current = start
    value, gradient, hessian = evaluate(current)
    for _ in range(_NEWTON_STEPS):
        step = np.linalg.solve(hessian, gradient)
        for halvings in range(_HALVINGS):
            trial = current - step * 0.5**halvings
            trial_value, trial_gradient, trial_hessian = evaluate(trial)
            if trial_value <= value:
                break
        else:
            return current
        gained = value - trial_value
        current, value, gradient, hessian = trial, trial_value, trial_gradient, trial_hessian
        if gained <= _CONVERGED * (1.0 + abs(value)):
            break
    return current


@numba.njit(cache=True, nogil=True)
def _add_derivatives(design, offset, labels, weight, coefficients, gradient, hessian):
    width = len(coefficients)
    loss = 0.0
    for i in range(len(design)):
        correction = 0.0
        for a in range(width):
            correction += design[i, a] * coefficients[a]
        slope = 0.0
        curvature = 0.0
        for k in range(offset.shape[1]):
            if labels[i, k] >= 0:
                z = offset[i, k] + correction
                small = np.exp(-abs(z))
                p = (1.0 if z >= 0.0 else small) / (1.0 + small)
                slope += weight[i] * (p - labels[i, k])
                curvature += weight[i] * p * (1.0 - p)
                loss += weight[i] * (max(z, 0.0) - labels[i, k] * z + np.log1p(small))
        for a in range(width):
            gradient[a] += slope * design[i, a]
            x = curvature * design[i, a]
            for b in range(a + 1):
                hessian[a, b] += x * design[i, b]
    for a in range(width):
        for b in range(a):
            hessian[b, a] = hessian[a, b]
    return loss
