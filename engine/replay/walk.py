"""The walk over the bars: book, setup and features of every close, in one resumable pass."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from engine.kernels.borrow import borrowed
from engine.question import (
    CEILING,
    CEILING_LEVEL,
    FLOOR,
    FLOOR_LEVEL,
    KEPT,
    RETEST,
    RETEST_LEVEL,
    TARGET_HIGH,
    TARGET_LEVEL,
    TARGET_LOW,
)
from engine.replay.features import fill_features, move_recent
from engine.replay.memory import settle
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


class Span(NamedTuple):
    """Bars ``start .. stop - 1``, and the first candidate that belongs to them."""

    start: int
    stop: int
    candidate: int


class Prices(NamedTuple):
    """(n,) float64 each, of the whole history; written by the source."""

    high: np.ndarray
    low: np.ndarray
    close: np.ndarray


class WalkParams(NamedTuple):
    """The thresholds of levels and of the setup, from the config."""

    levels: Any
    setup: Any


class Book(NamedTuple):
    """What the walk remembers between two bars.

    Attributes
    ----------
    rows : (capacity,) STANDING records, the levels alive first; (:mod:`engine.rules.book.levels`).
    counters : (k,) int64: how many levels are alive, how much is written, the next id (:mod:`engine.rules.book.ranks`).
    recent : (4,) float64 counts of recent events (:func:`engine.replay.features.move_recent`).
    memory : (MEMORY_SIZE,) float64, the question that stands (:mod:`engine.replay.memory`).
    """

    rows: np.ndarray
    counters: np.ndarray
    recent: np.ndarray
    memory: np.ndarray


class Written(NamedTuple):
    """What the walk writes.

    Attributes
    ----------
    levels, events : LEVEL and EVENT records, filled up to the counters; with room for a bar, or the walk stops.
    snapshots : (n // SNAPSHOT_BARS, capacity) STANDING records; ``snapshot_counters`` (n // SNAPSHOT_BARS, 2) int64,
        levels alive and next id.  Entry ``(i + 1) // SNAPSHOT_BARS - 1`` is the book after bar ``i``.
    setup : (n, 5) float64 prices; ``setup_levels`` (n, 4) and ``setup_changes`` (n, 2) int64; columns as in
        :mod:`engine.question`.
    features : (n, k) float64, columns as in :data:`engine.replay.features.LEVEL_FEATURES`.
    """

    levels: np.ndarray
    events: np.ndarray
    snapshots: np.ndarray
    snapshot_counters: np.ndarray
    setup: np.ndarray
    setup_levels: np.ndarray
    setup_changes: np.ndarray
    features: np.ndarray


@numba.njit(cache=True, error_model="numpy")
def advance_walk(prices, indicators, candidates, span, params, book, out):
    """Fill the rows of ``out`` for the bars of ``span``; move ``book`` on.

    Parameters
    ----------
    prices : :class:`Prices`.
    indicators : (n, 6) float64, columns as in :data:`engine.rules.indicators.INDICATORS`, filled up to ``stop - 1``.
    candidates : CANDIDATE records of the bars of the chunk, by bar (:func:`engine.rules.kinds.find_candidates`).
    span : :class:`Span`; params : :class:`WalkParams`; book : :class:`Book`; out : :class:`Written`.

    Returns
    -------
    (bar, candidate) to go on from.  Bar is ``stop`` where the walk is done; earlier where the buffers of levels or
    events could not hold another bar, with the counters saying how much is in them.
    """
    start, stop, first = span
    high, low, close = prices
    level_params, setup_params = params
    rows, counters, recent, memory = book
    levels, events, snapshots, snapshot_counters, setup, setup_levels, setup_changes, features = out
    scratch = np.empty((N_HOT, len(rows)))
    hot = borrowed(scratch)
    rows, counters, recent = borrowed(rows), borrowed(counters), borrowed(recent)
    levels, events, candidates = borrowed(levels), borrowed(events), borrowed(candidates)
    indicators, features = borrowed(indicators), borrowed(features)
    high, low, close = borrowed(high), borrowed(low), borrowed(close)
    setup, setup_levels = borrowed(setup), borrowed(setup_levels)
    memory, setup_changes = borrowed(memory), borrowed(setup_changes)
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
        floor_why, target_why = KEPT, KEPT
        if setup_params.memory:
            chosen, floor_why, target_why = settle(
                chosen, bar, high[i], count, above, rows, hot, memory, setup_params
            )
        setup_changes[i, 0] = floor_why
        setup_changes[i, 1] = target_why
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
