"""Supply zone: the base from which a decline of at least ``impulse_atr`` ATR began.

Rule: a base is one to ``base_sessions`` consecutive bars that overlap and together are no taller than
``base_height_atr`` ATR(14).  Its last bar b is followed by a bar that closes below the base (the departure).
Bar i confirms the zone if its close is the first since b to lie ``impulse_atr`` ATR below the base's low, no
more than ``impulse_sessions`` bars after b, and no close between went back above the base.  ATR is that of
bar b, so the yardstick is the calm before the move and not the move itself.  Where one bar confirms two bases,
the later one counts.  The zone is the base from its lowest low to its highest high.

Source: supply and demand trading as taught by Seiden (base and departure); the thresholds are config.
Parameters: base_sessions, base_height_atr, impulse_atr, impulse_sessions.
Confirmation lag: 1 to ``impulse_sessions`` sessions.  Look-back: ``impulse_sessions + base_sessions`` bars.
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ATR
from engine.rules.kinds.base import base_ending_at
from engine.rules.kinds.kind import put, usable


@numba.njit(cache=True)
def supply_zone_confirmed_at(high, low, close, indicators, i, params):
    """(first bar, last bar, low, high) of the base that bar ``i`` confirms; first bar -1 where there is none."""
    # the first close beyond the reach is lower than the close before it, base or not
    if i < 1 or close[i] >= close[i - 1]:
        return -1, -1, 0.0, 0.0
    for b in range(i - 1, max(i - params.impulse_sessions, 0) - 1, -1):
        atr = indicators[b, ATR]
        if not usable(atr, close[b]):
            continue
        reach = params.impulse_atr * atr
        height = params.base_height_atr * atr
        # the base holds bar b at least and its low can only lie farther out: a cheap way out
        if low[b] - close[i] < reach or high[b] - low[b] > height:
            continue
        first, bottom, top = base_ending_at(high, low, b, params.base_sessions, height)
        if not (bottom - close[i] >= reach) or close[b + 1] >= bottom:
            continue
        fresh = True
        for j in range(b + 1, i):
            if bottom - close[j] >= reach or close[j] > top:
                fresh = False
                break
        if fresh:
            return first, b, bottom, top
    return -1, -1, 0.0, 0.0


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a supply zone."""
    count = 0
    for i in range(start, stop):
        first, last, bottom, top = supply_zone_confirmed_at(high, low, close, indicators, i, params)
        if first >= 0 and top > bottom:
            count = put(out, count, i, last, 1, bottom, top)
    return count
