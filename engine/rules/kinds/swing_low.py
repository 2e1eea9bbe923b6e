"""Swing low: a bar whose low stands below the ``pivot_bars`` bars on either side.

Rule: :func:`engine.rules.pivots.swing_lows_confirmed`.  The zone runs from the low up by ``zone_width_atr``
ATR(14) of the confirming bar; its lower edge is the low itself, which a break must clear.

Source: Williams, Trading Chaos (1995), "fractals", with k bars a side in place of two.
Parameters: pivot_bars, zone_width_atr.
Confirmation lag: ``pivot_bars`` sessions.  Look-back: ``2 * pivot_bars`` bars.
"""

from __future__ import annotations

import numba

from engine.rules.indicators import ATR
from engine.rules.kinds.kind import LevelKind, put, usable
from engine.rules.naming import by_month
from engine.rules.pivots import swing_lows_confirmed


@numba.njit(cache=True, error_model="numpy")
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a swing low."""
    count = 0
    confirmed = swing_lows_confirmed(low, start, stop, params.pivot_bars)
    for i in range(start, stop):
        if confirmed[i - start] and usable(indicators[i, ATR], close[i]):
            p = i - params.pivot_bars
            count = put(out, count, i, p, p, 1, low[p], low[p] + params.zone_width_atr * indicators[i, ATR])
    return count


KIND = LevelKind("swing_low", "swing low", weight=0.45, major=False, named=by_month, scan=scan)
