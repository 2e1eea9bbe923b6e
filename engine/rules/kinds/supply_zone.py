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
def supply_zone_confirmed_at(high, low, close, i, b, sessions, height, reach):
    """(first bar, low, high) of the base ending at bar ``b`` if bar ``i`` confirms it; first bar -1 if not.

    ``height`` and ``reach`` are in price units; the reach is that of the close of ``i`` from the base.
    """
    first, bottom, top = base_ending_at(high, low, b, sessions, height)
    if not bottom < top <= bottom + height:
        return -1, 0.0, 0.0
    if bottom - close[i] < reach or close[b + 1] >= bottom:
        return -1, 0.0, 0.0
    for j in range(b + 1, i):
        if bottom - close[j] >= reach or close[j] > top:
            return -1, 0.0, 0.0
    return first, bottom, top


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a supply zone."""
    # A base holds its last bar at least, so no close short of this can confirm one that ends there.  The
    # highest trigger of the look-back rules out almost every bar at once.
    begin = max(start - params.impulse_sessions, 0)
    trigger = np.empty(stop - begin)
    for b in range(begin, stop):
        atr = indicators[b, ATR]
        narrow = usable(atr, close[b]) and high[b] - low[b] <= params.base_height_atr * atr
        trigger[b - begin] = low[b] - params.impulse_atr * atr if narrow else -np.inf
    count = 0
    first = max(start, 1)
    nearest = begin
    for i in range(first, stop):
        oldest = max(i - params.impulse_sessions, 0)
        if nearest < oldest or i == first:
            nearest = oldest
            for b in range(oldest, i):
                if trigger[b - begin] >= trigger[nearest - begin]:
                    nearest = b
        elif trigger[i - 1 - begin] >= trigger[nearest - begin]:
            nearest = i - 1
        if close[i] > trigger[nearest - begin]:
            continue
        # the first close beyond the reach is lower than the close before it, base or not
        if close[i] >= close[i - 1] or not usable(indicators[i, ATR], close[i]):
            continue
        for b in range(i - 1, oldest - 1, -1):
            if close[i] > trigger[b - begin]:
                continue
            height = params.base_height_atr * indicators[b, ATR]
            reach = params.impulse_atr * indicators[b, ATR]
            # whatever else belongs to the base, it begins no lower than this, and the close before was beyond
            if i - 1 > b and close[i - 1] <= high[b] - height - reach:
                continue
            base, bottom, top = supply_zone_confirmed_at(
                high, low, close, i, b, params.base_sessions, height, reach
            )
            if base >= 0:
                count = put(out, count, i, b, 1, bottom, top)
                break
    return count
