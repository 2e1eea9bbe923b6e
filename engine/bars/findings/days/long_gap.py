"""More than a week without a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement

_LONGEST = 7  # days; no exchange calendar of a large market closes longer, bar war, fire and golden weeks


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    days = np.diff(seen.bars.dates).astype(np.int64)
    long = np.flatnonzero(days > _LONGEST)
    if not len(long) or np.median(days) >= 5:
        return
    worst = int(long[np.argmax(days[long])])
    yield Remark(
        f"{count(len(long), 'gap')} of more than {_LONGEST} days; the longest, {days[worst]} days, follows "
        f"{seen.bars.dates[worst]}.",
        worst,
        worst + 2,
    )


LOOK = Look(
    code="bars.long_gap",
    severity="warning",
    looks_at="the days between bars",
    means="Sessions are missing: horizons reach farther than they say, and the step across the gap is no session's move.",
    remedy="fill the gap from another source, or begin the replay behind it",
    look=_look,
)
