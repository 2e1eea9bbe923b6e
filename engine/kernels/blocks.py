"""The stationary bootstrap of positions: blocks of geometric length that wrap round.

Politis and Romano (1994), The stationary bootstrap, Journal of the American Statistical Association 89, 1303-1313.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def next_position(place, start, n):
    """The position after ``place`` among 0 .. n - 1: ``start`` where a block begins there, else (-1) the next one.

    Each position begins a block with probability 1 / mean block length, the first always does, and the starts are
    uniform.  The last position is followed by the first.
    """
    if start >= 0:
        return start
    return place + 1 if place + 1 < n else 0


@numba.njit(cache=True, nogil=True)
def _follow(start, out):
    place = 0
    for i in range(len(out)):
        place = next_position(place, start[i], len(out))
        out[i] = place


def resampled_positions(first: int, stop: int, mean_block: float, rng: np.random.Generator) -> np.ndarray:
    """Positions ``first .. stop - 1`` resampled in blocks of ``mean_block`` on average, (n,) int64."""
    n = stop - first
    begins = rng.random(n) < 1.0 / mean_block
    begins[0] = True
    out = np.empty(n, dtype=np.int64)
    _follow(np.where(begins, rng.integers(0, n, n), -1), out)
    return first + out
