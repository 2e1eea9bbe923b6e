"""Pool-adjacent-violators: the best non-decreasing fit, in one pass over rows sorted by forecast.

Ayer, Brunk, Ewing, Reid and Silverman (1955), Annals of Mathematical Statistics 26, 641-647.  Two kernels: a
general one on weighted means, and one on counts for 0/1 outcomes, where whole numbers make the comparison of
two blocks exact and the pooling cheap enough to run thousands of times.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.errors import InputError
from engine.verify.sound import sound_weights


def pav(values: object, weights: object | None = None) -> np.ndarray:
    """Weighted least-squares non-decreasing fit to ``values``, (n,), in the order given.

    NaN or infinity is refused (``verify.not_finite``).  Rows of weight zero take the value of the block that
    ends before them (of the first block if they come first).
    """
    v = np.ascontiguousarray(values, dtype=np.float64)
    if v.ndim != 1 or not np.isfinite(v).all():
        raise InputError("verify.not_finite", f"values of shape {v.shape} must be a finite (n,) array")
    w = sound_weights(weights, len(v))
    if not len(v):
        return v.copy()
    if (w > 0).all():
        return pav_kernel(v, w)
    used = np.flatnonzero(w > 0)
    fitted = pav_kernel(v[used], w[used])
    return fitted[np.maximum(np.searchsorted(used, np.arange(len(v)), side="right") - 1, 0)]


@numba.njit(cache=True)
def pav_kernel(values, weights):
    """Non-decreasing fit; positive weights."""
    n = values.size
    mean = np.empty(n)
    mass = np.empty(n)
    start = np.empty(n, np.int64)
    blocks = 0
    for i in range(n):
        mean[blocks] = values[i]
        mass[blocks] = weights[i]
        start[blocks] = i
        blocks += 1
        while blocks > 1 and mean[blocks - 2] >= mean[blocks - 1]:
            total = mass[blocks - 2] + mass[blocks - 1]
            mean[blocks - 2] = (
                mean[blocks - 2] * mass[blocks - 2] + mean[blocks - 1] * mass[blocks - 1]
            ) / total
            mass[blocks - 2] = total
            blocks -= 1
    out = np.empty(n)
    for b in range(blocks):
        stop = start[b + 1] if b + 1 < blocks else n
        out[start[b] : stop] = mean[b]
    return out


@numba.njit(cache=True)
def pool_counts(hits, rows, block_hits, block_rows):
    """Pool groups of equal forecast, given in ascending order of forecast, into blocks of rising frequency.

    ``hits`` (m,) of ``rows`` (m,) came true in each group; the first ``k`` slots of ``block_hits`` and
    ``block_rows`` are filled and ``k`` is returned.  Frequencies are compared by cross-multiplication,
    exactly.
    """
    k = 0
    for i in range(hits.size):
        s = hits[i]
        w = rows[i]
        while k > 0 and block_hits[k - 1] * w >= s * block_rows[k - 1]:
            k -= 1
            s += block_hits[k]
            w += block_rows[k]
        block_hits[k] = s
        block_rows[k] = w
        k += 1
    return k
