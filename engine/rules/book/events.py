"""The levels alive, one bar at a time: events and retirements of every level the bar concerns.

The book is a fixed number of rows, so a bar costs the same in year one and in year forty.  Where it is full, the
level with the smallest ``strength / (1 + distance in ATR / 4)`` retires with the event ``retired_evicted``: the
weakest for its distance.  Births and merges follow in :mod:`engine.rules.book.births`.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.rules.book.levels import (
    RETIRED_EVICTED,
    STANDING,
    apply_event,
    event_at,
    freshness,
    retirement_at,
)
from engine.rules.book.ranks import (
    ALARM,
    DROP,
    DUE,
    LAST_EVENT,
    N_ACTIVE,
    N_AVERAGES,
    N_COUNTERS,
    N_EVENTS,
    QUEUE,
    RISE,
    WORTH,
    ZONE_HIGH,
    ZONE_LOW,
    alarm_of,
    arm,
    remove_row,
)

CAPACITY = 96

_EVICTION_DISTANCE_ATR = 4.0


def empty_book() -> tuple[np.ndarray, np.ndarray]:
    """(rows, counters) of a book before the first bar."""
    return np.zeros(CAPACITY, STANDING), np.zeros(N_COUNTERS, np.int64)


@numba.njit(cache=True, error_model="numpy", inline="always")
def emit(events, counters, level_id, bar, code, value):
    """Append one event to the buffer."""
    event = events[counters[N_EVENTS]]
    event.level = level_id
    event.bar = bar
    event.code = code
    event.value = value
    counters[N_EVENTS] += 1


@numba.njit(cache=True, error_model="numpy", inline="always")
def walk_events(bar, indicators, params, rows, hot, counters, events):
    """Events and retirements that one bar brings to the levels alive.

    A call per bar, so it is inlined: counting the references to its arrays would cost as much as the work.
    """
    tolerance = params.touch_tolerance_atr * bar.atr
    count = counters[N_ACTIVE]
    flags = hot[DUE].view(np.int64)
    queue = hot[QUEUE].view(np.int64)
    for r in range(count):  # without a branch, so that several levels are compared at a time
        fell = bar.low <= hot[DROP, r] + tolerance
        rose = bar.high >= hot[RISE, r] - tolerance
        flags[r] = 1 if fell | rose | (bar.at >= hot[ALARM, r]) else 0
    due = 0
    for r in range(count):  # nor here: which levels are due is a coin toss to the processor
        queue[due] = r
        due += flags[r]
    # last row first: a removal fills the gap with the last row, which has had its turn
    while due > 0:
        due -= 1
        r = queue[due]
        row = rows[r]
        drift = 0.0
        if row.column >= 0:
            drift = hot[ZONE_LOW, r] - indicators[bar.at - 1, row.column]
        code, value = event_at(row, hot[ZONE_LOW, r], hot[ZONE_HIGH, r], drift, bar, params)
        if code >= 0:
            apply_event(row, code, bar.at, value)
            emit(events, counters, row.id, bar.at, code, value)
            arm(row, r, bar.at, hot, params)
        else:
            hot[ALARM, r] = alarm_of(row, bar.at, params)
        code = retirement_at(row, hot[ZONE_HIGH, r], bar, params)
        if code >= 0:
            emit(events, counters, row.id, bar.at, code, 0.0)
            remove_row(rows, hot, counters, r)


@numba.njit(cache=True, error_model="numpy")
def make_room(bar, rows, hot, counters, events):
    """Evict the weakest zone for its distance if the book is full."""
    if counters[N_ACTIVE] < len(rows):
        return
    weakest = -1
    least = np.inf
    for r in range(counters[N_AVERAGES], counters[N_ACTIVE]):
        distance = max(hot[ZONE_LOW, r] - bar.close, bar.close - hot[ZONE_HIGH, r], 0.0) / bar.atr
        score = (
            hot[WORTH, r] * freshness(bar.at - hot[LAST_EVENT, r]) / (1.0 + distance / _EVICTION_DISTANCE_ATR)
        )
        if score < least:
            least = score
            weakest = r
    emit(events, counters, rows[weakest].id, bar.at, RETIRED_EVICTED, 0.0)
    remove_row(rows, hot, counters, weakest)
