"""The walk over the bars: book, setup and features of every close, in one resumable pass."""

from __future__ import annotations

import numba
import numpy as np

from engine.replay.features import CROWD_ATR, fill_features, move_recent
from engine.replay.setup import choose_setup, find_near, first_above
from engine.rules.kinds.kind import usable
from engine.rules.level_book import (
    MAX_EVENTS_PER_BAR,
    MAX_LEVELS_PER_BAR,
    N_ACTIVE,
    N_AVERAGES,
    N_EVENTS,
    N_HOT,
    N_LEVELS,
    NEXT_ID,
    arm_all,
    confirm_levels,
    walk_events,
)
from engine.rules.levels import bar_at

# a copy of the book every so many bars: a look-up starts from the last copy and applies the events since
SNAPSHOT_BARS = 256


@numba.njit(cache=True)
def advance_walk(
    high,
    low,
    close,
    indicators,
    start,
    stop,
    candidates,
    first,
    level_params,
    setup_params,
    rows,
    counters,
    recent,
    levels,
    events,
    snapshots,
    snapshot_counters,
    setup,
    setup_levels,
    features,
):
    """Fill rows ``start .. stop - 1`` of ``setup``, ``setup_levels`` and ``features``; move the book on.

    ``levels`` and ``events`` are buffers that the caller empties: the walk stops early where they could not hold
    another bar, with ``counters`` saying how much is in them.  Snapshot ``(i + 1) // SNAPSHOT_BARS - 1`` is the
    book after bar ``i`` for every ``i + 1`` divisible by ``SNAPSHOT_BARS``.

    Returns
    -------
    (bar, candidate) to go on from; bar is ``stop`` where the walk is done.
    """
    near = np.empty(len(rows), np.int64)
    near_low = np.empty(len(rows))
    near_high = np.empty(len(rows))
    chosen = np.empty(4, np.int64)
    hot = np.empty((N_HOT, len(rows)))
    order = np.empty(len(rows), np.int64)
    due = np.empty(len(rows), np.bool_)
    arm_all(start - 1, indicators, rows, hot, order, counters, level_params)
    for i in range(start, stop):
        if (
            len(levels) - counters[N_LEVELS] < MAX_LEVELS_PER_BAR
            or len(events) - counters[N_EVENTS] < MAX_EVENTS_PER_BAR
        ):
            return i, first
        before = counters[N_EVENTS]
        bar = bar_at(i, high, low, close, indicators)
        if usable(bar.atr, bar.close):
            walk_events(bar, indicators, level_params, rows, hot, order, due, counters, events)
        last = first
        while last < len(candidates) and candidates[last].bar == i:
            last += 1
        if last > first:
            confirm_levels(
                bar,
                candidates,
                first,
                last,
                indicators,
                level_params,
                rows,
                hot,
                order,
                counters,
                levels,
                events,
            )
            first = last
        move_recent(events, before, counters[N_EVENTS], recent)
        reach = max(setup_params.max_atr, CROWD_ATR) * bar.atr
        zones = counters[N_ACTIVE] - counters[N_AVERAGES]
        found = find_near(
            bar.close - 2.5 * reach,
            bar.close + reach,
            hot,
            order,
            zones,
            counters[N_AVERAGES],
            near,
            near_low,
            near_high,
        )
        above = first_above(bar.close, near_low, found)
        choose_setup(
            i, close, indicators, rows, near, near_low, near_high, found, above, setup_params, setup, chosen
        )
        fill_features(
            i,
            close,
            indicators,
            rows,
            hot,
            near,
            near_low,
            near_high,
            found,
            above,
            setup,
            chosen,
            recent,
            features,
        )
        for j in range(4):
            setup_levels[i, j] = rows[chosen[j]].id if chosen[j] >= 0 else chosen[j]
        if (i + 1) % SNAPSHOT_BARS == 0:
            s = (i + 1) // SNAPSHOT_BARS - 1
            for r in range(counters[N_ACTIVE]):
                snapshots[s, r] = rows[r]
            snapshot_counters[s, 0] = counters[N_ACTIVE]
            snapshot_counters[s, 1] = counters[NEXT_ID]
    return stop, first
