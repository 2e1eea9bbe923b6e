"""Rows that are those of another date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement
from engine.bars.series import PRICE_COLUMNS
from engine.bars.stretches import runs

_FALSE_ALARM = 1e-3  # a history
_TOGETHER = 100.0  # bars of the same weeks lie near one another: pairs agree that much more often than any two of the history
_RARE = 0.01  # share of rows with a twin, below which one that has its volume, too, is a copy


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    bars, n = seen.bars, len(seen)
    if n < 5:
        return
    # a bar with one price agrees with many, and one that repeats its neighbour is another finding
    rows = bars.high > bars.low
    rows[1:] &= ~np.logical_and.reduce(
        [getattr(bars, name)[1:] == getattr(bars, name)[:-1] for name in PRICE_COLUMNS]
    )
    source = _earlier_twin(np.column_stack([getattr(bars, name) for name in PRICE_COLUMNS]), rows)
    twins = source >= 0
    if not twins.any():
        return
    volume = bars.volume
    same_volume = twins & (volume == volume[np.maximum(source, 0)]) & (volume > 0)
    chance = min(0.5, _TOGETHER * float(np.mean(twins)) / n)  # that two given rows agree
    least = int(np.ceil(np.log(n * n / _FALSE_ALARM) / -np.log(chance)))
    fine = float(np.mean(twins)) < _RARE
    # a copy goes on at one distance from its source
    distance = np.where(twins, np.arange(n) - source, 0)
    for lag in np.unique(distance[twins]).tolist():
        for start, stop in runs(distance == lag):
            if stop - start < least and not (fine and same_volume[start:stop].any()):
                continue
            when = str(bars.dates[start]) + (f" to {bars.dates[stop - 1]}" if stop - start > 1 else "")
            origin = str(bars.dates[start - lag]) + (
                f" to {bars.dates[stop - 1 - lag]}" if stop - start > 1 else ""
            )
            yield Remark(
                f"{when}: {count(stop - start, 'row')} with the prices of {origin}.",
                start,
                stop,
                column="close",
                value=float(bars.close[start]),
            )


def _earlier_twin(table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n,) index of the last earlier row of ``rows`` with the same prices; -1 where there is none."""
    found = np.full(len(table), -1, dtype=np.int64)
    at = np.flatnonzero(rows)
    if len(at) < 2:
        return found
    order = at[np.lexsort(table[at].T)]  # stable: equal rows stay in the order of their dates
    same = (table[order[1:]] == table[order[:-1]]).all(axis=1)
    found[order[1:][same]] = order[:-1][same]
    return found


LOOK = Look(
    code="bars.copied",
    severity="failure",
    looks_at="rows whose prices stand under another date, too",
    means="The days they stand for are missing, and levels, moves and outcomes come from other weeks.",
    remedy="skip them under `corrections`, or write the days that belong there",
    look=_look,
)
