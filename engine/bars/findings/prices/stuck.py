"""Prices that stand still: repeated bars, rows filled forward, a close that is copied, a tail without a market."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count, price
from engine.bars.movement import Movement
from engine.bars.series import PRICE_COLUMNS
from engine.bars.stretches import runs

_FALSE_ALARM = 1e-3  # a history, for a close that repeats by chance on the grid of its ticks
_MEANINGLESS = 20  # sessions after which a stretch without a market stops a replay
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
    """Repeats in a row that chance does not give: each has the probability seen in the series, a run counted once."""
    n, separate = len(mask), len(runs(mask))
    chance = min(max(separate, 1) / n, 0.9)
    return max(2, int(np.ceil(np.log(n / _FALSE_ALARM) / -np.log(chance))))


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    bars, n = seen.bars, len(seen)
    if n < 5:
        return
    same, close = _repeats(seen)
    filled = np.concatenate(([False], (bars.high[1:] == bars.low[1:]) & close[1:]))
    told = np.zeros(n, dtype=bool)
    whole = same | filled
    least = _least_repeats(whole)
    single = runs(whole)
    # one row may repeat by chance on a coarse grid; with its volume, or as one flat line, or again and again it does not
    copied = np.zeros(n, dtype=bool)
    copied[1:] = same[1:] & (bars.volume[1:] == bars.volume[:-1]) & (bars.volume[1:] > 0)
    usual_flat = float(np.mean(bars.high == bars.low)) > 0.05
    for start, stop in single:
        alone = stop - start == 1
        sure = bool((copied | (filled & ~usual_flat))[start:stop].any())
        if alone and not sure and len(single) < 2:
            continue
        if usual_flat and stop - start < least:
            continue
        told[max(0, start - 1) : stop] = True
        yield _remark(seen, start, stop, "all four prices are those of the session before", "close")
    for start, stop in runs(close & ~told, _least_repeats(close)):
        yield _remark(seen, start, stop, f"the close stays at {price(float(bars.close[start]))}", "close")


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
    remedy="skip rows that are no sessions under `corrections`, or end the replay before them",
    look=_look,
)
