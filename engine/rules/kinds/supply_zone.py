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
import numpy as np

from engine.rules.indicators import ATR
from engine.rules.kinds.base import base_ending_at
from engine.rules.kinds.kind import put, usable


@numba.njit(cache=True)
def supply_zone_confirmed_at(high, low, close, indicators, i, b, params):
    """(first bar, low, high) of the base ending at bar ``b`` if bar ``i`` confirms it; first bar -1 if not."""
    atr = indicators[b, ATR]
    if not usable(atr, close[b]):
        return -1, 0.0, 0.0
    first, bottom, top = base_ending_at(high, low, b, params.base_sessions, params.base_height_atr * atr)
    if not bottom < top <= bottom + params.base_height_atr * atr:
        return -1, 0.0, 0.0
    reach = params.impulse_atr * atr
    if bottom - close[i] < reach or close[b + 1] >= bottom:
        return -1, 0.0, 0.0
    for j in range(b + 1, i):
        if bottom - close[j] >= reach or close[j] > top:
            return -1, 0.0, 0.0
    return first, bottom, top


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a supply zone."""
    # no base ending at b can be left behind by a close above this: it holds bar b at least
    begin = max(start - params.impulse_sessions, 0)
    trigger = np.empty(stop - begin)
    for b in range(begin, stop):
        atr = indicators[b, ATR]
        narrow = high[b] - low[b] <= params.base_height_atr * atr
        trigger[b - begin] = low[b] - params.impulse_atr * atr if narrow else -np.inf
    count = 0
    for i in range(max(start, 1), stop):
        # the first close beyond the reach is lower than the close before it, base or not
        if close[i] >= close[i - 1] or not usable(indicators[i, ATR], close[i]):
            continue
        for b in range(i - 1, max(i - params.impulse_sessions, 0) - 1, -1):
            if close[i] > trigger[b - begin]:
                continue
            first, bottom, top = supply_zone_confirmed_at(high, low, close, indicators, i, b, params)
            if first >= 0:
                count = put(out, count, i, b, 1, bottom, top)
                break
    return count
