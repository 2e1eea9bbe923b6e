"""Swing pivots that never repaint: a pivot is known k bars after it happened, not before."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def swing_high_confirmed_at(high, i, k):
    """Index ``i - k`` if bar ``i`` confirms it as a swing high, else -1.

    A swing high is strictly above the ``k`` bars before it and not below the ``k`` bars after it, so of equal
    highs the first counts.  Only bars up to ``i`` are read.
    """
    p = i - k
    if p < k:
        return -1
    top = high[p]
    for j in range(1, k + 1):
        if high[p - j] >= top or high[p + j] > top:
            return -1
    return p


@numba.njit(cache=True)
def swing_low_confirmed_at(low, i, k):
    """Index ``i - k`` if bar ``i`` confirms it as a swing low, else -1 (mirror of the swing high)."""
    p = i - k
    if p < k:
        return -1
    bottom = low[p]
    for j in range(1, k + 1):
        if low[p - j] <= bottom or low[p + j] < bottom:
            return -1
    return p


@numba.njit(cache=True)
def confirmed_pivots(high, low, k):
    """Both kinds for a whole history.

    Returns
    -------
    (highs, lows) : two (n,) int64 arrays; entry ``i`` is the index of the pivot that bar ``i`` confirms, or -1.
    """
    n = len(high)
    highs = np.full(n, -1, np.int64)
    lows = np.full(n, -1, np.int64)
    for i in range(2 * k, n):
        highs[i] = swing_high_confirmed_at(high, i, k)
        lows[i] = swing_low_confirmed_at(low, i, k)
    return highs, lows
