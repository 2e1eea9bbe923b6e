"""Extremes that stood: what the high and the low of a range have in common.

The low is the mirror of the high, and is computed as the high of the negated lows (negation is exact).
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import put, usable
from engine.rules.pivots import turns_confirmed


@numba.njit(cache=True, error_model="numpy")
def scan_extremes(edge, close, sign, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms an extreme of the range.

    ``edge`` is high with ``sign`` 1.0, or low with ``sign`` -1.0.
    """
    sessions, lag = params.range_sessions, params.range_confirm_sessions
    # almost every bar is ruled out by its neighbours; the rest of the range is searched for the few that are left
    near = max(min(lag, sessions - 1 - lag), 0)
    stood = turns_confirmed(edge, -sign, start, stop, near, lag)
    count = 0
    for i in range(max(start, sessions - 1), stop):
        if not stood[i - start] or not usable(indicators[i, ATR], close[i]):
            continue
        p = i - lag
        j = p - near - 1
        while j > i - sessions and sign * edge[j] < sign * edge[p]:
            j -= 1
        if j > i - sessions:
            continue
        width = params.zone_width_atr * indicators[i, ATR]
        if sign > 0.0:
            count = put(out, count, i, p, p, 1, edge[p] - width, edge[p])
        else:
            count = put(out, count, i, p, p, 1, edge[p], edge[p] + width)
    return count
