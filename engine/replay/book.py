"""The level book at any past close, without walking there.

The book at t is: levels confirmed on or before t, minus those retired on or before t, with their events up to t.
Nothing else.  A look-up copies the last snapshot at or before t (one every 256 bars) and applies the births and events
since, through the very function that the walk uses; it never reads what came after t.
"""

from __future__ import annotations

import numba
import numpy as np
import pandas as pd

from engine.config import with_plugins
from engine.errors import InputError
from engine.replay.replay import Replay
from engine.replay.walk import SNAPSHOT_BARS
from engine.rules.book.levels import (
    BREAK,
    EVENTS,
    RECLAIM,
    REINFORCED,
    RESISTANCE,
    RETIRED_MERGED,
    ROLE_REVERSAL,
    STANDING,
    SUPPORT,
    apply_event,
    freshness,
    stand,
    worth,
)
from engine.rules.indicators import ALL_TIME_HIGH, ATR, SIGMA
from engine.rules.kinds import KINDS
from engine.rules.names import RECENT_CROSSING_SESSIONS, average_name
from engine.rules.naming import Birth, turned_word

_ROLE_NAMES = {SUPPORT: "support", RESISTANCE: "resistance"}
_EVENT_WORDS = tuple(event.replace("_", " ") for event in EVENTS)
_RECORD = "all_time_high"
ROLLED = " (rolls taken out)"  # a price of today's contract at which nobody may ever have traded
_HISTORY_EVENTS = 3  # the last so many breaks, reclaims and reversals make the role history


def bar_of(replay: Replay, date: object) -> int:
    """Index of the session dated ``date``, or of the last one before it.

    Raises
    ------
    InputError
        ``replay.before_first_bar``: the history starts after ``date``.
    """
    bar = replay.bars.index_of(date)
    if bar < 0:
        raise InputError(
            "replay.before_first_bar",
            f"{replay.bars.symbol}: {date} lies before the first session ({replay.bars.dates[0]})",
            "choose a later date",
        )
    return bar


@numba.njit(cache=True)
def _count_until(bars, bar):
    """How many of the ascending ``bars`` are ``bar`` or before.

    By halves and by hand: numpy would copy a column of records before it searched it.
    """
    first, last = 0, len(bars)
    while first < last:
        middle = (first + last) // 2
        if bars[middle] <= bar:
            first = middle + 1
        else:
            last = middle
    return first


@numba.njit(cache=True)
def _look_up(table, log, bar, count, next_id, first_event, rows):
    while next_id < len(table) and table[next_id].confirmed <= bar:
        stand(table[next_id], next_id, rows[count])
        count += 1
        next_id += 1
    for e in range(first_event, len(log)):
        event = log[e]
        if event.bar > bar:
            break
        for r in range(count):
            if rows[r].id == event.level:
                if event.code >= RETIRED_MERGED:
                    count -= 1
                    rows[r] = rows[count]
                else:
                    apply_event(rows[r], event.code, event.bar, event.value)
                break
    return count


@numba.njit(cache=True)
def _worth_of(rows):
    out = np.empty(len(rows))
    for r in range(len(rows)):
        out[r] = worth(rows[r])
    return out


def standing_at(replay: Replay, bar: int) -> np.ndarray:
    """STANDING records of the levels alive after bar ``bar``, by id: the core of every look-up."""
    snapshot = (bar + 1) // SNAPSHOT_BARS - 1
    if snapshot >= 0:
        count, next_id = (int(x) for x in replay.snapshot_counters[snapshot])
        first_event = _count_until(replay.log["bar"], (snapshot + 1) * SNAPSHOT_BARS - 1)
    else:
        count, next_id, first_event = 0, 0, 0
    born = _count_until(replay.table["confirmed"], bar)
    rows = np.empty(count + born - next_id, STANDING)
    if count:
        rows[:count] = replay.snapshots[snapshot, :count]
    count = _look_up(replay.table, replay.log, bar, count, next_id, first_event, rows)
    rows = rows[:count]
    return rows[np.argsort(rows["id"])]


@with_plugins
def book_at(replay: Replay, date: object) -> pd.DataFrame:
    """The level book after the close of ``date`` (or of the last session before it), highest level first.

    Returns
    -------
    One row per level alive, columns

    level_id, name, kind, formed, confirmed :
        as in ``Replay.levels``, but for the name, which is the one an analyst would use on that date: of the kind
        the level was born with, or of a heavier or newer one that has confirmed the zone since.
    side :
        ``"resistance"`` where the zone's upper edge lies above the close, else ``"support"``.
    low, high :
        the zone; for a moving average both are its value on that date.
    distance_percent, distance_atr, distance_sigma :
        from the close to the nearer edge, positive above the close, 0 inside; sigma counts log distance.  NaN where
        ATR or sigma is not known yet.
    touches, rejections, breaks, age_sessions, strength, kinds :
        the standing on that date; age is counted from the date the zone formed, strength is that of
        :func:`engine.rules.book.levels.strength`, kinds is how many rules agree on the zone.
    role, role_history :
        what the level last proved to be, and its last breaks, reclaims and reversals with their dates.

    Raises
    ------
    InputError
        ``replay.before_first_bar``.
    """
    bar = bar_of(replay, date)
    rows = standing_at(replay, bar)
    as_of = replay.bars.dates[bar].item()
    close = float(replay.bars.close[bar])
    atr = float(replay.indicators[bar, ATR])
    sigma = float(replay.indicators[bar, SIGMA])
    record = float(replay.indicators[bar, ALL_TIME_HIGH])

    low, high = rows["low"].copy(), rows["high"].copy()
    averages = np.flatnonzero(rows["column"] >= 0)
    low[averages] = high[averages] = replay.indicators[bar, rows["column"][averages]]
    order = np.lexsort((rows["id"], -low, -high))
    rows, low, high = rows[order], low[order], high[order]

    edge = np.where(low > close, low, np.where(high < close, high, close))
    with np.errstate(divide="ignore", invalid="ignore"):
        distance_atr = np.where(edge == close, 0.0, (edge - close) / atr)
        distance_sigma = np.where(edge == close, 0.0, np.log(edge / close) / sigma)
    dates = replay.bars.dates
    codes, named = _named_after(replay, bar, rows)
    kinds = tuple(KINDS)
    names = [
        kinds[code].named(
            kinds[code].noun,
            Birth(day, since, span, turned_word(kinds[code].role, role, broken), as_of, top >= record),
        )
        for code, day, since, span, role, broken, top in zip(
            codes.tolist(),
            dates[named].tolist(),
            dates[rows["since"]].tolist(),
            (named - rows["since"]).tolist(),
            rows["role"].tolist(),
            (rows["broken"] == 1).tolist(),
            high.tolist(),
            strict=True,
        )
    ]
    for place in _carried_over_rolls(replay, bar, rows["formed"], codes):
        names[place] += ROLLED
    for place in np.flatnonzero(rows["column"] >= 0):
        crossed = _sessions_since_crossing(replay, bar, int(rows["column"][place]))
        names[place] = average_name(kinds[rows["kind"][place]].name, close > low[place], crossed)
    return pd.DataFrame(
        {
            "level_id": rows["id"].astype(np.int64),
            "name": names,
            "kind": [kinds[code].name for code in rows["kind"]],
            "side": np.where(high > close, "resistance", "support"),
            "low": low,
            "high": high,
            "distance_percent": 100.0 * (edge / close - 1.0),
            "distance_atr": distance_atr,
            "distance_sigma": distance_sigma,
            "touches": rows["touches"].astype(np.int64),
            "rejections": rows["rejections"].astype(np.int64),
            "breaks": rows["breaks"].astype(np.int64),
            "age_sessions": (bar - rows["formed"]).astype(np.int64),
            "strength": _worth_of(rows) * freshness(bar - rows["last_event"]),
            "kinds": rows["agreeing"].astype(np.int64),
            "role": [_ROLE_NAMES[int(role)] for role in rows["role"]],
            "role_history": _role_histories(replay, bar, rows),
            "formed": dates[rows["formed"]].astype("datetime64[us]"),
            "confirmed": dates[rows["confirmed"]].astype("datetime64[us]"),
        }
    )


def _sessions_since_crossing(replay: Replay, bar: int, column: int) -> int | None:
    """Sessions since the close came to the side of the average it is on; None where that is more than a quarter ago.

    The same crossing as in the momentum columns: of the close, without a margin; a close on the average changes nothing.
    """
    first = max(bar - RECENT_CROSSING_SESSIONS - 1, 0)
    side = np.sign(replay.bars.close[first : bar + 1] - replay.indicators[first : bar + 1, column])
    known = np.flatnonzero(np.abs(side) == 1.0)
    other = known[side[known] != side[known[-1]]] if len(known) else known
    if not len(other):
        return None
    return bar - first - int(known[np.searchsorted(known, other[-1]) + 1])


@numba.njit(cache=True)
def _last_reinforced(log, stop, ids, since, out):
    """Fill ``out`` (levels, kinds) with the bar at which each kind last confirmed each level anew, -1 for never.

    Arguments as in :func:`_last_crossings`.
    """
    out[:] = -1
    oldest = since.min() if len(since) else 0
    e = stop
    while e > 0 and log[e - 1].bar >= oldest:
        e -= 1
        if log[e].code != REINFORCED:
            continue
        r = np.searchsorted(ids, log[e].level)
        if r < len(ids) and ids[r] == log[e].level:
            kind = int(log[e].value)
            out[r, kind] = max(out[r, kind], log[e].bar)


def _carried_over_rolls(replay: Replay, bar: int, formed: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Rows of the book that call themselves a record and were one in prices of another contract than trades at ``bar``."""
    rolls = replay.bars.around.rolls
    if rolls is None:
        return np.empty(0, dtype=np.int64)
    record = codes == KINDS.position(_RECORD)
    moved = (rolls.ratio[formed] != rolls.ratio[bar]) | (rolls.shift[formed] != rolls.shift[bar])
    return np.flatnonzero(record & moved)


def _named_after(replay: Replay, bar: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(kinds, bars) that each level is named after at the close of ``bar``.

    The kind it was born with, or one that has confirmed the zone since: the heavier one for its age, the newer of
    equals, by the rule that names a level when it is born.
    """
    ascending = np.argsort(rows["id"])
    ids, since = rows["id"][ascending].astype(np.int64), rows["confirmed"][ascending].astype(np.int64)
    stop = _count_until(replay.log["bar"], bar)
    at = np.empty((len(rows), len(KINDS)), np.int64)
    last = np.empty_like(at)
    _last_reinforced(replay.log, stop, ids, since, last)
    at[ascending] = last
    of_birth = np.arange(len(rows)), rows["kind"]
    at[of_birth] = np.maximum(at[of_birth], rows["formed"])
    weights = np.array([kind.weight for kind in KINDS])
    claims = np.where(at >= 0, weights * freshness(bar - at), -1.0)
    # the last of equal maxima of (claim, bar): the newer one
    order = np.lexsort((at, claims), axis=1)
    chosen = order[:, -1]
    return chosen, at[np.arange(len(rows)), chosen]


@numba.njit(cache=True)
def _last_crossings(log, stop, ids, since, out):
    """Fill ``out`` (levels, k) with each level's last ``k`` breaks, reclaims and reversals before ``stop``, newest first.

    ``ids`` ascend; ``since`` is the bar each level was confirmed.  Entries of ``log`` are given by index, -1 for none.
    """
    out[:] = -1
    found = np.zeros(len(ids), np.int64)
    wanted = len(ids)
    oldest = since.min() if wanted else 0
    e = stop
    while wanted > 0 and e > 0:
        e -= 1
        if log[e].bar < oldest:
            break
        code = log[e].code
        if code != BREAK and code != RECLAIM and code != ROLE_REVERSAL:
            continue
        r = np.searchsorted(ids, log[e].level)
        if r < len(ids) and ids[r] == log[e].level and found[r] < out.shape[1]:
            out[r, found[r]] = e
            found[r] += 1
            wanted -= found[r] == out.shape[1]


def _role_histories(replay: Replay, bar: int, rows: np.ndarray) -> list[str]:
    """``"break 2025-11-17, reclaim 2025-11-25"``, or nothing, for each level; from its own events up to ``bar``."""
    ascending = np.argsort(rows["id"])
    ascending = ascending[rows["crossed_at"][ascending] >= 0]
    log = replay.log
    last = np.empty((len(ascending), _HISTORY_EVENTS), np.int64)
    stop = int(np.searchsorted(log["bar"], bar, side="right"))
    ids, since = rows["id"][ascending].astype(np.int64), rows["confirmed"][ascending].astype(np.int64)
    _last_crossings(log, stop, ids, since, last)
    told = [""] * len(rows)
    for r, crossings in zip(ascending.tolist(), last.tolist(), strict=True):
        words = [
            f"{_EVENT_WORDS[log['code'][e]]} {replay.bars.dates[log['bar'][e]]}"
            for e in reversed(crossings)
            if e >= 0
        ]
        told[r] = ", ".join(words)
    return told
