"""Births of levels, and merges: what the zones confirmed at one close become.

A level's kind, place and ancestry are fixed at the close that confirms it:

1. Zones that several rules confirm on the same date are taken together where they would merge.
2. A zone inside a living level that already counts its kinds adds nothing: the level is ``reinforced``.  The same
   holds for a zone that shares half of the smaller of the two with a weightier level and would make it too tall.
3. Otherwise the nearest living level joins the zone, on the same side of the close, no farther than
   ``merge_distance_atr`` and as long as the whole is no taller than ``max_zone_atr``; again, until none is left.  A
   level that shares half of the smaller of the two joins in any case, whatever its height and side; of its height the
   new level takes in what is allowed.  The parents retire (``retired_merged``) on the date the new level is confirmed.

So no two levels of a book stand for one price area: none ever shares half of the smaller of the two with another.
The new level takes its name (kind, formed and since) from its heaviest part, where weight fades with age like strength
does, so that last month's swing low is not named after a range high of two years ago.  Of what happened to its parts
it takes the longest record, not the sum, since one bar may have touched them all; breaks are not inherited, for price
has just turned there anew.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.rules.book.events import emit, make_room
from engine.rules.book.levels import (
    REINFORCED,
    RESISTANCE,
    RETIRED_MERGED,
    SUPPORT,
    apply_event,
    freshness,
    kinds_agreeing,
    stand,
)
from engine.rules.book.ranks import (
    N_ACTIVE,
    N_AVERAGES,
    N_LEVELS,
    NEXT_ID,
    RANK_HIGH,
    RANK_LOW,
    RANK_ROW,
    RANK_TOP,
    arm,
    enter,
    last_below,
    move_row,
    remove_row,
)


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
    level.since = candidate.since
    level.origin = candidate.formed
    level.confirmed = candidate.bar
    level.touches = candidate.touches
    level.rejections = 0
    level.breaks = 0
    level.reversals = 0


@numba.njit(cache=True, error_model="numpy")
def _give_birth(bar, level, average, params, rows, hot, counters, events):
    """Put a finished level into the book and the table; ``average`` is the price of a moving average."""
    make_room(bar, rows, hot, counters, events)
    count = counters[N_ACTIVE]
    r = count
    if level.column >= 0:  # moving averages come first
        r = counters[N_AVERAGES]
        if r != count:
            move_row(rows, hot, r, count)
        counters[N_AVERAGES] += 1
    stand(level, counters[NEXT_ID], rows[r])
    enter(rows, r, count, average, bar.at, hot, params)
    counters[N_ACTIVE] += 1
    counters[N_LEVELS] += 1
    counters[NEXT_ID] += 1


@numba.njit(cache=True, error_model="numpy")
def _shares_half(level, low, high):
    """True where two zones share half of the smaller one: one price area, whatever its height and side."""
    shared = min(level.high, high) - max(level.low, low)
    return shared >= 0.5 * min(level.high - level.low, high - low)


@numba.njit(cache=True, error_model="numpy")
def _is_too_tall(level, low, high, tallest):
    return max(level.high, high) - min(level.low, low) > tallest


@numba.njit(cache=True, error_model="numpy")
def _gap_to(level, side, low, high, price, reach, tallest):
    """How far from ``level`` a zone is that joins it: 0 where they overlap, -1 where it does not join."""
    if _shares_half(level, low, high):
        return 0.0
    gap = max(low - level.high, level.low - high, 0.0)
    if gap > reach or _is_too_tall(level, low, high, tallest) or _side(low, high, price) != side:
        return -1.0
    return gap


@numba.njit(cache=True, error_model="numpy")
def _stretch(level, low, high, tallest):
    """Take in of another zone what the height allows; the level's own zone is kept whole."""
    level.low = min(level.low, max(low, level.high - tallest))
    level.high = max(level.high, min(high, level.low + tallest))


@numba.njit(cache=True, error_model="numpy")
def _outranks(part, level, i):
    """True where a part gives the level its name: the heavier one for its age, the newer of equals."""
    mine = part.weight * freshness(i - part.formed)
    theirs = level.weight * freshness(i - level.formed)
    return mine > theirs or (mine == theirs and part.formed > level.formed)


@numba.njit(cache=True, error_model="numpy")
def _absorb(i, level, part, kinds, origin, tallest):
    """Take a candidate or a parent into the level: its place, its kinds, its turns and perhaps its name."""
    _stretch(level, part.low, part.high, tallest)
    level.kinds |= kinds
    level.agreeing = kinds_agreeing(level.kinds)
    level.origin = min(level.origin, origin)
    level.touches = max(level.touches, part.touches)
    if _outranks(part, level, i):
        level.kind = part.kind
        level.weight = part.weight
        level.formed = part.formed
        level.since = part.since


@numba.njit(cache=True, error_model="numpy")
def _absorb_parent(i, level, row, tallest):
    _absorb(i, level, row, row.kinds, row.origin, tallest)
    level.rejections = max(level.rejections, row.rejections)
    level.reversals = max(level.reversals, row.reversals)
    level.reaction_atr = max(level.reaction_atr, row.reaction_atr)


@numba.njit(cache=True, error_model="numpy")
def _reinforces(bar, level, tallest, params, rows, hot, counters, events):
    """True where a living level already stands for the zone; that level gets the event."""
    for k in range(last_below(level.high, counters[N_ACTIVE], hot), -1, -1):
        if hot[RANK_TOP, k] < level.low:
            break
        low, high = hot[RANK_LOW, k], hot[RANK_HIGH, k]
        r = int(hot[RANK_ROW, k])
        if high < level.low or r < counters[N_AVERAGES] or not _shares_half(level, low, high):
            continue
        row = rows[r]
        inside = low <= level.low and level.high <= high and (row.kinds & level.kinds) == level.kinds
        if inside or (_is_too_tall(level, low, high, tallest) and _outranks(row, level, bar.at)):
            apply_event(row, REINFORCED, bar.at, 0.0)
            emit(events, counters, row.id, bar.at, REINFORCED, float(level.kind))
            arm(row, r, bar.at, hot, params)
            return True
    return False


@numba.njit(cache=True, error_model="numpy")
def _merge_parents(bar, level, side, reach, tallest, rows, hot, counters, events):
    """Let living levels join the zone, nearest first, the older of equals first, and retire them."""
    while True:
        best = -1
        best_gap = np.inf
        for k in range(last_below(level.high + reach, counters[N_ACTIVE], hot), -1, -1):
            if hot[RANK_TOP, k] < level.low - reach:
                break
            low, high = hot[RANK_LOW, k], hot[RANK_HIGH, k]
            r = int(hot[RANK_ROW, k])
            gap = _gap_to(level, side, low, high, bar.close, reach, tallest)
            if gap < 0.0 or gap > best_gap or r < counters[N_AVERAGES]:
                continue
            if gap == best_gap and rows[r].id > rows[best].id:
                continue
            best = r
            best_gap = gap
        if best < 0:
            return
        _absorb_parent(bar.at, level, rows[best], tallest)
        emit(events, counters, rows[best].id, bar.at, RETIRED_MERGED, float(counters[NEXT_ID]))
        remove_row(rows, hot, counters, best)


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
            _give_birth(bar, level, average, params, rows, hot, counters, events)
            continue
        side = _side(level.low, level.high, bar.close)
        for d in range(c + 1, last):
            other = candidates[d]
            if taken & (1 << (d - first)) or other.column >= 0:
                continue
            if _gap_to(level, side, other.low, other.high, bar.close, reach, tallest) >= 0.0:
                _absorb(bar.at, level, other, 1 << other.kind, other.formed, tallest)
                taken |= 1 << (d - first)
        if _reinforces(bar, level, tallest, params, rows, hot, counters, events):
            continue
        off = bar.close - level.high if side == SUPPORT else level.low - bar.close
        level.reaction_atr = max(off, 0.0) / bar.atr
        level.role = side
        _merge_parents(bar, level, side, reach, tallest, rows, hot, counters, events)
        _give_birth(bar, level, np.nan, params, rows, hot, counters, events)
