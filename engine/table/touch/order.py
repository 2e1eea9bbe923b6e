"""Touch probabilities that never rise with distance."""

from __future__ import annotations

import numba
import numpy as np

from engine.forecast.probabilities import FLOOR
from engine.kernels.pool import non_decreasing


def ordered(logits: np.ndarray, row: np.ndarray, distance: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds (pairs, h), made never to rise with distance within each row and side.

    ``row``, ``distance`` and ``known`` are (pairs,): the date a pair belongs to, log of its price over the close,
    and whether it has a probability at all; one that has none must not lend it to its neighbours.
    Returns (pairs, h) float64 in [0.001, 0.999].
    """
    p = 1.0 / (1.0 + np.exp(-np.clip(logits, -700.0, 700.0)))
    side = row * 3 + np.where(known, np.where(distance >= 0.0, 1, 0), 2)
    order = np.lexsort((np.abs(distance), side))
    sorted_p = np.ascontiguousarray(p[order])
    _pool(sorted_p, side[order])
    out = np.empty_like(p)
    out[order] = sorted_p
    return np.clip(out, FLOOR, 1.0 - FLOOR)


@numba.njit(cache=True)
def _pool(p, side):
    """Make ``p`` (pairs, h) non-increasing within runs of equal ``side`` (pairs,), each column on its own."""
    ones = np.ones(len(p))
    for k in range(p.shape[1]):
        first = 0
        while first < len(p):
            stop = first
            while stop < len(p) and side[stop] == side[first]:
                stop += 1
            p[first:stop, k] = -non_decreasing(-p[first:stop, k], ones[first:stop])
            first = stop
