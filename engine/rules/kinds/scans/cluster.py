"""Clusters of turning points: what support and resistance shelves have in common.

A turning point on the low side is a minor pivot low, priced at its low, or a closing low (a close below the closes
before and after it), priced at that close; where one bar confirms both, the pivot counts.  The high side is its
mirror, and is computed as the low side of the negated prices (negation is exact, so the mirror is too).
"""

from __future__ import annotations

import numba
import numpy as np

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import put, usable
from engine.rules.pivots import turns_confirmed


@numba.njit(cache=True, error_model="numpy")
def turning_points(extreme, close, sign, start, stop, k):
    """(index, price times ``sign``) of the turning point each bar of ``start .. stop - 1`` confirms; index -1: none.

    ``extreme`` is low with ``sign`` 1.0, or high with ``sign`` -1.0; ``k`` bars on each side make a minor pivot.
    """
    pivots = turns_confirmed(extreme, sign, start, stop, k, k)
    index = np.full(stop - start, -1, np.int64)
    price = np.zeros(stop - start)
    for i in range(max(start, 2), stop):
        turn = sign * close[i - 1]
        turned = (turn < sign * close[i - 2]) & (turn < sign * close[i])
        index[i - start] = i - 1 if turned else -1
        price[i - start] = turn
    for i in range(start, stop):
        if pivots[i - start]:
            index[i - start] = i - k
            price[i - start] = sign * extreme[i - k]
    return index, price


@numba.njit(cache=True, error_model="numpy")
def scan_clusters(extreme, close, sign, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a cluster.

    The turning points of the look-back are gathered once and kept in a list, newest last, each with the lowest
    close since it was confirmed and before the next one was: walking the list back visits every close.
    """
    begin = max(start - params.shelf_sessions, 0)
    confirmed_at = np.empty(stop - begin, np.int64)
    index = np.empty(stop - begin, np.int64)
    price = np.empty(stop - begin)
    held = np.empty(stop - begin)
    n = 0
    oldest = 0
    count = 0
    turn_index, turn_price = turning_points(extreme, close, sign, begin, stop, params.shelf_pivot_bars)
    for i in range(begin, stop):
        formed = turn_index[i - begin]
        if formed >= 0:
            x = turn_price[i - begin]
            atr = indicators[i, ATR]
            if i >= start and usable(atr, close[i]):
                reach = 0.5 * params.shelf_width_atr * atr
                broken = x - reach - params.break_margin_atr * atr
                bottom = x
                top = x
                points = 1
                since = formed
                while oldest < n and confirmed_at[oldest] < i - params.shelf_sessions:
                    oldest += 1
                for m in range(n - 1, oldest - 1, -1):
                    if held[m] < broken:
                        break
                    if abs(price[m] - x) > reach or since - index[m] < params.shelf_separation_sessions:
                        continue
                    points += 1
                    since = index[m]
                    bottom = min(bottom, price[m])
                    top = max(top, price[m])
                if points >= params.shelf_min_touches:
                    top = max(top, bottom + params.zone_width_atr * atr)
                    if sign > 0.0:
                        count = put(out, count, i, formed, since, points, bottom, top)
                    else:
                        count = put(out, count, i, formed, since, points, -top, -bottom)
            confirmed_at[n] = i
            index[n] = formed
            price[n] = x
            held[n] = np.inf
            n += 1
        if n > 0:
            held[n - 1] = min(held[n - 1], sign * close[i])
    return count
