"""Scratch of the walk: what makes a bar cheap although the book holds dozens of levels.

It follows from the book's rows alone, so it is never part of the state: :func:`arm_all` prepares it before a walk
goes on, and every change of a row goes through the functions of this module.  One array holds it all, one
contiguous column per line, because a kernel counts a reference for every array it is handed.

By row of the book: DROP, RISE and ALARM decide whether a level needs a look at all (price falls to DROP, rises to
RISE, or the bar ALARM has come); ZONE_LOW and ZONE_HIGH are its zone, WORTH and LAST_EVENT give its strength, MAJOR
is 1 for the major kinds, PLACE is where a moving average was last seen among the ranks.

By rank, the level that begins lowest first (the older of equals first, moving averages among the zones): RANK_LOW,
RANK_HIGH, RANK_ROW, and RANK_TOP, the highest upper edge up to this rank: going down, nothing reaches higher.

DUE and QUEUE are work lists, read as integers.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.rules.book.levels import SUPPORT, is_open_visit, worth

DROP, RISE, ALARM, ZONE_LOW, ZONE_HIGH, WORTH, LAST_EVENT, MAJOR, PLACE = range(9)
RANK_LOW, RANK_HIGH, RANK_ROW, RANK_TOP, DUE, QUEUE = range(9, 15)
N_HOT = 15
_N_BY_ROW = PLACE + 1

# counters of the book: rows in use, next level id, how much of the two output buffers is filled, and how many of the
# rows are moving averages (they come first)
N_ACTIVE, NEXT_ID, N_LEVELS, N_EVENTS, N_AVERAGES = range(5)
N_COUNTERS = 5


@numba.njit(cache=True, error_model="numpy")
def _rank_of(hot, r):
    k = 0
    while hot[RANK_ROW, k] != r:
        k += 1
    return k


@numba.njit(cache=True, error_model="numpy")
def _copy_rank(hot, source, target):
    hot[RANK_LOW, target] = hot[RANK_LOW, source]
    hot[RANK_HIGH, target] = hot[RANK_HIGH, source]
    hot[RANK_ROW, target] = hot[RANK_ROW, source]


@numba.njit(cache=True, error_model="numpy")
def _top_up(hot, first, last, count):
    """Bring RANK_TOP of ``count`` ranks up to date after the ranks ``first .. last`` have changed."""
    top = hot[RANK_TOP, first - 1] if first > 0 else -np.inf
    for k in range(first, count):
        top = max(top, hot[RANK_HIGH, k])
        if k > last and hot[RANK_TOP, k] == top:
            break
        hot[RANK_TOP, k] = top


@numba.njit(cache=True, error_model="numpy")
def _rank(rows, hot, count, r):
    """Insert row ``r`` among ``count`` ranks."""
    low = hot[ZONE_LOW, r]
    k = count
    while k > 0:
        before = hot[RANK_LOW, k - 1]
        if before < low or (before == low and rows[int(hot[RANK_ROW, k - 1])].id < rows[r].id):
            break
        _copy_rank(hot, k - 1, k)
        k -= 1
    hot[RANK_LOW, k] = low
    hot[RANK_HIGH, k] = hot[ZONE_HIGH, r]
    hot[RANK_ROW, k] = r
    _top_up(hot, k, count, count + 1)


@numba.njit(cache=True, error_model="numpy")
def _unrank(hot, count, r):
    first = _rank_of(hot, r)
    for k in range(first, count - 1):
        _copy_rank(hot, k + 1, k)
    _top_up(hot, first, count, count - 1)


@numba.njit(cache=True, error_model="numpy")
def move_row(rows, hot, source, target):
    """Copy a ranked row to another place."""
    rows[target] = rows[source]
    for j in range(_N_BY_ROW):
        hot[j, target] = hot[j, source]
    hot[RANK_ROW, _rank_of(hot, source)] = target


@numba.njit(cache=True, error_model="numpy")
def remove_row(rows, hot, counters, r):
    """Take row ``r`` out of the book; the last row fills the gap."""
    _unrank(hot, counters[N_ACTIVE], r)
    counters[N_ACTIVE] -= 1
    if r != counters[N_ACTIVE]:
        move_row(rows, hot, counters[N_ACTIVE], r)


@numba.njit(cache=True, error_model="numpy", inline="always")
def move_averages(i, indicators, rows, hot, counters):
    """Give every moving average its price of bar ``i`` and its rank.  Inlined, as it is called for every bar."""
    count = counters[N_ACTIVE]
    for r in range(counters[N_AVERAGES]):
        price = indicators[i, rows[r].column]
        hot[ZONE_LOW, r] = price
        hot[ZONE_HIGH, r] = price
        if hot[RISE, r] == np.inf:
            hot[DROP, r] = price
        else:
            hot[RISE, r] = price
        k = int(hot[PLACE, r])
        if k >= count or hot[RANK_ROW, k] != r:
            k = _rank_of(hot, r)
        first = k
        while k > 0 and _goes_before(rows, r, price, hot, k - 1):
            _copy_rank(hot, k - 1, k)
            k -= 1
        while k < count - 1 and not _goes_before(rows, r, price, hot, k + 1):
            _copy_rank(hot, k + 1, k)
            k += 1
        hot[RANK_LOW, k] = price
        hot[RANK_HIGH, k] = price
        hot[RANK_ROW, k] = r
        hot[PLACE, r] = k
        _top_up(hot, min(first, k), max(first, k), count)


@numba.njit(cache=True, error_model="numpy")
def _goes_before(rows, r, price, hot, k):
    low = hot[RANK_LOW, k]
    return price < low or (price == low and rows[r].id < rows[int(hot[RANK_ROW, k])].id)


@numba.njit(cache=True, error_model="numpy")
def alarm_of(row, i, params):
    """First bar after ``i`` at which time alone may bring something."""
    alarm = row.last_event + params.max_level_age_sessions
    if row.broken == 1:
        alarm = min(alarm, row.crossed_at + params.broken_level_sessions)
    if is_open_visit(row, i + 1, params):
        alarm = min(alarm, i + 1)  # a rejection may come at any close
    return alarm


@numba.njit(cache=True, error_model="numpy", inline="always")
def arm(row, r, i, hot, params):
    """Say when row ``r`` needs a look again: price reaches DROP from above or RISE from below, or bar ALARM."""
    price_above = (row.role == SUPPORT) != (row.broken == 1)
    hot[DROP, r] = hot[ZONE_HIGH, r] if price_above else -np.inf
    hot[RISE, r] = np.inf if price_above else hot[ZONE_LOW, r]
    hot[ALARM, r] = alarm_of(row, i, params)
    hot[WORTH, r] = worth(row)
    hot[LAST_EVENT, r] = row.last_event


@numba.njit(cache=True, error_model="numpy")
def enter(rows, r, count, price, i, hot, params):
    """Fill the scratch of row ``r``, new among ``count`` ranks; ``price`` is that of a moving average."""
    row = rows[r]
    hot[ZONE_LOW, r] = price if row.column >= 0 else row.low
    hot[ZONE_HIGH, r] = price if row.column >= 0 else row.high
    hot[MAJOR, r] = (row.kinds & params.major_kinds) != 0
    hot[PLACE, r] = 0.0
    arm(row, r, i, hot, params)
    _rank(rows, hot, count, r)


@numba.njit(cache=True, error_model="numpy")
def arm_all(i, indicators, rows, hot, counters, params):
    """Prepare the scratch ``hot`` (N_HOT, CAPACITY) to walk on after bar ``i``."""
    for r in range(counters[N_ACTIVE]):
        column = rows[r].column
        enter(rows, r, r, indicators[i, column] if column >= 0 else np.nan, i, hot, params)


@numba.njit(cache=True, error_model="numpy")
def last_below(price, count, hot):
    """Last of ``count`` ranks whose level begins at ``price`` or lower; -1 where there is none."""
    first = 0
    while first < count:
        middle = (first + count) // 2
        if hot[RANK_LOW, middle] <= price:
            first = middle + 1
        else:
            count = middle
    return first - 1
