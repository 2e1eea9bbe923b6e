"""Demand zone: the base from which a rally of at least ``impulse_atr`` ATR began.

Rule: a base is one to ``base_sessions`` consecutive bars that overlap and together are no taller than
``base_height_atr`` ATR(14).  Its last bar b is followed by a bar that closes above the base (the departure).
Bar i confirms the zone if its close is the first since b to lie ``impulse_atr`` ATR above the base's high, no
more than ``impulse_sessions`` bars after b, and no close between went back below the base.  ATR is that of
bar b, so the yardstick is the calm before the move and not the move itself.  Where one bar confirms two bases,
the later one counts.  The zone is the base from its lowest low to its highest high.

Source: supply and demand trading as taught by Seiden (base and departure); the thresholds are config.
Parameters: base_sessions, base_height_atr, impulse_atr, impulse_sessions.
Confirmation lag: 1 to ``impulse_sessions`` sessions.  Look-back: ``impulse_sessions + base_sessions`` bars.
"""

from __future__ import annotations

import numba

from engine.rules.book.levels import SUPPORT
from engine.rules.kinds.kind import LevelKind
from engine.rules.kinds.scans.departure import scan_departures
from engine.rules.naming import by_part_of_month


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a demand zone."""
    return scan_departures(high, low, close, 1.0, indicators, start, stop, params, out)


KIND = LevelKind(
    "demand_zone", "demand zone", weight=0.6, major=True, named=by_part_of_month, scan=scan, role=SUPPORT
)
