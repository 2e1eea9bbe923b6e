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

from engine.rules.kinds.kind import LevelKind
from engine.rules.kinds.scans.extreme import scan_extremes
from engine.rules.naming import by_month


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a range high."""
    return scan_extremes(high, close, 1.0, indicators, start, stop, params, out)


KIND = LevelKind("range_high", "multi-month range high", weight=0.75, major=True, named=by_month, scan=scan)
