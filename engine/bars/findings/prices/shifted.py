"""Closes that are those of another session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.findings.prices.order import early_scores, stretches
from engine.bars.movement import Movement


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 4:
        return
    for first, last in stretches(early_scores(seen)):
        yield Remark(
            f"{seen.bars.dates[first]} to {seen.bars.dates[last]} ({count(last - first + 1, 'session')}): opens follow the close two rows "
            "before them, not the last one: closes stand one session early, so every date knows its future.",
            first,
            last + 1,
            column="close",
        )


LOOK = Look(
    code="bars.shifted",
    severity="failure",
    looks_at="which close an open follows",
    means="A close one session early is a look-ahead that no audit of the rules can see.",
    remedy="move the column close at the source",
    look=_look,
)
