"""The walk over the bars: book, setup and features of every close, in one resumable pass."""

from __future__ import annotations

import numba
import numpy as np

from engine.kernels.borrow import borrowed
from engine.question import (
    CEILING,
    CEILING_LEVEL,
    FLOOR,
    FLOOR_LEVEL,
    RETEST,
    RETEST_LEVEL,
    TARGET_HIGH,
    TARGET_LEVEL,
    TARGET_LOW,
)
from engine.replay.features import fill_features, move_recent
from engine.replay.setup import choose_setup, first_above
from engine.rules.book.births import confirm_levels
from engine.rules.book.events import walk_events
from engine.rules.book.levels import bar_at
from engine.rules.book.ranks import N_ACTIVE, N_EVENTS, N_HOT, N_LEVELS, NEXT_ID, arm_all, move_averages
from engine.rules.indicators import SIGMA
from engine.rules.kinds.kind import usable

# a copy of the book every so many bars: a look-up starts from the last copy and applies the events since
SNAPSHOT_BARS = 256


@numba.njit(cache=True, error_model="numpy", inline="always")
def _id_of(rows, r):
    return rows[r].id if r >= 0 else r


@numba.njit(cache=True, error_model="numpy")
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
    scratch = np.empty((N_HOT, len(rows)))
    hot = borrowed(scratch)
    rows, counters, recent = borrowed(rows), borrowed(counters), borrowed(recent)
    levels, events, candidates = borrowed(levels), borrowed(events), borrowed(candidates)
    indicators, features = borrowed(indicators), borrowed(features)
    arm_all(start - 1, indicators, rows, hot, counters, level_params)
    above = 0
    for i in range(start, stop):
        last = first
        while last < len(candidates) and candidates[last].bar == i:
            last += 1
        # a bar brings each living level two events at most and may merge it; a candidate brings two and a birth
        if len(levels) - counters[N_LEVELS] < last - first or len(events) - counters[N_EVENTS] < 3 * len(
            rows
        ) + 2 * (last - first):
            return i, first
        before = counters[N_EVENTS]
        bar = bar_at(i, high, low, close, indicators)
        sigma = indicators[i, SIGMA]
        move_averages(i, indicators, rows, hot, counters)
        if usable(bar.atr, bar.close):
            walk_events(bar, indicators, level_params, rows, hot, counters, events)
        if last > first:
            confirm_levels(
                bar, candidates, first, last, indicators, level_params, rows, hot, counters, levels, events
            )
            first = last
        move_recent(events, before, counters[N_EVENTS], recent)

        count = counters[N_ACTIVE]
        above = first_above(bar.close, count, above, hot)
        chosen = choose_setup(bar, sigma, count, above, hot, setup_params)
        setup[i, FLOOR] = chosen.floor
        setup[i, CEILING] = chosen.ceiling
        setup[i, TARGET_LOW] = chosen.target_low
        setup[i, TARGET_HIGH] = chosen.target_high
        setup[i, RETEST] = chosen.retest
        setup_levels[i, FLOOR_LEVEL] = _id_of(rows, chosen.floor_row)
        setup_levels[i, CEILING_LEVEL] = _id_of(rows, chosen.ceiling_row)
        setup_levels[i, TARGET_LEVEL] = _id_of(rows, chosen.target_row)
        setup_levels[i, RETEST_LEVEL] = _id_of(rows, chosen.retest_row)
        fill_features(bar, sigma, chosen, count, above, rows, hot, recent, features)
        if (i + 1) % SNAPSHOT_BARS == 0:
            s = (i + 1) // SNAPSHOT_BARS - 1
            for r in range(counters[N_ACTIVE]):
                snapshots[s, r] = rows[r]
            snapshot_counters[s, 0] = counters[N_ACTIVE]
            snapshot_counters[s, 1] = counters[NEXT_ID]
    return stop, first
