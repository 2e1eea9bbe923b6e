"""Weekly, monthly or other bars that are not daily."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement
from engine.bars.stretches import runs

_WEEK = 5  # calendar days between sessions that no daily market keeps up
_STRETCH = 6  # such steps in a row


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    days = np.diff(seen.bars.dates).astype(np.int64)
    if len(days) < _STRETCH:
        return
    usual = float(np.median(days))
    if usual >= _WEEK:
        kind = "weekly" if usual <= 10 else "monthly" if usual <= 45 else "sparse"
        yield Remark(f"bars are {usual:.0f} days apart: {kind} bars, not daily ones.", 0, len(seen))
        return
    for start, stop in runs(days >= _WEEK, _STRETCH):
        apart = int(np.median(days[start:stop]))
        yield Remark(
            f"{seen.bars.dates[start]} to {seen.bars.dates[stop]}: {count(stop - start, 'step')} of {apart} days in a row: "
            "not daily bars there.",
            start,
            stop + 1,
        )


LOOK = Look(
    code="bars.not_daily",
    severity="failure",
    looks_at="the days between bars",
    means="Horizons, volatility and a year are counted in sessions of a day.",
    remedy="use daily bars; sum intraday bars up to sessions first",
    look=_look,
)
