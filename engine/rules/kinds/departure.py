"""Bases and the moves that left them: what supply and demand zones have in common.

The high side is the mirror of the low side, and is computed as the low side of the negated prices (negation is
exact, so the mirror is too): a demand zone has ``upper`` = high, ``lower`` = low and ``sign`` 1.0, a supply zone
``upper`` = low, ``lower`` = high and ``sign`` -1.0.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import put, usable


@numba.njit(cache=True)
def base_ending_at(upper, lower, sign, last, sessions, height):
    """(lower edge, upper edge), times ``sign``, of the base whose last bar is ``last``.

    It starts as that one bar and takes in the bar before as long as the two overlap, the whole stays within
    ``height`` and no more than ``sessions`` bars belong to it.  Only bars up to ``last`` are read.
    """
    bottom = sign * lower[last]
    top = sign * upper[last]
    for before in range(last - 1, max(last - sessions, -1), -1):
        low = sign * lower[before]
        high = sign * upper[before]
        if low > top or high < bottom or max(top, high) - min(bottom, low) > height:
            break
        bottom = min(bottom, low)
        top = max(top, high)
    return bottom, top


@numba.njit(cache=True)
def _confirms(close, sign, i, b, bottom, top, reach):
    # bar b + 1 left the base, bar i is the first to close the reach beyond it, and no close between fell back under
    fresh = sign * close[i] - top >= reach and sign * close[b + 1] > top
    for j in range(b + 1, i):
        if sign * close[j] - top >= reach or sign * close[j] < bottom:
            fresh = False
    return fresh


@numba.njit(cache=True)
def scan_departures(upper, lower, close, sign, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a base left behind."""
    # A base holds its last bar at least, so no close short of this can confirm one that ends there.  The lowest
    # trigger of the look-back rules out almost every bar at once.
    begin = max(start - params.impulse_sessions, 0)
    trigger = np.empty(stop - begin)
    for b in range(begin, stop):
        atr = indicators[b, ATR]
        narrow = sign * (upper[b] - lower[b]) <= params.base_height_atr * atr
        trigger[b - begin] = sign * upper[b] + params.impulse_atr * atr if narrow else np.inf
    count = 0
    first = max(start, 1)
    nearest = begin
    for i in range(first, stop):
        oldest = max(i - params.impulse_sessions, 0)
        if nearest < oldest or i == first:
            nearest = oldest
            for b in range(oldest, i):
                if trigger[b - begin] <= trigger[nearest - begin]:
                    nearest = b
        elif trigger[i - 1 - begin] <= trigger[nearest - begin]:
            nearest = i - 1
        now = sign * close[i]
        # the first close beyond the reach is higher than the close before it, base or not
        if now < trigger[nearest - begin] or now <= sign * close[i - 1]:
            continue
        if not usable(indicators[i, ATR], close[i]):
            continue
        for b in range(i - 1, oldest - 1, -1):
            if now < trigger[b - begin] or not usable(indicators[b, ATR], close[b]):
                continue
            height = params.base_height_atr * indicators[b, ATR]
            reach = params.impulse_atr * indicators[b, ATR]
            # whatever else belongs to the base, it ends no higher than this, and the close before was beyond
            if i - 1 > b and sign * close[i - 1] >= sign * lower[b] + height + reach:
                continue
            bottom, top = base_ending_at(upper, lower, sign, b, params.base_sessions, height)
            if bottom < top and top - bottom <= height and _confirms(close, sign, i, b, bottom, top, reach):
                if sign > 0.0:
                    count = put(out, count, i, b, 1, bottom, top)
                else:
                    count = put(out, count, i, b, 1, -top, -bottom)
                break
    return count
