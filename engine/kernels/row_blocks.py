"""The two passes over a block of rows that every penalised fit makes: linear scores, and their gradient.

A block is so short that its scores and residuals stay in the first-level cache.  Features are stored one after
the other (``features[j]`` is contiguous); coefficients are (p + 1, m), intercept last.
"""

from __future__ import annotations

import numba

# reassociation lets the compiler vectorise the sums; equal shapes still give equal bits, and training
# rows of a fold have the same shape whatever history follows
REASSOCIATE = {"reassoc", "contract", "nsz"}


@numba.njit(cache=True, nogil=True, fastmath=REASSOCIATE)
def linear_block(features, begin, width, theta, eta):
    """``eta[c, i] = theta[:, c] . (features[:, begin + i], 1)`` for i < width; eta is (m, >= width)."""
    p = len(theta) - 1
    m = theta.shape[1]
    for c in range(m):
        row = eta[c]
        for i in range(width):
            row[i] = theta[p, c]
    for j in range(p):
        x = features[j, begin : begin + width]
        for c in range(m):
            b = theta[j, c]
            row = eta[c]
            for i in range(width):
                row[i] += b * x[i]


@numba.njit(cache=True, nogil=True, fastmath=REASSOCIATE)
def add_gradient_block(features, begin, width, residual, gradient):
    """Add to ``gradient`` (p + 1, m) what the block adds, with ``residual`` (m, >= width) = d loss / d eta."""
    p = len(gradient) - 1
    m = gradient.shape[1]
    for c in range(m):
        row = residual[c]
        s = 0.0
        for i in range(width):
            s += row[i]
        gradient[p, c] += s
    for j in range(p):
        x = features[j, begin : begin + width]
        for c in range(m):
            row = residual[c]
            s = 0.0
            for i in range(width):
                s += x[i] * row[i]
            gradient[j, c] += s
