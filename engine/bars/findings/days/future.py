"""Bars from days to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    today = np.datetime64("today", "D")
    dates = seen.bars.dates
    first = int(
        np.searchsorted(dates, today + np.timedelta64(1, "D"), side="right")
    )  # it may be tomorrow there
    if first == len(dates):
        return
    yield Remark(
        f"{count(len(dates) - first, 'bar')} dated after today ({today}), to {dates[-1]}: a wrong date, or bars made up.",
        first,
        len(dates),
        column="date",
    )


LOOK = Look(
    code="bars.future_dates",
    severity="warning",
    looks_at="dates after today",
    means="The table would be about a close that has not been.",
    remedy="correct the dates at the source, or end the replay before them",
    look=_look,
)
