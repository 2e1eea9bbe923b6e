"""The life of a level: born once and for all, then a list of dated events.

A row of the level table is written when a level is confirmed and never again.  Everything later is an event; the
standing of a level (touches, role, strength) is nothing but its birth plus its events up to a date, and
:func:`apply_event` is the one place that adds them up, for the kernel that walks bars and for a book looked up years
later alike.

==================  ==========================================================================================
event               when (ATR and close of the bar it is dated)
==================  ==========================================================================================
touch               the bar comes within ``touch_tolerance_atr`` of the zone from the side it is approached
                    from, and no visit is under way; a visit ends with a rejection, a break or after
                    ``visit_sessions``
rejection           during a visit the close lies ``rejection_atr`` off the zone on the side it came from;
                    value = that distance
break               the close lies beyond the zone by more than ``break_margin_atr``
reclaim             after a break, the close is back on the old side by the same margin: the break failed
role_reversal       after a break, price has been away from the zone, comes back to touch it from the new side
                    and closes there: broken resistance is support, or the mirror; counts as a touch
reinforced          a rule confirmed a zone that this level stands for already (see births); value = code of the
                    kind
retired_merged      the level went into a larger one born on this date; value = id of that level
retired_age         no touch, rejection, break or reversal for ``max_level_age_sessions`` (a record high that
                    still is the record, and a moving average, do not age)
retired_broken      broken for good: ``max_breaks`` times, or not retested for ``broken_level_sessions``
retired_evicted     the book was full and this level was the weakest for its distance
==================  ==========================================================================================

The value of a rejection, break, reclaim or role reversal is how far the close lies off the zone in ATR, positive
where price is above it.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from engine.rules.indicators import ALL_TIME_HIGH, ATR

EVENTS = (
    "touch",
    "rejection",
    "break",
    "reclaim",
    "role_reversal",
    "reinforced",
    "retired_merged",
    "retired_age",
    "retired_broken",
    "retired_evicted",
)
TOUCH, REJECTION, BREAK, RECLAIM, ROLE_REVERSAL, REINFORCED = range(6)
RETIRED_MERGED, RETIRED_AGE, RETIRED_BROKEN, RETIRED_EVICTED = range(6, 10)

SUPPORT, RESISTANCE = 1, -1

# a level as it was born; written once.  No padding in these records, so that equal ones are equal bytes
LEVEL = np.dtype(
    [
        ("low", np.float64),  # NaN for a moving average: its price is that of the date
        ("high", np.float64),
        ("reaction_atr", np.float64),  # sum of what price did after turning here
        ("weight", np.float64),  # of its kind
        ("kinds", np.int64),  # bit k set: kind k agrees
        ("agreeing", np.int32),  # how many bits are set
        ("kind", np.int32),
        ("column", np.int32),  # indicator column that is its price; -1 for a zone
        ("formed", np.int32),  # bar indices
        ("since", np.int32),  # oldest turn of the part that gives the level its name
        ("origin", np.int32),  # formed of the oldest level that went into this one
        ("confirmed", np.int32),
        ("touches", np.int32),
        ("rejections", np.int32),
        ("breaks", np.int32),
        ("reversals", np.int32),
        ("role", np.int32),
    ],
    align=True,
)

# a level as it stands: its birth plus its events
STANDING = np.dtype(
    [
        *[(name, LEVEL[name]) for name in LEVEL.names or ()],
        ("id", np.int32),
        ("broken", np.int32),  # 1 from a break to its reclaim or role reversal
        ("visited", np.int32),  # 1 from a touch to its rejection or break
        ("last_event", np.int32),  # bars; a reinforcement counts, a birth does too
        ("touched_at", np.int32),
        ("crossed_at", np.int32),  # last break or reclaim; -1 none
    ],
    align=True,
)

EVENT = np.dtype(
    [("value", np.float64), ("level", np.int32), ("bar", np.int32), ("code", np.int64)], align=True
)

_HALF_STRENGTH_TOUCHES = 3.0
_HALF_STRENGTH_REACTION = 4.0
HALF_LIFE_SESSIONS = 252.0


@numba.njit(cache=True, error_model="numpy")
def stand(level, level_id, row):
    """Write into ``row`` (STANDING) how a level stands on the day it is confirmed."""
    row.low = level.low
    row.high = level.high
    row.reaction_atr = level.reaction_atr
    row.kinds = level.kinds
    row.agreeing = level.agreeing
    row.weight = level.weight
    row.kind = level.kind
    row.column = level.column
    row.formed = level.formed
    row.since = level.since
    row.origin = level.origin
    row.confirmed = level.confirmed
    row.touches = level.touches
    row.rejections = level.rejections
    row.breaks = level.breaks
    row.reversals = level.reversals
    row.role = level.role
    row.id = level_id
    row.broken = 0
    row.visited = 0
    row.last_event = level.confirmed
    row.touched_at = level.formed
    row.crossed_at = -1


@numba.njit(cache=True, error_model="numpy")
def apply_event(row, code, bar, value):
    """Move a standing on by one event that is not a retirement."""
    row.last_event = bar
    if code == TOUCH:
        row.touches += 1
        row.visited = 1
        row.touched_at = bar
    elif code == REJECTION:
        row.rejections += 1
        row.reaction_atr += abs(value)
        row.visited = 0
    elif code == BREAK:
        row.breaks += 1
        row.broken = 1
        row.visited = 0
        row.crossed_at = bar
    elif code == RECLAIM:
        row.broken = 0
        row.crossed_at = bar
    elif code == ROLE_REVERSAL:
        row.role = -row.role
        row.broken = 0
        row.reversals += 1
        row.touches += 1
        row.visited = 1
        row.touched_at = bar


@numba.njit(cache=True, error_model="numpy")
def kinds_agreeing(kinds):
    """Number of level kinds that went into a zone: the bits set in its ``kinds``."""
    count = 0
    while kinds:
        count += kinds & 1
        kinds >>= 1
    return count


@numba.njit(cache=True, error_model="numpy")
def worth(row):
    """The part of :func:`strength` that only an event can change."""
    standing = (
        row.weight
        + row.touches / (row.touches + _HALF_STRENGTH_TOUCHES)
        + row.reaction_atr / (row.reaction_atr + _HALF_STRENGTH_REACTION)
        + (row.agreeing - 1.0) / row.agreeing
    )
    # price crosses an average for good reasons, over and over: only a zone wears out
    integrity = 2.0 / (2.0 + row.breaks) if row.column < 0 else 1.0
    if row.broken == 1:
        integrity *= 0.5
    return 0.25 * standing * integrity


@numba.njit(cache=True, error_model="numpy", inline="always")
def freshness(quiet_sessions):
    """The part of :func:`strength` that fades: 1 on the day of an event, one half a year later."""
    return HALF_LIFE_SESSIONS / (HALF_LIFE_SESSIONS + quiet_sessions)


@numba.njit(cache=True, error_model="numpy")
def strength(row, bar):
    """Strength of a level at the close of ``bar``, in (0, 1).

    mean of four terms, times integrity, times freshness::

        (weight of the kind + touches / (touches + 3) + reaction / (reaction + 4) + (kinds - 1) / kinds) / 4
        * 1 / (1 + breaks / 2)        not for a moving average; halved once more between a break and its reclaim or
                                      role reversal
        * 1 / (1 + sessions without an event / 252)

    touches counts the turns that made the level and every touch since; reaction is in ATR, the sum over all
    rejections of how far the close had moved off; kinds is how many rules agree on the zone.  Three touches, a
    reaction of 4 ATR or a quiet year each bring their factor to one half: these are conventions, not estimates.
    """
    return worth(row) * freshness(bar - row.last_event)


class Bar(NamedTuple):
    """One bar as the level kernels see it: scalars, so that no array reference is counted for each level."""

    at: int  # its index
    high: float
    low: float
    close: float
    high_before: float
    low_before: float
    atr: float
    record: float  # highest high so far


@numba.njit(cache=True, error_model="numpy")
def bar_at(i, high, low, close, indicators):
    """The bar ``i``, and what of the bar before it matters."""
    before = max(i - 1, 0)
    return Bar(
        i,
        high[i],
        low[i],
        close[i],
        high[before],
        low[before],
        indicators[i, ATR],
        indicators[i, ALL_TIME_HIGH],
    )


@numba.njit(cache=True, error_model="numpy")
def is_open_visit(row, i, params):
    """True where a touch still waits for its rejection."""
    return row.visited == 1 and i - row.touched_at <= params.visit_sessions


@numba.njit(cache=True, error_model="numpy")
def event_at(row, zone_low, zone_high, drift, bar, params):
    """(code, value) of the event that a bar brings to a standing level; code -1 where there is none.

    ``drift`` is how far the level moved since the bar before (a moving average; 0 for a zone).  At most one event a
    bar: a break is worth more than the touch it began with, and a rejection closes the visit of an earlier touch.
    """
    tolerance = params.touch_tolerance_atr * bar.atr
    margin = params.break_margin_atr * bar.atr
    touching = bar.low <= zone_high + tolerance and bar.high >= zone_low - tolerance
    # distance of the close off the zone on the side the level defends, and beyond it
    if row.role == SUPPORT:
        off = bar.close - zone_high
        beyond = zone_low - bar.close
    else:
        off = zone_low - bar.close
        beyond = bar.close - zone_high
    if row.broken == 0:
        if beyond > margin:
            return BREAK, -row.role * beyond / bar.atr
        visiting = is_open_visit(row, bar.at, params)
        if visiting and off >= params.rejection_atr * bar.atr:
            return REJECTION, row.role * off / bar.atr
        if touching and not visiting:
            return TOUCH, 0.0
        return -1, 0.0
    if off > margin:
        return RECLAIM, row.role * off / bar.atr
    # a retest comes from a distance: the bar before must have left the zone alone
    away = bar.low_before > zone_high - drift + tolerance or bar.high_before < zone_low - drift - tolerance
    if touching and away and beyond > 0.0:
        return ROLE_REVERSAL, -row.role * beyond / bar.atr
    return -1, 0.0


@numba.njit(cache=True, error_model="numpy")
def retirement_at(row, zone_high, bar, params):
    """Code of the retirement that is due after a bar's events, or -1; moving averages never retire."""
    if row.column >= 0:
        return -1
    if row.breaks >= params.max_breaks:
        return RETIRED_BROKEN
    if row.broken == 1 and bar.at - row.crossed_at >= params.broken_level_sessions:
        return RETIRED_BROKEN
    if bar.at - row.last_event >= params.max_level_age_sessions and zone_high < bar.record:
        return RETIRED_AGE
    return -1
