"""Extremes that stood: what the high and the low of a range have in common.

The low is the mirror of the high, and is computed as the high of the negated lows (negation is exact).
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import put, usable


@numba.njit(cache=True)
def extreme_confirmed_at(edge, sign, i, sessions, lag):
    """Index ``i - lag`` if bar ``i`` confirms it as the extreme of ``sessions`` bars, else -1.

    ``edge`` is high with ``sign`` 1.0, or low with ``sign`` -1.0.  Only bars up to ``i`` are read.
    """
    p = i - lag
    if i + 1 < sessions or p < 0:
        return -1
    best = sign * edge[p]
    # nearest bars first: almost every bar is ruled out by its neighbours
    for j in range(p + 1, i + 1):
        if sign * edge[j] > best:
            return -1
    for j in range(p - 1, i - sessions, -1):
        if sign * edge[j] >= best:
            return -1
    return p


@numba.njit(cache=True)
def scan_extremes(edge, close, sign, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms an extreme of the range."""
    count = 0
    for i in range(start, stop):
        p = extreme_confirmed_at(edge, sign, i, params.range_sessions, params.range_confirm_sessions)
        if p < 0 or not usable(indicators[i, ATR], close[i]):
            continue
        width = params.zone_width_atr * indicators[i, ATR]
        if sign > 0.0:
            count = put(out, count, i, p, 1, edge[p] - width, edge[p])
        else:
            count = put(out, count, i, p, 1, edge[p], edge[p] + width)
    return count
