"""An adjusted close that knows of distributions or splits which the close does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement

_ROUNDING = 5e-4  # of a step: below it, the last digit of either column


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    bars = seen.bars
    if bars.adjusted_close is None:
        return
    factor = np.log(bars.adjusted_close) - seen.close
    step = np.diff(factor)
    known = np.flatnonzero(np.abs(step) > _ROUNDING)
    if not len(known) or len(bars) < 2:
        return
    largest = int(known[np.argmax(np.abs(step[known]))])
    yield Remark(
        f"the adjusted close knows of {count(len(known), 'distribution')} or splits that the close does not; the largest, "
        f"{100 * np.expm1(step[largest]):+.2g}%, is on {bars.dates[largest + 1]}. Prices are used as they were quoted "
        "(`adjust: none`).",
        largest + 1,
        largest + 2,
        column="close",
        value=float(bars.close[largest + 1]),
        near=float(bars.adjusted_close[largest + 1]),
    )


LOOK = Look(
    code="bars.adjusted_close",
    severity="note",
    looks_at="the adjusted close beside the close",
    means="Quoted prices fall by each distribution, which is no loss; returns in points of quoted prices leave it out.",
    remedy="choose `adjust: none | splits | total_return` for the instrument",
    look=_look,
)
