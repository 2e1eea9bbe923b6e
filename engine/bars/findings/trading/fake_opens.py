"""Stretches whose opens nobody could have traded at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark, count
from engine.bars.movement import Movement
from engine.bars.stretches import runs


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    bars = seen.bars
    for start, stop in runs(~bars.opens_traded):
        here = slice(max(start, 1), stop)
        gap = np.abs(seen.open[here] - seen.before[here])
        near = float(np.mean(gap < 5e-4)) if stop > max(start, 1) else 1.0
        end = ", to the last bar" if stop == len(bars) else ""
        yield Remark(
            f"{bars.dates[start]} to {bars.dates[stop - 1]} ({count(stop - start, 'session')}{end}): opens are not traded "
            f"prices; {100 * near:.0f}% lie within 5 basis points of the close before. Gaps and fills at the open are left "
            "out there.",
            start,
            stop,
            column="open",
        )


LOOK = Look(
    code="bars.fake_opens",
    severity="warning",
    looks_at="opens beside the close before, in units of the session's movement",
    means="A buyer at such an open would get a price that had gone: a look-ahead that comes in through the data.",
    remedy="use a source with traded opens, or set `opens: traded` for a market that never closes",
    look=_look,
)
