"""A question that holds still: the edges of yesterday stay while they are sound.

A question is chosen (:mod:`engine.replay.setup`), stands, and is decided.  It is asked anew, all four edges at once, on
the day a high reaches the target, a close falls below the floor, or it has stood for ``keep_sessions``.  On any other
day each edge stays, unless

- its level is gone: of the major zones that overlap it now, the one that overlaps most takes its place (a level that
  merged lives on so); without one the edge is chosen anew;
- its level has faded: of no major kind, and more than ``keep_strength`` below ``strong_strength``;
- it is more than ``max_atr + keep_atr`` away;
- today's choice is a level that is clearly better: with d how much nearer it is, in ATR, and s how much stronger,
  ``d / switch_atr + s / switch_strength >= 1``, a projection having strength 0; and any level is better than a
  projection.

The ceiling stays until a close is above it, the retest as long as the floor does.  The price of a zone does not move;
that of a moving average is the one of the day.  Why an edge moved stands in the replay (:data:`engine.question.CHANGES`).
"""

from __future__ import annotations

import numba
import numpy as np

from engine.question import (
    AGED,
    BROKEN,
    CROSSED,
    FADED,
    FIRST,
    KEPT,
    MERGED,
    OUT_OF_REACH,
    PROJECTED,
    REACHED,
    REPLACED,
    RETIRED,
    UNDEFINED,
)
from engine.replay.setup import Setup, nearest_retest
from engine.rules.book.levels import freshness
from engine.rules.book.ranks import (
    LAST_EVENT,
    MAJOR,
    RANK_HIGH,
    RANK_LOW,
    RANK_ROW,
    WORTH,
    ZONE_HIGH,
    ZONE_LOW,
)

# slots of the memory (float64): a bar is kept as index + 1, so that zeros mean that there is no question yet;
# of each edge its level's id, or PROJECTED, its zone, and the row of the book its level was last seen in
ASKED_AT, FLOOR_AT, CEILING_AT, TARGET_AT, RETEST_AT = 0, 1, 5, 9, 13
MEMORY_SIZE = 17
_ID, _LOW, _HIGH, _SEEN_IN = range(4)


@numba.njit(cache=True, error_model="numpy", inline="always")
def _strength(i, r, hot):
    return hot[WORTH, r] * freshness(i - hot[LAST_EVENT, r]) if r >= 0 else 0.0


@numba.njit(cache=True, error_model="numpy", inline="always")
def _row_of(slot, rows, count, memory):
    """Row of the level at ``slot``, PROJECTED for a projection, UNDEFINED where the level is gone."""
    level = memory[slot + _ID]
    if level < 0.0:
        return PROJECTED
    row = int(memory[slot + _SEEN_IN])
    if row < count and rows[row].id == level:  # rows move seldom
        return row
    for r in range(count):
        if rows[r].id == level:
            return r
    return UNDEFINED


@numba.njit(cache=True, error_model="numpy")
def _successor(i, low, high, count, hot, params):
    """Row of the major zone that shares most of [low, high]; UNDEFINED where none shares any."""
    best, most = UNDEFINED, 0.0
    for k in range(count):
        if hot[RANK_LOW, k] > high:
            break
        shared = min(high, hot[RANK_HIGH, k]) - max(low, hot[RANK_LOW, k])
        r = int(hot[RANK_ROW, k])
        if shared > most and (hot[MAJOR, r] != 0.0 or _strength(i, r, hot) >= params.strong_strength):
            best, most = r, shared
    return best


@numba.njit(cache=True, error_model="numpy", inline="always")
def _still(bar, slot, side, fresh_row, fresh_price, count, rows, hot, memory, params):
    """(row, reason): the row of the edge at ``slot`` today, and KEPT or MERGED; or why it has to be chosen anew.

    ``side`` is 1 for an edge above the close (its lower edge counts) and -1 for one below (its lower edge too: the
    floor).  ``fresh_row`` and ``fresh_price`` are what would be chosen without memory.
    """
    reason = KEPT
    price = memory[slot + _LOW]
    row = _row_of(slot, rows, count, memory)
    if row != PROJECTED:
        if row < 0:
            row = _successor(bar.at, memory[slot + _LOW], memory[slot + _HIGH], count, hot, params)
            reason = MERGED
            if row < 0:
                return PROJECTED, RETIRED
        price = hot[ZONE_LOW, row]
        weak = _strength(bar.at, row, hot) < params.strong_strength - params.keep_strength
        if hot[MAJOR, row] == 0.0 and weak:
            return PROJECTED, FADED
    distance = side * (price - bar.close)
    if distance <= 0.0:
        return PROJECTED, CROSSED
    if distance > (params.max_atr + params.keep_atr) * bar.atr:
        return PROJECTED, OUT_OF_REACH
    if fresh_row >= 0 and fresh_row != row:
        nearer = (distance - side * (fresh_price - bar.close)) / bar.atr
        stronger = _strength(bar.at, fresh_row, hot) - _strength(bar.at, row, hot)
        ahead = nearer / params.switch_atr + stronger / params.switch_strength
        if row == PROJECTED or (nearer > 0.0 and ahead >= 1.0):
            return PROJECTED, REPLACED
    return row, reason


@numba.njit(cache=True, error_model="numpy", inline="always")
def _put(memory, slot, row, low, high, rows):
    memory[slot + _ID] = rows[row].id if row >= 0 else PROJECTED
    memory[slot + _LOW] = low
    memory[slot + _HIGH] = high
    memory[slot + _SEEN_IN] = row


@numba.njit(cache=True, error_model="numpy", inline="always")
def _remember(setup, rows, hot, memory):
    """Write the edges of ``setup`` into ``memory``; a zone with both its edges."""
    floor_high = hot[ZONE_HIGH, setup.floor_row] if setup.floor_row >= 0 else setup.floor
    _put(memory, FLOOR_AT, setup.floor_row, setup.floor, floor_high, rows)
    _put(memory, CEILING_AT, setup.ceiling_row, setup.ceiling, setup.ceiling, rows)
    _put(memory, TARGET_AT, setup.target_row, setup.target_low, setup.target_high, rows)
    _put(memory, RETEST_AT, setup.retest_row, setup.retest, setup.retest, rows)


@numba.njit(cache=True, error_model="numpy", inline="always")
def settle(fresh, bar, high, count, above, rows, hot, memory, params):
    """(setup, floor change, target change) of one close; moves ``memory`` on.

    Parameters
    ----------
    fresh : what would be chosen today without memory.
    bar : the close with its ATR; high : of the session.
    count, above : how many levels are ranked, and the first of them that begins above the close.
    rows, hot : the book and the walk's scratch (:mod:`engine.rules.book.ranks`).
    memory : (MEMORY_SIZE,) float64.
    params : :class:`engine.replay.setup.SetupParams`.
    """
    if fresh.floor_row == UNDEFINED:
        memory[:] = 0.0
        return fresh, KEPT, KEPT
    why = KEPT
    if memory[ASKED_AT] == 0.0:
        why = FIRST
    elif high >= memory[TARGET_AT + _LOW]:
        why = REACHED
    elif bar.close < memory[FLOOR_AT + _LOW]:
        why = BROKEN
    elif bar.at + 1.0 - memory[ASKED_AT] >= params.keep_sessions:
        why = AGED
    if why != KEPT:
        memory[ASKED_AT] = bar.at + 1.0
        _remember(fresh, rows, hot, memory)
        return fresh, why, why

    floor_row, floor_why = _still(
        bar, FLOOR_AT, -1.0, fresh.floor_row, fresh.floor, count, rows, hot, memory, params
    )
    floor, kept_floor = fresh.floor, floor_why in (KEPT, MERGED)
    if not kept_floor:
        floor_row = fresh.floor_row
    elif floor_row >= 0:
        floor = hot[ZONE_LOW, floor_row]
    else:
        floor = memory[FLOOR_AT + _LOW]

    target_row, target_why = _still(
        bar, TARGET_AT, 1.0, fresh.target_row, fresh.target_low, count, rows, hot, memory, params
    )
    target_low, target_high = fresh.target_low, fresh.target_high
    if target_why not in (KEPT, MERGED):
        target_row = fresh.target_row
    elif target_row >= 0:
        target_low, target_high = hot[ZONE_LOW, target_row], hot[ZONE_HIGH, target_row]
    else:
        target_low, target_high = memory[TARGET_AT + _LOW], memory[TARGET_AT + _HIGH]

    ceiling, ceiling_row = _ceiling(bar, fresh, target_low, target_row, count, rows, hot, memory)
    retest, retest_row = _retest(bar, floor, floor_why == KEPT, count, above, rows, hot, memory, params)
    if not (0.0 < retest < floor < bar.close < ceiling <= target_low <= target_high < np.inf):
        memory[ASKED_AT] = bar.at + 1.0
        _remember(fresh, rows, hot, memory)
        return fresh, CROSSED, CROSSED
    setup = Setup(
        floor, ceiling, target_low, target_high, retest, floor_row, ceiling_row, target_row, retest_row
    )
    _remember(setup, rows, hot, memory)
    return setup, floor_why, target_why


@numba.njit(cache=True, error_model="numpy", inline="always")
def _ceiling(bar, fresh, target_low, target_row, count, rows, hot, memory):
    """(price, row): yesterday's ceiling until a close is above it, today's otherwise; never beyond the target."""
    price, row = memory[CEILING_AT + _LOW], _row_of(CEILING_AT, rows, count, memory)
    if row >= 0 and rows[row].column >= 0:
        price = hot[ZONE_HIGH, row]
    if row == UNDEFINED or not bar.close < price:
        price, row = fresh.ceiling, fresh.ceiling_row
    if not price < target_low:
        price, row = target_low, target_row
    return price, row


@numba.njit(cache=True, error_model="numpy")
def _retest(bar, floor, kept, count, above, rows, hot, memory, params):
    """(price, row): yesterday's retest as long as the floor stands and so does its level, else the next one."""
    if kept:
        row = _row_of(RETEST_AT, rows, count, memory)
        price = memory[RETEST_AT + _LOW]
        if row >= 0 and rows[row].column >= 0:
            price = hot[ZONE_HIGH, row]
        if row != UNDEFINED and price < floor:
            return price, row
    k = nearest_retest(floor, bar, above, hot, params)
    if k >= 0:
        return hot[RANK_HIGH, k], int(hot[RANK_ROW, k])
    return floor * np.exp(-params.retest_projection_atr * bar.atr / bar.close), PROJECTED
