"""A session that moved the price farther than any session near it, and left it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.findings.prices.spike import spikes
from engine.bars.findings.prices.split import NO_NIGHT, steps
from engine.bars.movement import Movement

_OUTLYING = 10.0  # usual session movements from close to close
_FACTOR, _OUTLYING_BY_FACTOR = float(np.log(1.2)), 5.0


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 5:
        return
    move = seen.close - seen.before
    move[0] = 0.0
    size = np.abs(move)
    units = size / seen.usual
    mask = (units > _OUTLYING) | ((size > _FACTOR) & (units > _OUTLYING_BY_FACTOR))
    bad = seen.once(spikes)
    mask &= ~(seen.once(steps)[1] | bad | np.concatenate(([False], bad[:-1])))
    for i in np.flatnonzero(mask).tolist():
        yield Remark(
            f"{seen.bars.dates[i]}: the close moved {100 * np.expm1(move[i]):+.3g} % in a session, {units[i]:.0f} usual "
            "sessions: the market, or a price that is wrong from here on?",
            i,
            i + 1,
            severity="failure" if size[i] > NO_NIGHT else "warning",
            column="close",
            value=float(seen.bars.close[i]),
            near=float(seen.bars.close[i - 1]),
        )


LOOK = Look(
    code="bars.jump",
    severity="failure",
    looks_at="moves from close to close",
    means="Either the greatest day of the history, or two series put together.",
    remedy="compare the day with another source, and correct the prices or accept the finding",
    look=_look,
)
