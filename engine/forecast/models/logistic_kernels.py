"""Loss and gradient of multinomial logistic regression with an offset, in one pass over the rows.

Coefficients are kept in ``K - 1`` orthonormal contrasts instead of ``K`` classes.  The ridge penalty of
the two forms is the same (an orthonormal basis keeps lengths) and the redundant direction, which changes
no probability, is gone.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from engine.kernels.row_blocks import REASSOCIATE, add_gradient_block, linear_block

_BLOCK = 256


@numba.njit(cache=True, nogil=True, fastmath=REASSOCIATE)
def loss_and_gradient(features, offset, codes, weight, basis, theta, gradient):
    """Weighted negative log-likelihood without a penalty, in nats; ``gradient`` is overwritten.

    features (p, n), offset (n, K) log-odds, codes (n,) in 0 .. K - 1, weight (n,), basis (K, K - 1), theta and
    gradient (p + 1, K - 1), intercept last.
    """
    rows = features.shape[1]
    n_classes, m = basis.shape
    gradient[:] = 0.0
    eta = np.empty((m, _BLOCK))
    residual = np.empty((m, _BLOCK))
    logits = np.empty(n_classes)
    total = 0.0
    for begin in range(0, rows, _BLOCK):
        width = min(_BLOCK, rows - begin)
        linear_block(features, begin, width, theta, eta)
        for i in range(width):
            t = begin + i
            top = -np.inf
            for k in range(n_classes):
                value = offset[t, k]
                for c in range(m):
                    value += basis[k, c] * eta[c, i]
                logits[k] = value
                top = max(top, value)
            mass = 0.0
            own = logits[codes[t]]
            for k in range(n_classes):
                logits[k] = math.exp(logits[k] - top)
                mass += logits[k]
            total += weight[t] * (top + math.log(mass) - own)
            for c in range(m):
                r = -basis[codes[t], c]
                for k in range(n_classes):
                    r += basis[k, c] * (logits[k] / mass)
                residual[c, i] = weight[t] * r
        add_gradient_block(features, begin, width, residual, gradient)
    return total


@numba.njit(cache=True, nogil=True)
def linear_logits(features, coefficients, offset, out):
    """out[i] = offset[i] + features[:, i] . coefficients, (n, K); row by row, so a row never depends on its neighbours.

    coefficients (p + 1, K), intercept last.
    """
    p, n = features.shape
    n_classes = coefficients.shape[1]
    for i in range(n):
        for k in range(n_classes):
            value = offset[i, k] + coefficients[p, k]
            for j in range(p):
                value += features[j, i] * coefficients[j, k]
            out[i, k] = value


@numba.njit(cache=True, nogil=True)
def softmax_rows(logits):
    """Probabilities (n, K) of logits (n, K), row by row."""
    n, n_classes = logits.shape
    out = np.empty((n, n_classes))
    for i in range(n):
        top = -np.inf
        for k in range(n_classes):
            top = max(top, logits[i, k])
        mass = 0.0
        for k in range(n_classes):
            out[i, k] = math.exp(logits[i, k] - top)
            mass += out[i, k]
        for k in range(n_classes):
            out[i, k] /= mass
    return out


@numba.njit(cache=True, nogil=True)
def row_losses(logits, codes):
    """Negative log-likelihood of each row, (n,); NaN where the code is negative (unresolved)."""
    n, n_classes = logits.shape
    out = np.empty(n)
    for i in range(n):
        if codes[i] < 0:
            out[i] = np.nan
            continue
        top = -np.inf
        for k in range(n_classes):
            top = max(top, logits[i, k])
        mass = 0.0
        for k in range(n_classes):
            mass += math.exp(logits[i, k] - top)
        out[i] = top + math.log(mass) - logits[i, codes[i]]
    return out


@numba.njit(cache=True, nogil=True)
def log_rows(probabilities, floor):
    """Log of probabilities (n, K), floored and renormalised first; NaN rows stay NaN."""
    n, n_classes = probabilities.shape
    out = np.empty((n, n_classes))
    for i in range(n):
        mass = 0.0
        for k in range(n_classes):
            out[i, k] = max(probabilities[i, k], floor)
            if probabilities[i, k] != probabilities[i, k]:
                out[i, k] = np.nan
            mass += out[i, k]
        for k in range(n_classes):
            out[i, k] = math.log(out[i, k] / mass)
    return out


def curvature(
    features: np.ndarray,
    offset: np.ndarray,
    weight: np.ndarray,
    basis: np.ndarray,
    most_rows: int = 2000,
) -> np.ndarray:
    """Hessian of the unpenalised loss at coefficients 0, (d, d) with d = (p + 1)(K - 1), from every n-th row.

    The forecast stays near its offset, so this is nearly the Hessian at the solution.  Daily rows overlap:
    a few thousand of them say as much about curvature as all.
    """
    rows = features.shape[1]
    stride = max(1, rows // most_rows)
    x = np.vstack([features[:, ::stride], np.ones((1, len(range(0, rows, stride))))])
    probabilities = softmax_rows(np.ascontiguousarray(offset[::stride]))
    w = weight[::stride]
    # the subsample stands for all rows: scale by the weight it represents
    w = w * (weight.sum() / max(w.sum(), 1e-300))
    q = probabilities @ basis
    p1, m = x.shape[0], basis.shape[1]
    hessian = np.empty((p1, m, p1, m))
    for a in range(m):
        for b in range(a, m):
            local = w * (probabilities @ (basis[:, a] * basis[:, b]) - q[:, a] * q[:, b])
            block = (x * local) @ x.T
            hessian[:, a, :, b] = block
            hessian[:, b, :, a] = block.T
    return hessian.reshape(p1 * m, p1 * m)
