"""Bars without volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.movement import Movement

_LEAST = 0.01  # share of bars; a mean of 20 sessions is not moved by one of a hundred


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    share = float(np.mean(seen.bars.volume == 0)) if len(seen) else 0.0
    if share > _LEAST:
        yield Remark(
            f"{share:.1%} of the bars carry no volume; volume ratios are left out there.", column="volume"
        )


LOOK = Look(
    code="bars.no_volume",
    severity="note",
    looks_at="the volume",
    means="The volume ratio is unknown there; nothing else uses volume.",
    remedy="nothing need be done",
    look=_look,
)
