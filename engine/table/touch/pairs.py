"""Every level of the book at every close, as (date, level) pairs for the touch model.

The log of events is walked once; a level is its birth plus its events up to the date, as in a book looked up for
that date alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from engine.replay.replay import Replay
from engine.rules.book.events import CAPACITY
from engine.rules.book.levels import (
    RETIRED_MERGED,
    STANDING,
    SUPPORT,
    apply_event,
    stand,
    strength,
)
from engine.rules.indicators import ATR
from engine.rules.kinds import KINDS

# what a level is, never how far away: distance and volatility are the offset's business
PAIR_FEATURES = (
    "strength",
    "kind_weight",
    "kinds_agreeing",
    "touches_log",
    "rejections_log",
    "breaks_log",
    "role_reversals_log",
    "reaction_atr_log",
    "age_sessions_log",
    "quiet_sessions_log",
    "zone_height_atr",
    "broken",
    "against_its_role",
    "moving_average",
)


@dataclass(frozen=True, slots=True, eq=False)
class LevelPairs:
    """The book of every close.

    Attributes
    ----------
    pointer : (n + 1,) int64; the pairs of the close of bar t are ``pointer[t] : pointer[t + 1]``.
    level_id : (pairs,) int64.
    prices : (pairs,) float64, edge of the zone nearest to the close.  A zone the close lies in is being touched
        already: it has the price NaN and no forecast.
    distance : (pairs,) float64, log of that price over the close.
    features : (pairs, 14) float64, columns as in :data:`PAIR_FEATURES`; NaN where the ATR is not known yet.
    """

    pointer: np.ndarray
    level_id: np.ndarray
    prices: np.ndarray
    distance: np.ndarray
    features: np.ndarray


def level_pairs(replay: Replay) -> LevelPairs:
    """The pairs of a replay: for each close the levels confirmed and not retired by then, with their standing."""
    bars = replay.bars
    n = len(bars)
    pointer = np.zeros(n + 1, dtype=np.int64)
    # the table and the log hold no more than this many levels alive at once
    room = max(1, n * CAPACITY)
    level_id = np.empty(room, dtype=np.int32)
    prices = np.empty(room)
    features = np.empty((room, len(PAIR_FEATURES)), dtype=np.float32)
    rows = np.zeros(CAPACITY + len(KINDS) + 2, STANDING)
    _walk(bars.close, replay.indicators, replay.table, replay.log, rows, pointer, level_id, prices, features)
    used = pointer[-1]
    prices = prices[:used].copy()
    close = np.repeat(bars.close, np.diff(pointer))
    return LevelPairs(
        pointer,
        level_id[:used].astype(np.int64),
        prices,
        np.log(prices / close),
        features[:used].astype(np.float64),
    )


@numba.njit(cache=True)
def _walk(close, indicators, table, log, rows, pointer, level_id, prices, features):
    alive = 0
    born = 0
    event = 0
    filled = 0
    for i in range(len(close)):
        while born < len(table) and table[born].confirmed <= i:
            stand(table[born], born, rows[alive])
            alive += 1
            born += 1
        while event < len(log) and log[event].bar <= i:
            for r in range(alive):
                if rows[r].id == log[event].level:
                    if log[event].code >= RETIRED_MERGED:
                        alive -= 1
                        rows[r] = rows[alive]
                    else:
                        apply_event(rows[r], log[event].code, i, log[event].value)
                    break
            event += 1
        for r in range(alive):
            low, high = rows[r].low, rows[r].high
            if rows[r].column >= 0:  # a moving average is where it is today
                low = high = indicators[i, rows[r].column]
            level_id[filled] = rows[r].id
            if low > close[i]:
                prices[filled] = low
            elif high < close[i]:
                prices[filled] = high
            else:
                prices[filled] = np.nan
            _describe(rows[r], i, low, high, close[i], indicators[i, ATR], features[filled])
            filled += 1
        pointer[i + 1] = filled


@numba.njit(cache=True)
def _describe(row, i, low, high, close, atr, out):
    out[0] = strength(row, i)
    out[1] = row.weight
    out[2] = row.agreeing
    out[3] = np.log1p(row.touches)
    out[4] = np.log1p(row.rejections)
    out[5] = np.log1p(row.breaks)
    out[6] = np.log1p(row.reversals)
    out[7] = np.log1p(row.reaction_atr)
    out[8] = np.log1p(i - row.formed)
    out[9] = np.log1p(i - row.last_event)
    out[10] = (high - low) / atr if atr > 0.0 else np.nan
    out[11] = row.broken
    out[12] = 1.0 if (low > close) == (row.role == SUPPORT) else 0.0
    out[13] = 1.0 if row.column >= 0 else 0.0
