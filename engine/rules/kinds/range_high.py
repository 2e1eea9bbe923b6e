"""Multi-month range high: the highest high of ``range_sessions`` sessions, once it has stood.

Rule: bar p holds the strict maximum of the highs of the ``range_sessions`` bars that end at the
confirming bar (of equal highs the first counts), and ``range_confirm_sessions`` bars have passed since without a
higher high: a fresh extreme is a trend, an extreme that held is the edge of a range.  The zone runs from the
high down by ``zone_width_atr`` ATR(14) of the confirming bar.

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
def range_high_confirmed_at(high, i, sessions, lag):
    """Index ``i - lag`` if bar ``i`` confirms it as the range high, else -1; only bars up to ``i`` are read."""
    p = i - lag
    if i + 1 < sessions or p < 0:
        return -1
    edge = high[p]
    # nearest bars first: almost every bar is ruled out by its neighbours
    for j in range(p + 1, i + 1):
        if high[j] > edge:
            return -1
    for j in range(p - 1, i - sessions, -1):
        if high[j] >= edge:
            return -1
    return p


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a range high."""
    count = 0
    for i in range(start, stop):
        if not usable(indicators[i, ATR], close[i]):
            continue
        p = range_high_confirmed_at(high, i, params.range_sessions, params.range_confirm_sessions)
        if p >= 0:
            width = params.zone_width_atr * indicators[i, ATR]
            count = put(out, count, i, p, 1, high[p] - width, high[p])
    return count
