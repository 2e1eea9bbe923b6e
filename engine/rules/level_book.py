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
    is_open_visit,
    retirement_at,
    stand,
    worth,
)

CAPACITY = 96

# Scratch that follows from the rows (arm_all) and makes a bar cheap: one contiguous column per line, in one array
# because a kernel counts a reference for every array it is handed.  By row of the book: DROP, RISE and ALARM decide
# whether a level needs a look at all, PLACE is where a moving average was last seen among the ranks.  By rank, lowest
# lower edge first (the older of equals first, averages among the zones): RANK_LOW, RANK_HIGH, RANK_ROW, and RANK_TOP,
# the highest upper edge up to this rank: going down, nothing that follows reaches higher.  DUE and TODO are work lists.
DROP, RISE, ALARM, ZONE_LOW, ZONE_HIGH, WORTH, LAST_EVENT, MAJOR, PLACE = range(9)
RANK_LOW, RANK_HIGH, RANK_ROW, RANK_TOP, DUE, TODO = range(9, 15)
N_HOT = 15
_N_BY_ROW = PLACE + 1

# counters: rows in use, next level id, how much of the two output buffers is filled, and how many of the rows are
# moving averages (they come first)
N_ACTIVE, NEXT_ID, N_LEVELS, N_EVENTS, N_AVERAGES = range(5)
N_COUNTERS = 5

_EVICTION_DISTANCE_ATR = 4.0


def empty_book() -> tuple[np.ndarray, np.ndarray]:
    """(rows, counters) of a book before the first bar."""
    return np.zeros(CAPACITY, STANDING), np.zeros(N_COUNTERS, np.int64)


@numba.njit(cache=True, error_model="numpy", inline="always")
def _emit(events, counters, level_id, bar, code, value):
    event = events[counters[N_EVENTS]]
    event.level = level_id
    event.bar = bar
    event.code = code
    event.value = value
    counters[N_EVENTS] += 1


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
def _move(rows, hot, source, target):
    """Copy a ranked row to another place."""
    rows[target] = rows[source]
    for j in range(_N_BY_ROW):
        hot[j, target] = hot[j, source]
    hot[RANK_ROW, _rank_of(hot, source)] = target


@numba.njit(cache=True, error_model="numpy")
def _remove(rows, hot, counters, r):
    _unrank(hot, counters[N_ACTIVE], r)
    counters[N_ACTIVE] -= 1
    if r != counters[N_ACTIVE]:
        _move(rows, hot, counters[N_ACTIVE], r)


@numba.njit(cache=True, error_model="numpy")
def move_averages(i, indicators, rows, hot, counters):
    """Give every moving average its price of bar ``i`` and its rank."""
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
def _alarm(row, i, params):
    """First bar after ``i`` at which time alone may bring something."""
    alarm = row.last_event + params.max_level_age_sessions
    if row.broken == 1:
        alarm = min(alarm, row.crossed_at + params.broken_level_sessions)
    if is_open_visit(row, i + 1, params):
        alarm = min(alarm, i + 1)  # a rejection may come at any close
    return alarm


@numba.njit(cache=True, error_model="numpy", inline="always")
def _arm(row, r, i, hot, params):
    """Say when row ``r`` needs a look again: price reaches DROP from above or RISE from below, or bar ALARM."""
    price_above = (row.role == SUPPORT) != (row.broken == 1)
    hot[DROP, r] = hot[ZONE_HIGH, r] if price_above else -np.inf
    hot[RISE, r] = np.inf if price_above else hot[ZONE_LOW, r]
    hot[ALARM, r] = _alarm(row, i, params)
    hot[WORTH, r] = worth(row)
    hot[LAST_EVENT, r] = row.last_event


@numba.njit(cache=True, error_model="numpy")
def _enter(rows, r, count, price, i, hot, params):
    """Fill the scratch of row ``r``, new among ``count`` ranks; ``price`` is that of a moving average."""
    row = rows[r]
    hot[ZONE_LOW, r] = price if row.column >= 0 else row.low
    hot[ZONE_HIGH, r] = price if row.column >= 0 else row.high
    hot[MAJOR, r] = (row.kinds & params.major_kinds) != 0
    hot[PLACE, r] = 0.0
    _arm(row, r, i, hot, params)
    _rank(rows, hot, count, r)


@numba.njit(cache=True, error_model="numpy")
def arm_all(i, indicators, rows, hot, counters, params):
    """Prepare the scratch ``hot`` (N_HOT, CAPACITY) to walk on after bar ``i``."""
    for r in range(counters[N_ACTIVE]):
        column = rows[r].column
        _enter(rows, r, r, indicators[i, column] if column >= 0 else np.nan, i, hot, params)


@numba.njit(cache=True, error_model="numpy", inline="always")
def walk_events(bar, indicators, params, rows, hot, counters, events):
    """Events and retirements that one bar brings to the levels alive.

    A call per bar, so it is inlined: counting the references to its arrays would cost as much as the work.
    """
    tolerance = params.touch_tolerance_atr * bar.atr
    count = counters[N_ACTIVE]
    for r in range(count):  # without a branch, so that several levels are compared at a time
        fell = bar.low <= hot[DROP, r] + tolerance
        rose = bar.high >= hot[RISE, r] - tolerance
        hot[DUE, r] = 1.0 if fell | rose | (bar.at >= hot[ALARM, r]) else 0.0
    due = 0
    for r in range(count):
        if hot[DUE, r] != 0.0:
            hot[TODO, due] = r
            due += 1
    # last row first: a removal fills the gap with the last row, which has had its turn
    while due > 0:
        due -= 1
        r = int(hot[TODO, due])
        row = rows[r]
        drift = 0.0
        if row.column >= 0:
            drift = hot[ZONE_LOW, r] - indicators[bar.at - 1, row.column]
        code, value = event_at(row, hot[ZONE_LOW, r], hot[ZONE_HIGH, r], drift, bar, params)
        if code >= 0:
            apply_event(row, code, bar.at, value)
            _emit(events, counters, row.id, bar.at, code, value)
            _arm(row, r, bar.at, hot, params)
        else:
            hot[ALARM, r] = _alarm(row, bar.at, params)
        code = retirement_at(row, hot[ZONE_HIGH, r], bar, params)
        if code >= 0:
            _emit(events, counters, row.id, bar.at, code, 0.0)
            _remove(rows, hot, counters, r)


@numba.njit(cache=True, error_model="numpy")
def _make_room(bar, rows, hot, counters, events):
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
    _emit(events, counters, rows[weakest].id, bar.at, RETIRED_EVICTED, 0.0)
    _remove(rows, hot, counters, weakest)


@numba.njit(cache=True, error_model="numpy")
def _side(low, high, price):
    return SUPPORT if price >= 0.5 * (low + high) else RESISTANCE


@numba.njit(cache=True, error_model="numpy")
def _write(level, candidate):
    level.low = candidate.low
    level.high = candidate.high
    level.reaction_atr = 0.0
    level.weight = candidate.weight
    level.kinds = 1 << candidate.kind
    level.agreeing = 1
    level.kind = candidate.kind
    level.column = candidate.column
    level.formed = candidate.formed
    level.origin = candidate.formed
    level.confirmed = candidate.bar
    level.touches = candidate.touches
    level.rejections = 0
    level.breaks = 0
    level.reversals = 0


@numba.njit(cache=True, error_model="numpy")
def _bear(bar, level, average, params, rows, hot, counters, events):
    """Put a finished level into the book and the table; ``average`` is the price of a moving average."""
    _make_room(bar, rows, hot, counters, events)
    count = counters[N_ACTIVE]
    r = count
    if level.column >= 0:  # moving averages come first
        r = counters[N_AVERAGES]
        if r != count:
            _move(rows, hot, r, count)
        counters[N_AVERAGES] += 1
    stand(level, counters[NEXT_ID], rows[r])
    _enter(rows, r, count, average, bar.at, hot, params)
    counters[N_ACTIVE] += 1
    counters[N_LEVELS] += 1
    counters[NEXT_ID] += 1


@numba.njit(cache=True, error_model="numpy")
def _can_join(level, low, high, reach, tallest):
    """Gap between the zones (0 where they overlap) if they may merge, else -1."""
    gap = max(low - level.high, level.low - high, 0.0)
    if gap > reach or max(level.high, high) - min(level.low, low) > tallest:
        return -1.0
    return gap


@numba.njit(cache=True, error_model="numpy")
def _is_crowded(level, low, high, tallest):
    """True where two zones share half of the smaller one, yet are too tall together."""
    shared = min(level.high, high) - max(level.low, low)
    smaller = min(level.high - level.low, high - low)
    return shared >= 0.5 * smaller and max(level.high, high) - min(level.low, low) > tallest


@numba.njit(cache=True, error_model="numpy")
def _bits(kinds):
    count = 0
    while kinds:
        count += kinds & 1
        kinds >>= 1
    return count


@numba.njit(cache=True, error_model="numpy")
def _absorb_candidate(i, level, candidate):
    level.low = min(level.low, candidate.low)
    level.high = max(level.high, candidate.high)
    level.kinds |= 1 << candidate.kind
    level.agreeing = _bits(level.kinds)
    level.origin = min(level.origin, candidate.formed)
    level.touches = max(level.touches, candidate.touches)
    if _outranks(candidate.weight, candidate.formed, level, i):
        level.kind = candidate.kind
        level.weight = candidate.weight
        level.formed = candidate.formed


@numba.njit(cache=True, error_model="numpy")
def _outranks(weight, formed, level, i):
    """True where a part gives the level its name: the heavier one for its age, the newer of equals."""
    mine = weight * freshness(i - formed)
    theirs = level.weight * freshness(i - level.formed)
    return mine > theirs or (mine == theirs and formed > level.formed)


@numba.njit(cache=True, error_model="numpy")
def _absorb_parent(i, level, row, tallest):
    # the zone confirmed today is kept whole; of an older one it takes in what the height allows
    level.low = min(level.low, max(row.low, level.high - tallest))
    level.high = max(level.high, min(row.high, level.low + tallest))
    level.kinds |= row.kinds
    level.agreeing = _bits(level.kinds)
    level.origin = min(level.origin, row.origin)
    level.touches = max(level.touches, row.touches)
    level.rejections = max(level.rejections, row.rejections)
    level.reversals = max(level.reversals, row.reversals)
    level.reaction_atr = max(level.reaction_atr, row.reaction_atr)
    if _outranks(row.weight, row.formed, level, i):
        level.kind = row.kind
        level.weight = row.weight
        level.formed = row.formed


@numba.njit(cache=True, error_model="numpy")
def _last_below(price, count, hot):
    """Last of ``count`` ranks whose level begins at ``price`` or lower; -1 where there is none."""
    first = 0
    while first < count:
        middle = (first + count) // 2
        if hot[RANK_LOW, middle] <= price:
            first = middle + 1
        else:
            count = middle
    return first - 1


@numba.njit(cache=True, error_model="numpy")
def _reinforces(bar, level, side, tallest, params, rows, hot, counters, events):
    """True where a living level already stands for the zone; that level gets the event."""
    for k in range(_last_below(level.high, counters[N_ACTIVE], hot), -1, -1):
        if hot[RANK_TOP, k] < level.low:
            break
        low, high = hot[RANK_LOW, k], hot[RANK_HIGH, k]
        r = int(hot[RANK_ROW, k])
        if high < level.low or r < counters[N_AVERAGES] or _side(low, high, bar.close) != side:
            continue
        row = rows[r]
        if row.confirmed == bar.at:
            continue
        inside = low <= level.low and level.high <= high and (row.kinds & level.kinds) == level.kinds
        if inside or (
            _is_crowded(level, low, high, tallest) and _outranks(row.weight, row.formed, level, bar.at)
        ):
            apply_event(row, REINFORCED, bar.at, 0.0)
            _emit(events, counters, row.id, bar.at, REINFORCED, float(level.kind))
            _arm(row, r, bar.at, hot, params)
            return True
    return False


@numba.njit(cache=True, error_model="numpy")
def _merge_parents(bar, level, side, reach, tallest, rows, hot, counters, events):
    """Let living levels join the zone, nearest first, the older of equals first, and retire them."""
    while True:
        best = -1
        best_gap = np.inf
        for k in range(_last_below(level.high + reach, counters[N_ACTIVE], hot), -1, -1):
            if hot[RANK_TOP, k] < level.low - reach:
                break
            low, high = hot[RANK_LOW, k], hot[RANK_HIGH, k]
            r = int(hot[RANK_ROW, k])
            gap = _can_join(level, low, high, reach, tallest)
            if gap < 0.0 and _is_crowded(level, low, high, tallest):
                gap = 0.0
            if gap < 0.0 or gap > best_gap or r < counters[N_AVERAGES]:
                continue
            if rows[r].confirmed == bar.at or _side(low, high, bar.close) != side:
                continue
            if gap == best_gap and rows[r].id > rows[best].id:
                continue
            best = r
            best_gap = gap
        if best < 0:
            return
        _absorb_parent(bar.at, level, rows[best], tallest)
        _emit(events, counters, rows[best].id, bar.at, RETIRED_MERGED, float(counters[NEXT_ID]))
        _remove(rows, hot, counters, best)


@numba.njit(cache=True, error_model="numpy")
def confirm_levels(bar, candidates, first, last, indicators, params, rows, hot, counters, levels, events):
    """Births of one bar, from its candidates ``first .. last - 1``."""
    reach = params.merge_distance_atr * bar.atr
    tallest = params.max_zone_atr * bar.atr
    taken = 0
    for c in range(first, last):
        if taken & (1 << (c - first)):
            continue
        candidate = candidates[c]
        level = levels[counters[N_LEVELS]]
        _write(level, candidate)
        if candidate.column >= 0:
            average = indicators[bar.at, candidate.column]
            level.role = SUPPORT if bar.close >= average else RESISTANCE
            _bear(bar, level, average, params, rows, hot, counters, events)
            continue
        side = _side(level.low, level.high, bar.close)
        for d in range(c + 1, last):
            other = candidates[d]
            if taken & (1 << (d - first)) or other.column >= 0:
                continue
            if _side(other.low, other.high, bar.close) != side:
                continue
            if _can_join(level, other.low, other.high, reach, tallest) >= 0.0:
                _absorb_candidate(bar.at, level, other)
                taken |= 1 << (d - first)
        if _reinforces(bar, level, side, tallest, params, rows, hot, counters, events):
            continue
        off = bar.close - level.high if side == SUPPORT else level.low - bar.close
        level.reaction_atr = max(off, 0.0) / bar.atr
        level.role = side
        _merge_parents(bar, level, side, reach, tallest, rows, hot, counters, events)
        _bear(bar, level, np.nan, params, rows, hot, counters, events)
