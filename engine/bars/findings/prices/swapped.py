"""Open and close in each other's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.findings.prices.pairs import follows
from engine.bars.movement import Movement


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    o, c = seen.open, seen.close
    # an open follows the close before it by a night; in exchanged columns it is two sessions and a night away
    order, disorder = np.abs(o[1:] - c[:-1]), np.abs(c[1:] - o[:-1])
    for start, stop in follows(seen, order, disorder):
        yield Remark(
            f"{seen.bars.dates[start]} to {seen.bars.dates[stop]}: each close lies by the open of the session before, "
            "not each open by the close before it: the columns open and close have changed places.",
            start,
            stop + 1,
            column="open",
        )


LOOK = Look(
    code="bars.swapped",
    severity="failure",
    looks_at="whether opens follow closes",
    means="Every return, fill and outcome is taken from the wrong end of the session.",
    remedy="exchange the columns at the source (`columns:` names them)",
    look=_look,
)
