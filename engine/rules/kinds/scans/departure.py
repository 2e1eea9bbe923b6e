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


@numba.njit(cache=True, error_model="numpy")
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


@numba.njit(cache=True, error_model="numpy")
def _confirms(close, sign, i, b, bottom, top, reach):
    # bar b + 1 left the base, bar i is the first to close the reach beyond it, and no close between fell back under
    fresh = sign * close[i] - top >= reach and sign * close[b + 1] > top
    for j in range(b + 1, i):
        if sign * close[j] - top >= reach or sign * close[j] < bottom:
            fresh = False
    return fresh


@numba.njit(cache=True, error_model="numpy")
def scan_departures(upper, lower, close, sign, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a base left behind."""
    # A base holds its last bar at least, so no close short of this can confirm one that ends there.  The lowest
    # trigger of the look-back rules out almost every bar at once.
    begin = max(start - params.impulse_sessions, 0)
    top, bottom, calm = upper[begin:stop], lower[begin:stop], indicators[begin:stop, ATR]
    trigger = np.empty(stop - begin)
    for b in range(len(trigger)):
        narrow = sign * (top[b] - bottom[b]) <= params.base_height_atr * calm[b]
        trigger[b] = sign * top[b] + params.impulse_atr * calm[b] if narrow else np.inf
    first = max(start, 1)
    lowest = np.full(max(stop - first, 0), np.inf)
    for back in range(1, params.impulse_sessions + 1):
        behind = first - begin - back  # the first bars of a history have fewer behind them
        reached = lowest[max(-behind, 0) :]
        earlier = trigger[max(behind, 0) :]
        for x in range(len(reached)):
            reached[x] = earlier[x] if earlier[x] < reached[x] else reached[x]
    count = 0
    for i in range(first, stop):
        oldest = max(i - params.impulse_sessions, 0)
        now = sign * close[i]
        # the first close beyond the reach is higher than the close before it, base or not
        if (now < lowest[i - first]) | (now <= sign * close[i - 1]):
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
            base_low, base_high = base_ending_at(upper, lower, sign, b, params.base_sessions, height)
            flat = base_high <= base_low or base_high - base_low > height
            if not flat and _confirms(close, sign, i, b, base_low, base_high, reach):
                if sign > 0.0:
                    count = put(out, count, i, b, b, 1, base_low, base_high)
                else:
                    count = put(out, count, i, b, b, 1, -base_high, -base_low)
                break
    return count
