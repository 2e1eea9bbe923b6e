"""Support shelf: at least ``shelf_min_touches`` turning points inside one narrow band, and the band held.

Rule: a turning point is a minor pivot low (``shelf_pivot_bars`` bars a side, priced at its low) or a closing low
(a close below the closes before and after it, priced at the close).  When bar i confirms a turning point of price
x, the points of the last ``shelf_sessions`` bars within half of ``shelf_width_atr`` ATR(14) of x are gathered, back
to the last close that broke x by more than half the width plus ``break_margin_atr``; points closer than
``shelf_separation_sessions`` to a newer one count once.  With ``shelf_min_touches`` of them the shelf is confirmed.
The zone runs from the lowest to the highest point, widened to ``zone_width_atr`` upwards if it is thinner.
It is named after the newest point.

Source: Edwards and Magee, Technical Analysis of Stock Trends (1948), on support at former turning points;
Osler, "Support for resistance", FRBNY Economic Policy Review 6 (2000), for clusters as the levels in use.
Parameters: shelf_sessions, shelf_width_atr, shelf_min_touches, shelf_pivot_bars, shelf_separation_sessions,
break_margin_atr, zone_width_atr.
Confirmation lag: ``shelf_pivot_bars`` sessions after the newest pivot, one session after the newest closing low.
Look-back: ``shelf_sessions + 2 * shelf_pivot_bars`` bars.
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import put, usable
from engine.rules.pivots import swing_low_confirmed_at


@numba.njit(cache=True)
def closing_low_confirmed_at(close, i):
    """Index ``i - 1`` if its close lies below the closes on either side, else -1."""
    if i >= 2 and close[i - 1] < close[i - 2] and close[i - 1] < close[i]:
        return i - 1
    return -1


@numba.njit(cache=True)
def turning_point_confirmed_at(low, close, i, k):
    """(index, price) of the turning point that bar ``i`` confirms; index -1 where there is none.

    Where bar ``i`` confirms both sorts, the pivot counts.
    """
    p = swing_low_confirmed_at(low, i, k)
    if p >= 0:
        return p, low[p]
    p = closing_low_confirmed_at(close, i)
    if p >= 0:
        return p, close[p]
    return -1, 0.0


@numba.njit(cache=True)
def support_shelf_confirmed_at(low, close, i, atr, params):
    """(formed, points, low, high) of the shelf that bar ``i`` confirms; formed -1 where there is none."""
    k = params.shelf_pivot_bars
    formed, price = turning_point_confirmed_at(low, close, i, k)
    if formed < 0:
        return -1, 0, 0.0, 0.0
    reach = 0.5 * params.shelf_width_atr * atr
    broken = price - reach - params.break_margin_atr * atr
    bottom = price
    top = price
    points = 1
    newest = formed
    oldest = max(i - params.shelf_sessions, 0)
    for j in range(i - 1, oldest - 1, -1):
        # a point confirmed at j is no older than j - k, and none of the closes since may have broken the band
        p, x = turning_point_confirmed_at(low, close, j, k)
        if close[j] < broken:
            break
        if p < 0 or abs(x - price) > reach or newest - p < params.shelf_separation_sessions:
            continue
        points += 1
        newest = p
        bottom = min(bottom, x)
        top = max(top, x)
    if points < params.shelf_min_touches:
        return -1, 0, 0.0, 0.0
    thickness = params.zone_width_atr * atr
    if top - bottom < thickness:
        top = bottom + thickness
    return formed, points, bottom, top


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a support shelf."""
    count = 0
    for i in range(start, stop):
        atr = indicators[i, ATR]
        if not usable(atr, close[i]):
            continue
        formed, points, bottom, top = support_shelf_confirmed_at(low, close, i, atr, params)
        if formed >= 0:
            count = put(out, count, i, formed, points, bottom, top)
    return count
