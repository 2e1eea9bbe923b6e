"""Prices that go on at another level from one session to the next: an unadjusted split or distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.findings.prices.spike import spikes
from engine.bars.movement import Movement

# overnight, in usual session movements; real nights reach 5 or 6 in calm years
_OUTLYING = 8.0
# or by a factor of 1.18 and more: the smallest split in use (6:5) within half a session's movement
_FACTOR, _OUTLYING_BY_FACTOR = float(np.log(1.18)), 2.8
NO_NIGHT = float(np.log(1.9))  # whatever the ratio: another unit, another currency, another instrument
# where opens are the close before, a step is a whole session and not a night: a wild month holds one of three usual ones
_OUTLYING_SESSION, _CALM, _MONTH = 6.0, 2.0, 20
_KEPT = 0.5  # of the step that is still there in the closes of the week after
_WEEK = 5
# new shares for old ones, as companies and funds split; a market's own night fits none of them but by chance
_RATIOS = tuple(
    [(3, 2), (4, 3), (5, 2), (5, 3), (5, 4), (6, 5), (7, 4)] + [(whole, 1) for whole in range(2, 51)]
)


def steps(seen: Movement) -> tuple[np.ndarray, np.ndarray]:
    """(n,) log step from the close before to the open, and a mask of those that stay and are beyond the thresholds."""
    c, usual = seen.close, seen.usual
    # an open that is the close before knows nothing of the night: there the close is the first price of the new level
    o = np.where(seen.bars.opens_traded, seen.open, c)
    step = o - seen.before
    step[0] = 0.0
    size = np.abs(step)
    outlying = (size > _OUTLYING * usual) | ((size > _FACTOR) & (size > _OUTLYING_BY_FACTOR * usual))
    # the night, not the session, moved the price
    outlying &= (np.abs(c - o) < _KEPT * size) & ((c - seen.before) * np.sign(step) > _KEPT * size)
    for i in np.flatnonzero(outlying).tolist():
        level = np.median(c[i : i + _WEEK]) - np.median(c[max(0, i - _WEEK) : i])
        outlying[i] = level * np.sign(step[i]) > _KEPT * size[i]
    bad = seen.once(spikes)
    beside = bad | np.concatenate(([False], bad[:-1]))
    return step, outlying & ~beside


def split_ratio(step: float, tolerance: float) -> tuple[int, int] | None:
    """The split (new, old shares) whose ratio is a log step within ``tolerance``; None where there is none."""
    sizes = np.log([a / b for a, b in _RATIOS])
    nearest = int(np.argmin(np.abs(sizes - abs(step))))
    if abs(sizes[nearest] - abs(step)) > tolerance:
        return None
    new, old = _RATIOS[nearest]
    return (new, old) if step < 0 else (old, new)


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    if len(seen) < 5:
        return
    step, mask = seen.once(steps)
    for i in np.flatnonzero(mask).tolist():
        shares = split_ratio(float(step[i]), float(seen.usual[i])) if abs(step[i]) > _FACTOR else None
        like = f", as after a split of {shares[0]}:{shares[1]}" if shares else ""
        yield Remark(
            f"{seen.bars.dates[i]}: prices go on {100 * np.expm1(step[i]):+.3g} % from the close before{like}; a night this far "
            f"is {abs(step[i]) / seen.usual[i]:.0f} usual sessions, and the level stays.",
            i,
            i + 1,
            severity=None
            if abs(step[i]) > NO_NIGHT or (shares and _told_from_a_crash(seen, step, i))
            else "warning",
            column="close",
            value=float(seen.bars.close[i]),
            near=float(seen.bars.close[i - 1]),
        )


def _told_from_a_crash(seen: Movement, step: np.ndarray, i: int) -> bool:
    """Where the open shows the night, it does; otherwise the step is far beyond a session, and the market as calm as before it."""
    if seen.bars.opens_traded[i]:
        return True
    moves = np.abs(np.diff(seen.close))
    before, after = moves[max(0, i - 1 - _MONTH) : i - 1], moves[i : i + _WEEK]
    calm = not len(before) or not len(after) or after.mean() < _CALM * before.mean()
    return bool(abs(step[i]) > _OUTLYING_SESSION * seen.usual[i] and calm)


LOOK = Look(
    code="bars.split",
    severity="failure",
    looks_at="steps from one session to the next that stay",
    means="A split that the prices do not know is a crash to every rule, and levels before it are at prices that no longer exist.",
    remedy="use split-adjusted prices (`adjust: splits` where the source has an adjusted close), or accept the finding if the "
    "market really moved",
    look=_look,
)
