"""Multi-month range low: the lowest low of ``range_sessions`` sessions, once it has stood.

Rule: bar p holds the strict minimum of the lows of the ``range_sessions`` bars that end at the
confirming bar (of equal lows the first counts), and ``range_confirm_sessions`` bars have passed since without a
lower low: a fresh extreme is a trend, an extreme that held is the edge of a range.  The zone runs from the
low up by ``zone_width_atr`` ATR(14) of the confirming bar.

Source: Donchian's channel (Donchian, "High finance in copper", Financial Analysts Journal 16, 1960), with a waiting
time in place of the running edge, so that the level stops moving before it is used.
Parameters: range_sessions, range_confirm_sessions, zone_width_atr.
Confirmation lag: ``range_confirm_sessions`` sessions.  Look-back: ``range_sessions`` bars.
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import put, usable


@numba.njit(cache=True)
def range_low_confirmed_at(low, i, sessions, lag):
    """Index ``i - lag`` if bar ``i`` confirms it as the range low, else -1; only bars up to ``i`` are read."""
    p = i - lag
    if i + 1 < sessions or p < 0:
        return -1
    edge = low[p]
    # nearest bars first: almost every bar is ruled out by its neighbours
    for j in range(p + 1, i + 1):
        if low[j] < edge:
            return -1
    for j in range(p - 1, i - sessions, -1):
        if low[j] <= edge:
            return -1
    return p


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a range low."""
    count = 0
    for i in range(start, stop):
        if not usable(indicators[i, ATR], close[i]):
            continue
        p = range_low_confirmed_at(low, i, params.range_sessions, params.range_confirm_sessions)
        if p >= 0:
            width = params.zone_width_atr * indicators[i, ATR]
            count = put(out, count, i, p, 1, low[p], low[p] + width)
    return count
