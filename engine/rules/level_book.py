"""The levels alive, one bar at a time: events, retirements, births and merges, in that order.

The book is a fixed number of rows, so a bar costs the same in year one and in year forty.  Where it is full, the
level with the smallest ``strength / (1 + distance in ATR / 4)`` retires with the event ``retired_evicted``: the
weakest for its distance.

Merging, at the close that confirms a zone (a level's height, place and ancestry are fixed from then on):

1. Zones that several rules confirm on the same date are taken together where they would merge.
2. A zone inside a living level that already counts its kinds adds nothing: the level is ``reinforced``.
3. Otherwise the nearest living level on the same side of the close, no farther than ``merge_distance_atr``, joins the
   zone as long as the whole is no taller than ``max_zone_atr``; again, until none is left.  The parents retire
   (``retired_merged``) on the date the new level is confirmed.

The new level takes the name (kind and formed) of its heaviest part, the newest of equals; of what happened to its
parts it takes the longest record, not the sum, since one bar may have touched them all; breaks are not inherited, for
price has just turned there anew.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.rules.indicators import ALL_TIME_HIGH, ATR
from engine.rules.kinds import KINDS
from engine.rules.kinds.kind import usable
from engine.rules.levels import (
    REINFORCED,
    RESISTANCE,
    RETIRED_EVICTED,
    RETIRED_MERGED,
    STANDING,
    SUPPORT,
    apply_event,
    event_at,
    freshness,
    retirement_at,
    stand,
    worth,
    zone_at,
)

CAPACITY = 128
# room that one bar can need in the output buffers
MAX_LEVELS_PER_BAR = len(KINDS)
MAX_EVENTS_PER_BAR = 2 * CAPACITY + 2 * len(KINDS)

# What decides, bar by bar, whether a level needs a look at all.  It follows from the rows (arm), one array per
# column so that the loop over the book runs over contiguous numbers; it is scratch, not state.
DROP, RISE, ALARM, ZONE_LOW, ZONE_HIGH, WORTH, LAST_EVENT = range(7)
N_HOT = 7

# counters: rows in use, next level id, and how much of the two output buffers is filled
N_ACTIVE, NEXT_ID, N_LEVELS, N_EVENTS = range(4)
N_COUNTERS = 4

_EVICTION_DISTANCE_ATR = 4.0


def empty_book() -> tuple[np.ndarray, np.ndarray]:
    """(rows, counters) of a book before the first bar."""
    return np.zeros(CAPACITY, STANDING), np.zeros(N_COUNTERS, np.int64)


@numba.njit(cache=True)
def _emit(events, counters, level_id, bar, code, value):
    event = events[counters[N_EVENTS]]
    event.level = level_id
    event.bar = bar
    event.code = code
    event.value = value
    counters[N_EVENTS] += 1


@numba.njit(cache=True)
def _remove(rows, hot, counters, r):
    counters[N_ACTIVE] -= 1
    last = counters[N_ACTIVE]
    rows[r] = rows[last]
    for j in range(N_HOT):
        hot[j, r] = hot[j, last]


@numba.njit(cache=True)
def _arm(row, r, i, indicators, hot, params):
    """Say when row ``r`` needs a look again: price reaches DROP from above or RISE from below, or bar ALARM."""
    if row.column >= 0:
        hot[DROP, r] = np.inf  # a moving average moves: look at every bar
        hot[RISE, r] = -np.inf
    else:
        price_above = (row.role == SUPPORT) != (row.broken == 1)
        hot[DROP, r] = row.high if price_above else -np.inf
        hot[RISE, r] = np.inf if price_above else row.low
    hot[ZONE_LOW, r], hot[ZONE_HIGH, r] = zone_at(row, indicators, i)
    alarm = row.last_event + params.max_level_age_sessions
    if row.broken == 1:
        alarm = min(alarm, row.crossed_at + params.broken_level_sessions)
    if row.visited == 1 and i < row.touched_at + params.visit_sessions:
        alarm = min(alarm, i + 1)  # a rejection may come at any close
    hot[ALARM, r] = alarm
    hot[WORTH, r] = worth(row)
    hot[LAST_EVENT, r] = row.last_event


@numba.njit(cache=True)
def arm_all(i, indicators, rows, hot, counters, params):
    """Prepare the scratch array ``hot`` (N_HOT, CAPACITY) for a walk that goes on after bar ``i``."""
    for r in range(counters[N_ACTIVE]):
        _arm(rows[r], r, i, indicators, hot, params)


@numba.njit(cache=True)
def _walk_events(i, high, low, close, indicators, params, rows, hot, counters, events):
    atr = indicators[i, ATR]
    tolerance = params.touch_tolerance_atr * atr
    top = high[i]
    bottom = low[i]
    r = 0
    while r < counters[N_ACTIVE]:
        if bottom > hot[DROP, r] + tolerance and top < hot[RISE, r] - tolerance and i < hot[ALARM, r]:
            r += 1
            continue
        row = rows[r]
        zone_low, zone_high = zone_at(row, indicators, i)
        code, value = event_at(row, zone_low, zone_high, high, low, close, indicators, i, params)
        if code >= 0:
            apply_event(row, code, i, value)
            _emit(events, counters, row.id, i, code, value)
        code = retirement_at(row, i, zone_high >= indicators[i, ALL_TIME_HIGH], params)
        if code >= 0:
            _emit(events, counters, row.id, i, code, 0.0)
            _remove(rows, hot, counters, r)
            continue
        _arm(row, r, i, indicators, hot, params)
        r += 1


@numba.njit(cache=True)
def _make_room(i, close, indicators, rows, hot, counters, events):
    if counters[N_ACTIVE] < len(rows):
        return
    weakest = -1
    least = np.inf
    for r in range(counters[N_ACTIVE]):
        if hot[DROP, r] == np.inf:
            continue  # moving averages stay
        distance = max(hot[ZONE_LOW, r] - close[i], close[i] - hot[ZONE_HIGH, r], 0.0) / indicators[i, ATR]
        score = hot[WORTH, r] * freshness(i - hot[LAST_EVENT, r]) / (1.0 + distance / _EVICTION_DISTANCE_ATR)
        if score < least:
            least = score
            weakest = r
    _emit(events, counters, rows[weakest].id, i, RETIRED_EVICTED, 0.0)
    _remove(rows, hot, counters, weakest)


@numba.njit(cache=True)
def _side(low, high, price):
    return SUPPORT if price >= 0.5 * (low + high) else RESISTANCE


@numba.njit(cache=True)
def _write(level, i, kind, low, high, formed, touches, params):
    level.low = low
    level.high = high
    level.reaction_atr = 0.0
    level.weight = params.weights[kind]
    level.kinds = 1 << kind
    level.kind = kind
    level.column = -1
    level.formed = formed
    level.origin = formed
    level.confirmed = i
    level.touches = touches
    level.rejections = 0
    level.breaks = 0
    level.reversals = 0


@numba.njit(cache=True)
def _bear(i, level, close, indicators, params, rows, hot, counters, levels, events):
    """Put a finished level into the book and the table."""
    _make_room(i, close, indicators, rows, hot, counters, events)
    r = counters[N_ACTIVE]
    stand(level, counters[NEXT_ID], rows[r])
    _arm(rows[r], r, i, indicators, hot, params)
    counters[N_ACTIVE] += 1
    counters[N_LEVELS] += 1
    counters[NEXT_ID] += 1


@numba.njit(cache=True)
def _can_join(level, low, high, reach, tallest):
    """Gap between the zones (0 where they overlap) if they may merge, else -1."""
    gap = max(low - level.high, level.low - high, 0.0)
    if gap > reach or max(level.high, high) - min(level.low, low) > tallest:
        return -1.0
    return gap


@numba.njit(cache=True)
def _is_crowded(level, low, high, tallest):
    """True where two zones share half of the smaller one, yet are too tall together."""
    shared = min(level.high, high) - max(level.low, low)
    smaller = min(level.high - level.low, high - low)
    return shared >= 0.5 * smaller and max(level.high, high) - min(level.low, low) > tallest


@numba.njit(cache=True)
def _absorb_candidate(i, level, candidate, params):
    level.low = min(level.low, candidate.low)
    level.high = max(level.high, candidate.high)
    level.kinds |= 1 << candidate.kind
    level.origin = min(level.origin, candidate.formed)
    level.touches = max(level.touches, candidate.touches)
    if _outranks(params.weights[candidate.kind], candidate.formed, level, i):
        level.kind = candidate.kind
        level.weight = params.weights[candidate.kind]
        level.formed = candidate.formed


@numba.njit(cache=True)
def _outranks(weight, formed, level, i):
    """True where a part gives the level its name: the heavier one for its age, the newer of equals."""
    mine = weight * freshness(i - formed)
    theirs = level.weight * freshness(i - level.formed)
    return mine > theirs or (mine == theirs and formed > level.formed)


@numba.njit(cache=True)
def _absorb_parent(i, level, row, tallest):
    # the zone confirmed today is kept whole; of an older one it takes in what the height allows
    level.low = min(level.low, max(row.low, level.high - tallest))
    level.high = max(level.high, min(row.high, level.low + tallest))
    level.kinds |= row.kinds
    level.origin = min(level.origin, row.origin)
    level.touches = max(level.touches, row.touches)
    level.rejections = max(level.rejections, row.rejections)
    level.reversals = max(level.reversals, row.reversals)
    level.reaction_atr = max(level.reaction_atr, row.reaction_atr)
    if _outranks(row.weight, row.formed, level, i):
        level.kind = row.kind
        level.weight = row.weight
        level.formed = row.formed


@numba.njit(cache=True)
def _reinforces(i, level, side, tallest, close, indicators, params, rows, hot, counters, events):
    """True where a living level already holds the zone and its kinds; that level gets the event."""
    for r in range(counters[N_ACTIVE]):
        if hot[ZONE_LOW, r] > level.high or level.low > hot[ZONE_HIGH, r]:
            continue
        row = rows[r]
        if row.column >= 0 or row.confirmed == i or _side(row.low, row.high, close[i]) != side:
            continue
        inside = row.low <= level.low and level.high <= row.high and (row.kinds & level.kinds) == level.kinds
        if inside or (
            _is_crowded(level, row.low, row.high, tallest) and _outranks(row.weight, row.formed, level, i)
        ):
            apply_event(row, REINFORCED, i, 0.0)
            _arm(row, r, i, indicators, hot, params)
            _emit(events, counters, row.id, i, REINFORCED, float(level.kind))
            return True
    return False


@numba.njit(cache=True)
def _merge_parents(i, level, side, close, atr, params, rows, hot, counters, events):
    """Let living levels join the zone, nearest first, and retire them."""
    reach = params.merge_distance_atr * atr
    tallest = params.max_zone_atr * atr
    while True:
        best = -1
        best_gap = np.inf
        for r in range(counters[N_ACTIVE]):
            gap = _can_join(level, hot[ZONE_LOW, r], hot[ZONE_HIGH, r], reach, tallest)
            if gap < 0.0 and _is_crowded(level, hot[ZONE_LOW, r], hot[ZONE_HIGH, r], tallest):
                gap = 0.0
            if gap < 0.0 or gap > best_gap:
                continue
            row = rows[r]
            if row.column >= 0 or row.confirmed == i or _side(row.low, row.high, close[i]) != side:
                continue
            if gap == best_gap and row.id > rows[best].id:
                continue
            best = r
            best_gap = gap
        if best < 0:
            return
        _absorb_parent(i, level, rows[best], tallest)
        _emit(events, counters, rows[best].id, i, RETIRED_MERGED, float(counters[NEXT_ID]))
        _remove(rows, hot, counters, best)


@numba.njit(cache=True)
def _confirm(i, candidates, first, last, close, indicators, params, rows, hot, counters, levels, events):
    """Births of bar ``i`` from its candidates ``first .. last - 1``."""
    atr = indicators[i, ATR]
    reach = params.merge_distance_atr * atr
    tallest = params.max_zone_atr * atr
    taken = 0
    for c in range(first, last):
        if taken & (1 << (c - first)):
            continue
        candidate = candidates[c]
        level = levels[counters[N_LEVELS]]
        _write(
            level,
            i,
            candidate.kind,
            candidate.low,
            candidate.high,
            candidate.formed,
            candidate.touches,
            params,
        )
        side = _side(level.low, level.high, close[i])
        for d in range(c + 1, last):
            other = candidates[d]
            if taken & (1 << (d - first)) or _side(other.low, other.high, close[i]) != side:
                continue
            if _can_join(level, other.low, other.high, reach, tallest) >= 0.0:
                _absorb_candidate(i, level, other, params)
                taken |= 1 << (d - first)
        if _reinforces(i, level, side, tallest, close, indicators, params, rows, hot, counters, events):
            continue
        off = close[i] - level.high if side == SUPPORT else level.low - close[i]
        level.reaction_atr = max(off, 0.0) / atr
        level.role = side
        _merge_parents(i, level, side, close, atr, params, rows, hot, counters, events)
        _bear(i, level, close, indicators, params, rows, hot, counters, levels, events)


@numba.njit(cache=True)
def _start_averages(i, close, indicators, params, rows, hot, counters, levels, events):
    for kind in range(len(params.columns)):
        column = params.columns[kind]
        if (
            column < 0
            or np.isnan(indicators[i, column])
            or (i > 0 and not np.isnan(indicators[i - 1, column]))
        ):
            continue
        level = levels[counters[N_LEVELS]]
        _write(level, i, kind, np.nan, np.nan, i, 0, params)
        level.column = column
        level.role = SUPPORT if close[i] >= indicators[i, column] else RESISTANCE
        _bear(i, level, close, indicators, params, rows, hot, counters, levels, events)


@numba.njit(cache=True)
def step_book(
    i, high, low, close, indicators, candidates, first, params, rows, hot, counters, levels, events
):
    """Move the book on to the close of bar ``i``.

    Parameters
    ----------
    candidates, first : CANDIDATE records ordered by (bar, kind), and the first one of bar ``i`` or later.
    rows, counters : the book (:func:`empty_book`), changed in place.
    hot : scratch, prepared by :func:`arm_all`; afterwards its ZONE_LOW and ZONE_HIGH are the zones of bar ``i``.
    levels, events : LEVEL and EVENT buffers with room for one more bar; ``counters`` says how full they are.

    Returns
    -------
    Index of the first candidate of a later bar.
    """
    last = first
    while last < len(candidates) and candidates[last].bar == i:
        last += 1
    _start_averages(i, close, indicators, params, rows, hot, counters, levels, events)
    if usable(indicators[i, ATR], close[i]):
        _walk_events(i, high, low, close, indicators, params, rows, hot, counters, events)
        if last > first:
            _confirm(
                i, candidates, first, last, close, indicators, params, rows, hot, counters, levels, events
            )
    return last
