"""Bars without height."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement

_SINGLE = 1  # a lone bar of one print happens on a half day


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    flat = np.flatnonzero(seen.bars.high == seen.bars.low)
    if len(flat) <= _SINGLE:
        return
    yield Remark(
        f"high = low in {count(len(flat), 'bar')}; the first is {seen.bars.dates[flat[0]]}.",
        int(flat[0]),
        int(flat[-1]) + 1,
    )


LOOK = Look(
    code="bars.flat",
    severity="note",
    looks_at="bars whose high is their low",
    means="There was one price, or the source knows only one.",
    remedy="use a source with highs and lows: touches are decided by them",
    look=_look,
)
