"""Swing pivots that never repaint: a pivot is known k bars after it happened, not before."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, error_model="numpy")
def turns_confirmed(edge, sign, start, stop, before, after):
    """Which bars of ``start .. stop - 1`` confirm that the bar ``after`` sessions earlier was a turn.

    A turn low (``sign`` 1.0, ``edge`` the lows) lies strictly below the ``before`` bars before it and not above
    the ``after`` bars after it, so of equal lows the first counts.  The turn high (``sign`` -1.0, ``edge`` the highs)
    is its mirror: the turn low of the negated prices.  For bar i only bars up to i are read.

    Returns
    -------
    (stop - start,) bool.  One neighbour at a time for all bars, without a branch: a turn is rare and hard to predict,
    and a bar costs a nanosecond this way.
    """
    confirmed = np.zeros(stop - start, np.bool_)
    first = max(start, before + after)
    if first >= stop:
        return confirmed
    held = confirmed[first - start :]
    held[:] = True
    turn = edge[first - after : stop - after]
    for j in range(1, before + 1):
        earlier = edge[first - after - j : stop - after - j]
        for x in range(len(held)):
            held[x] &= sign * earlier[x] > sign * turn[x]
    for j in range(1, after + 1):
        later = edge[first - after + j : stop - after + j]
        for x in range(len(held)):
            held[x] &= sign * later[x] >= sign * turn[x]
    return confirmed


@numba.njit(cache=True, error_model="numpy")
def swing_highs_confirmed(high, start, stop, k):
    """Which bars of ``start .. stop - 1`` confirm the bar k sessions earlier as a swing high; (stop - start,) bool.

    A swing high is strictly above the ``k`` bars before it and not below the ``k`` bars after it.
    """
    return turns_confirmed(high, -1.0, start, stop, k, k)


@numba.njit(cache=True, error_model="numpy")
def swing_lows_confirmed(low, start, stop, k):
    """Which bars of ``start .. stop - 1`` confirm the bar k sessions earlier as a swing low; (stop - start,) bool."""
    return turns_confirmed(low, 1.0, start, stop, k, k)


def confirmed_pivots(high: np.ndarray, low: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Both kinds for a whole history.

    Returns
    -------
    (highs, lows) : two (n,) int64 arrays; entry ``i`` is the index of the pivot that bar ``i`` confirms, or -1.
    """
    pivot = np.arange(len(high)) - k
    return (
        np.where(swing_highs_confirmed(high, 0, len(high), k), pivot, -1),
        np.where(swing_lows_confirmed(low, 0, len(low), k), pivot, -1),
    )
