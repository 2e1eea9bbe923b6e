"""Open and close in each other's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.findings.prices.order import stretches, swapped_scores
from engine.bars.movement import Movement


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 3:
        return
    for first, last in stretches(swapped_scores(seen)):
        yield Remark(
            f"{seen.bars.dates[first]} to {seen.bars.dates[last]} ({count(last - first + 1, 'session')}): each close lies by the open of "
            "the session before, not each open by the close before it: the columns open and close have changed places.",
            first,
            last + 1,
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
