"""Sessions on a Sunday and none on Friday: stamps of another time zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.days.weeks import week_table
from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement
from engine.bars.stretches import runs

_WEEKS = 3  # in a row, at least
_MOVED = (  # (has a session, has none, what happened)
    (6, 4, "sessions on Sundays and none on Fridays: dates are a day early"),
    (5, 0, "sessions on Saturdays and none on Mondays: dates are a day late"),
)


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 50 or seen.bars.around.calendar is not None:
        return  # a named calendar has its own word on every date
    _, table = week_table(seen.bars)
    there = table >= 0
    before = np.vstack((there[:1], there[:-1]))
    for day, absent, what in _MOVED:
        # a Sunday stands for the Monday after it, so its own week and the one before both lack the Friday
        moved = there[:, day] & (~there[:, absent] | ~before[:, absent])
        moved[1:-1] |= moved[:-2] & moved[2:]  # a holiday on the day is no end of it
        for start, stop in runs(moved, _WEEKS):
            rows = table[start:stop]
            first, last = int(rows[rows >= 0][0]), int(rows[rows >= 0][-1])
            yield Remark(
                f"{seen.bars.dates[first]} to {seen.bars.dates[last]}: {count(stop - start, 'week')} with {what}, as stamps "
                "in another time zone are.",
                first,
                last + 1,
                column="date",
            )


LOOK = Look(
    code="bars.time_zone",
    severity="warning",
    looks_at="Saturdays and Sundays in place of Mondays and Fridays",
    means="Every date is that of its neighbour; whatever is joined by date comes a day early or late.",
    remedy="write the date of the exchange's own day (`timezone:`), or accept the finding for a market that trades Sunday to Thursday",
    look=_look,
)
