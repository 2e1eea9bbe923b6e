"""All-time-high region: the area under the highest high so far, once it has stood ``pivot_bars`` sessions.

Rule: bar p makes a high above every bar before it and none of the next ``pivot_bars`` bars exceeds it.  The region
runs from that high down by ``all_time_high_width_atr`` ATR(14) of the confirming bar: supply at a record is an area
where holders take profit, not one price.

Source: George and Hwang, "The 52-week high and momentum investing", Journal of Finance 59 (2004), for records as
anchors; the region's height is this engine's convention.
Parameters: pivot_bars, all_time_high_width_atr.
Confirmation lag: ``pivot_bars`` sessions.
Look-back: the record itself is a running maximum, which no later bar can change; it is handed in as a column.
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ALL_TIME_HIGH, ATR
from engine.rules.kinds.kind import LevelKind, put, usable
from engine.rules.naming import by_record


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a record high."""
    count = 0
    k = params.pivot_bars
    for i in range(start, stop):
        p = i - k
        # no new record since p, and p itself was one
        if p < 1 or not usable(indicators[i, ATR], close[i]):
            continue
        if indicators[i, ALL_TIME_HIGH] != indicators[p, ALL_TIME_HIGH]:
            continue  # exceeded since
        if indicators[p, ALL_TIME_HIGH] == indicators[p - 1, ALL_TIME_HIGH]:
            continue  # p made no record
        top = high[p]
        count = put(out, count, i, p, p, 1, top - params.all_time_high_width_atr * indicators[i, ATR], top)
    return count


KIND = LevelKind("all_time_high", "all-time-high region", weight=0.9, major=True, named=by_record, scan=scan)
