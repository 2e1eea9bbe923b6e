"""Prices that stand still: repeated bars, rows filled forward, a close that is copied, a tail without a market."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.days.weeks import DAY_NAMES, weekdays
from engine.bars.findings.finding import Look, Remark, count, price
from engine.bars.movement import Movement
from engine.bars.series import PRICE_COLUMNS
from engine.bars.stretches import runs

_FALSE_ALARM = 1e-3  # a history, for a close that repeats by chance on the grid of its ticks
_MEANINGLESS = 20  # sessions after which a stretch without a market stops a replay
_COMMON, _MOSTLY = 0.05, 0.95  # share of sessions that begin a run; probability of a repeat
_NEVER = 1e-2  # rows that repeat by chance in a whole history
_TOGETHER = 10.0  # a quiet day makes each repeat likelier when the others are there
_USUAL_FLAT = 0.05  # share of flat bars above which one is nothing special
_ALWAYS = 0.8  # share of a weekday's rows that are copies, where it has no sessions of its own
_COARSE = 0.25  # tick as a part of a usual session
_TAIL = 2  # repeats that make the last close, and so the table, meaningless


def _repeats(seen: Movement) -> tuple[np.ndarray, np.ndarray]:
    """(n,) masks: all four prices are those of the bar before; the close is that of the bar before."""
    bars = seen.bars
    same = np.ones(len(bars), dtype=bool)
    for name in PRICE_COLUMNS:
        values = getattr(bars, name)
        same[1:] &= values[1:] == values[:-1]
    close = np.concatenate(([False], bars.close[1:] == bars.close[:-1]))
    same[0] = False
    return same, close


def _least_repeats(mask: np.ndarray) -> int:
    """Repeats in a row that chance does not give.

    Each has the probability seen in the series: runs among the sessions, a run counted once.  Where repeats are common, so that
    runs are cut off rather than begun, it is the share of runs that go on.
    """
    n, found = len(mask), runs(mask)
    chance = max(len(found), 1) / n
    if found and chance > _COMMON:
        on = float(np.mean([stop - start > 1 for start, stop in found]))
        chance = max(chance, on + 2.0 * np.sqrt(on * (1.0 - on) / len(found)))
    return max(2, int(np.ceil(np.log(n / _FALSE_ALARM) / -np.log(min(chance, _MOSTLY)))))


def _expected(seen: Movement) -> float:
    """How many bars repeat all four prices by chance: the product of how often each does, times what a quiet day ties together."""
    n, product = len(seen), _TOGETHER
    for name in PRICE_COLUMNS:
        values = getattr(seen.bars, name)
        product *= max(len(runs(values[1:] == values[:-1])), 1) / n
    return n * min(product, 1.0)


def _copied_days(seen: Movement, whole: np.ndarray) -> np.ndarray:
    """(n,) rows of those days of the week that repeat the row before week after week, where the other days do not."""
    day = weekdays(seen.bars.dates)
    rows = np.bincount(day, minlength=7)
    share = np.bincount(day, weights=whole, minlength=7) / np.maximum(rows, 1)
    copied = (share > _ALWAYS) & (rows >= _MEANINGLESS)
    others = share[(rows > 0) & ~copied]
    if not copied.any() or not len(others) or not (others < 1 - _ALWAYS).all():
        return np.zeros(len(seen), dtype=bool)
    return whole & copied[day]


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    bars, n = seen.bars, len(seen)
    if n < 5:
        return
    same, close = _repeats(seen)
    filled = np.concatenate(([False], (bars.high[1:] == bars.low[1:]) & close[1:]))
    told = np.zeros(n, dtype=bool)
    # where a tick is much of a session, prices repeat for weeks while the market trades: a volume of its own says so
    coarse_there = seen.tick > _COARSE * seen.usual
    own_volume = np.concatenate(([False], (bars.volume[1:] > 0) & (bars.volume[1:] != bars.volume[:-1])))
    whole = (same | filled) & ~(coarse_there & own_volume)
    weekly = _copied_days(seen, whole)
    if weekly.any():
        yield _filled_days(seen, weekly)
        told |= weekly
        whole, close = whole & ~weekly, close & ~weekly
    # one row may repeat by chance on a coarse grid; with its volume, or as one flat line, it does not
    copied = np.zeros(n, dtype=bool)
    copied[1:] = same[1:] & (bars.volume[1:] == bars.volume[:-1]) & (bars.volume[1:] > 0)
    flat = bars.high == bars.low
    usual_flat = float(np.mean(flat[~weekly])) > _USUAL_FLAT
    coarse = _expected(seen) > _NEVER
    least = _least_repeats(whole) if coarse or usual_flat else 1
    sure = copied if coarse or usual_flat else copied | filled
    for start, stop in runs(whole):
        if stop - start < least and not sure[start:stop].any():
            continue
        told[max(0, start - 1) : stop] = True
        yield _remark(seen, start, stop, "all four prices are those of the session before", "close")
    for start, stop in runs(close & ~told & ~coarse_there, _least_repeats(close)):
        yield _remark(seen, start, stop, f"the close stays at {price(float(bars.close[start]))}", "close")


def _filled_days(seen: Movement, weekly: np.ndarray) -> Remark:
    dates = seen.bars.dates
    rows = np.flatnonzero(weekly)
    names = [f"{DAY_NAMES[day]}s" for day in np.unique(weekdays(dates[rows])).tolist()]
    return Remark(
        f"{dates[rows[0]]} to {dates[rows[-1]]}: {count(len(rows), 'row')} on {' and '.join(names)} repeat the row before: days "
        "without a session, filled forward.",
        int(rows[0]),
        int(rows[-1]) + 1,
        severity="failure",
        column="close",
        value=float(seen.bars.close[rows[0]]),
    )


def _remark(seen: Movement, start: int, stop: int, what: str, column: str) -> Remark:
    dates, tail = seen.bars.dates, stop == len(seen)
    when = f"{dates[start]} to {dates[stop - 1]}" if stop - start > 1 else str(dates[start])
    grave = (tail and stop - start >= _TAIL) or stop - start >= _MEANINGLESS
    end = ", to the last bar: the table would be about a price that nobody quotes" if tail else ""
    return Remark(
        f"{when}: {what} ({count(stop - start, 'session')}{end}).",
        start,
        stop,
        severity="failure" if grave else "warning",
        column=column,
        value=float(seen.bars.close[start]),
    )


LOOK = Look(
    code="bars.stuck",
    severity="failure",
    looks_at="bars and closes that repeat the one before",
    means="A stretch without a market makes volatility, and with it every distance, too small.",
    remedy="delete rows that are no sessions at the source, or skip them under `corrections`; end the replay before a stale tail",
    look=_look,
)
