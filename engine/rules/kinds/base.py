"""The base of a supply or demand zone: a few overlapping bars before the departure."""

from __future__ import annotations

import numba


@numba.njit(cache=True)
def base_ending_at(high, low, last, sessions, height):
    """(first bar, lowest low, highest high) of the base whose last bar is ``last``.

    It starts as that one bar and takes in the bar before as long as the two overlap, the whole stays within
    ``height`` and no more than ``sessions`` bars belong to it.  Only bars up to ``last`` are read.
    """
    first = last
    bottom = low[last]
    top = high[last]
    while first > 0 and last - first + 1 < sessions:
        before = first - 1
        if low[before] > top or high[before] < bottom:
            break
        if max(top, high[before]) - min(bottom, low[before]) > height:
            break
        bottom = min(bottom, low[before])
        top = max(top, high[before])
        first = before
    return first, bottom, top
