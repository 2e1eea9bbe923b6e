"""Closes that are those of another session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.findings.prices.pairs import follows
from engine.bars.movement import Movement


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    o, c = seen.open, seen.close
    if len(c) < 3:
        return
    order, disorder = np.abs(o[2:] - c[1:-1]), np.abs(o[2:] - c[:-2])
    for start, stop in follows(seen, order, disorder):
        yield Remark(
            f"{seen.bars.dates[start]} to {seen.bars.dates[stop + 1]}: opens follow the close two rows before them, not "
            "the last one: closes stand one session early, so every date knows its future.",
            start,
            stop + 2,
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
