"""A session that moved the price farther than any session near it, and left it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.findings.prices.commotion import commotion
from engine.bars.findings.prices.spike import spikes
from engine.bars.findings.prices.split import GREAT, at_night, steps
from engine.bars.movement import Movement

_OUTLYING = 10.0  # usual session movements from close to close
_FACTOR, _OUTLYING_BY_FACTOR = float(np.log(1.2)), 5.0


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 5:
        return
    move = seen.close - seen.before
    move[0] = 0.0
    size = np.abs(move)
    units = size / seen.unit
    mask = (units > _OUTLYING) | ((size > _FACTOR) & (units > _OUTLYING_BY_FACTOR))
    bad = seen.once(spikes)
    mask &= ~(seen.once(steps)[1] | bad | np.concatenate(([False], bad[:-1])))
    night = at_night(seen)
    for i in np.flatnonzero(mask).tolist():
        about = commotion(seen, i, night=bool(night[i] and abs(seen.gap[i]) > 0.5 * size[i]))
        if about.moved and size[i] < GREAT:
            continue  # a great day of the market, as its range, volume and the days after say
        verdict = "the market moved, by these signs" if about.moved else "no sign of news"
        yield Remark(
            f"{seen.bars.dates[i]}: the close moved {100 * np.expm1(move[i]):+.3g}% in a session, {units[i]:.0f} usual "
            f"sessions. {about.sentence}: {verdict}.",
            i,
            i + 1,
            severity="failure" if size[i] > GREAT and not about.moved else "warning",
            column="close",
            value=float(seen.bars.close[i]),
            near=float(seen.bars.close[i - 1]),
        )


LOOK = Look(
    code="bars.jump",
    severity="failure",
    looks_at="moves from close to close, beside the range and volume of the session and the week after",
    means="Either the greatest day of the history, or two series put together.",
    remedy="look the day up at another source: if the move was real, accept the finding; if another series begins there, end or begin "
    "the replay there (`start:`, `end:`) or mend the file",
    look=_look,
)
