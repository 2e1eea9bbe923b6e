"""A row on a Saturday or Sunday in a market that does not trade then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.days.weeks import DAY_NAMES, week_table
from engine.bars.findings.finding import Look, Remark
from engine.bars.movement import Movement

_RARE = 0.2  # share of weeks with a session on the day: above it the market trades then
_WEEKS = 3  # as many in a row are a moved calendar, which another finding names


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 20 or np.median(np.diff(seen.bars.dates).astype(np.int64)) >= 5:
        return
    _, table = week_table(seen.bars)
    there = table >= 0
    for day in (5, 6):
        mask = there[:, day]
        if not mask.any() or mask.mean() > _RARE:
            continue
        missing = ~there[:, 4] if day == 6 else ~there[:, 0]
        padded = np.pad((mask & missing).astype(int), _WEEKS - 1)
        held = (
            np.convolve(padded, np.ones(_WEEKS, dtype=int), mode="same")[_WEEKS - 1 : -(_WEEKS - 1)]
            >= _WEEKS - 1
        )
        for i in table[mask & ~held, day].tolist():
            yield Remark(
                f"{seen.bars.dates[i]}: a row on a {DAY_NAMES[day]}.",
                i,
                i + 1,
                column="date",
                value=float(seen.bars.close[i]),
            )


LOOK = Look(
    code="bars.weekend_row",
    severity="warning",
    looks_at="rows on Saturdays and Sundays",
    means="No session took place: the row is a copy, a test or a mistyped date.",
    remedy="skip it under `corrections`, or correct its date at the source",
    look=_look,
)
