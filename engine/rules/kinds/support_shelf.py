"""Support shelf: at least ``shelf_min_touches`` turning points inside one narrow band, and the band held.

Rule: a turning point is a minor pivot low (``shelf_pivot_bars`` bars a side, priced at its low) or a closing low
(a close below the closes before and after it, priced at the close).  When bar i confirms a turning point of price
x, the points confirmed in the ``shelf_sessions`` before it and within half of ``shelf_width_atr`` ATR(14) of x are
gathered, back to the last close that broke x by more than half the width plus ``break_margin_atr``; points closer
than ``shelf_separation_sessions`` to a newer one that counts do not count.  With ``shelf_min_touches`` of them the
shelf is confirmed.  The zone runs from the lowest to the highest point, widened upwards to ``zone_width_atr`` if
it is thinner.  The newest point dates the zone; its name spans the months from the oldest point to the latest confirmation.

Source: Edwards and Magee, Technical Analysis of Stock Trends (1948), on support at former turning points;
Osler, "Support for resistance", FRBNY Economic Policy Review 6 (2000), on levels that analysts publish.
Parameters: shelf_sessions, shelf_width_atr, shelf_min_touches, shelf_pivot_bars, shelf_separation_sessions,
break_margin_atr, zone_width_atr.
Confirmation lag: ``shelf_pivot_bars`` sessions after the newest pivot, one session after the newest closing low.
Look-back: ``shelf_sessions + 2 * shelf_pivot_bars`` bars.
"""

from __future__ import annotations

import numba

from engine.rules.book.levels import SUPPORT
from engine.rules.kinds.kind import LevelKind
from engine.rules.kinds.scans.cluster import scan_clusters
from engine.rules.naming import by_span


@numba.njit(cache=True)
def scan(open, high, low, close, indicators, start, stop, params, out):
    """Write one candidate for each bar of ``start .. stop - 1`` that confirms a support shelf."""
    return scan_clusters(low, close, 1.0, indicators, start, stop, params, out)


KIND = LevelKind(
    "support_shelf", "support shelf", weight=0.65, major=True, named=by_span, scan=scan, role=SUPPORT
)
