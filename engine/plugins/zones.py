"""Whether the zones that a scan wrote are zones: one pass, so that a plugin's kind costs no more than a built-in one."""

from __future__ import annotations

import numba
import numpy as np

SOUND, MISDATED, NO_ZONE = range(3)


@numba.njit(cache=True)
def first_unsound(found, count, start, stop):
    """Position and defect of the first of ``count`` CANDIDATE records that is unsound; -1 and SOUND where none is.

    Dated means one zone a bar, oldest first, of the bars ``start .. stop - 1``, formed by then.
    """
    last = start - 1
    for c in range(count):
        zone = found[c]
        bar = zone.bar
        if not last < bar < stop or not 0 <= zone.formed <= bar or not 0 <= zone.since <= bar:
            return c, MISDATED
        if not 0.0 < zone.low < zone.high < np.inf:
            return c, NO_ZONE
        last = bar
    return -1, SOUND
