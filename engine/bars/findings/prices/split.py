"""Prices that go on at another level from one session to the next: an unadjusted split or distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.findings.prices.commotion import Commotion, commotion
from engine.bars.findings.prices.spike import spikes
from engine.bars.movement import Movement

# overnight, in usual session movements; real nights reach 5 or 6 in calm years
_OUTLYING = 8.0
# or by a factor of 1.18 and more: the smallest split in use (6:5) within half a session's movement
_FACTOR, _OUTLYING_BY_FACTOR = float(np.log(1.18)), 2.8
GREAT = float(
    np.log(1.9)
)  # another unit, another currency, another instrument, or the greatest news of a share
# where opens are the close before, a step is a whole session and not a night: a wild month holds one of three usual ones
_SESSION_BY_FACTOR, _OUTLYING_SESSION = 5.0, 6.0
_GRAVE = 6.0  # usual movements of a night from which it stops a replay: wild markets have nights of 3 and 4
_SMALL, _SMALL_UNITS, _SMALL_NIGHTS = (
    0.04,
    4.0,
    12.0,
)  # 21:20 and 11:10: only on a day that is ordinary in all else
_ORDINARY, _RARE = 0.3, 1_000  # score of the signs of news; sessions to one such step
_CLEARLY = 2.0  # score from which a step below a factor of 1.9 is the market's and nothing to remark
_LEAST_RANGE = 0.4  # of the usual: a session without one is locked at a limit
_KEPT = 0.5  # of the step that is still there in the closes of the week after
_WEEK = 5
# new shares for old ones, as companies and funds split; a market's own night fits none of them but by chance
_RATIOS = tuple(
    [
        (3, 2),
        (4, 3),
        (5, 2),
        (5, 3),
        (5, 4),
        (6, 5),
        (7, 4),
        (7, 5),
        (8, 5),
        (8, 7),
        (9, 8),
        (10, 9),
        (11, 10),
        (21, 20),
        (23, 20),
    ]
    + [(whole, 1) for whole in range(2, 51)]
)
_EXACT = 3.0  # usual nights between a split and its ratio


def steps(seen: Movement) -> tuple[np.ndarray, np.ndarray]:
    """(n,) log step from the close before to the open, and a mask of those that stay and are beyond the thresholds."""
    c, unit = seen.close, seen.unit
    # an open that is the close before knows nothing of the night: there the close is the first price of the new level
    night = at_night(seen)
    o = np.where(night, seen.open, c)
    step = o - seen.before
    step[:1] = 0.0
    size = np.abs(step)
    by_factor = np.where(night, _OUTLYING_BY_FACTOR, _SESSION_BY_FACTOR)
    outlying = (size > _OUTLYING * unit) | ((size > _FACTOR) & (size > by_factor * unit))
    small = night & (size > _SMALL) & (size > _SMALL_UNITS * unit) & ~outlying
    # the night, not the session, moved the price
    stays = (np.abs(c - o) < _KEPT * size) & ((c - seen.before) * np.sign(step) > _KEPT * size)
    outlying &= stays
    for i in np.flatnonzero((outlying | small) & stays).tolist():
        level = np.median(c[i : i + _WEEK]) - np.median(c[max(0, i - _WEEK) : i])
        outlying[i] = level * np.sign(step[i]) > _KEPT * size[i] and (
            not small[i] or _ordinary(seen, step, i)
        )
    bad = seen.once(spikes)
    beside = bad | np.concatenate(([False], bad[:-1]))
    return step, outlying & ~beside


def at_night(seen: Movement) -> np.ndarray:
    """(n,) bool: the open is the first price after the step, because it is traded or because it leaves the close before after all."""
    away = np.abs(seen.gap) > _KEPT * np.abs(seen.close - seen.before)
    return seen.bars.opens_traded | (away & (np.abs(seen.gap) > _FACTOR))


def _ordinary(seen: Movement, step: np.ndarray, i: int) -> bool:
    """A step that is small for a split, on a day without any sign of news, that fits a ratio."""
    size = abs(float(step[i]))
    if i < _WEEK or i + _WEEK > len(seen) or size < _SMALL_NIGHTS * seen.night(i):
        return False
    about = commotion(seen, i, night=True)
    return (
        about.score < _ORDINARY
        and (about.range or 0.0) > _LEAST_RANGE
        and split_ratio(float(step[i]), seen.night(i)) is not None
    )


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
    night = at_night(seen)
    for i in np.flatnonzero(mask).tolist():
        size, units = abs(float(step[i])), float(abs(step[i]) / seen.unit[i])
        about = commotion(seen, i, night=bool(night[i]))
        within = _EXACT * seen.night(i) if night[i] else float(seen.usual[i])
        shares = split_ratio(float(step[i]), max(within, 0.01))
        severity = _severity(about, size, units, shares is not None, bool(night[i]))
        if severity is None:
            continue
        like = f", as after a split of {shares[0]}:{shares[1]}" if shares and not about.moved else ""
        verdict = "the market moved, by these signs" if about.moved else "no sign of news"
        yield Remark(
            f"{seen.bars.dates[i]}: prices go on {100 * np.expm1(step[i]):+.3g}% from the close before{like}; a night this far "
            f"is {units:.0f} usual sessions, and the level stays. {about.sentence}: {verdict}.",
            i,
            i + 1,
            severity=severity,
            column="close",
            value=float(seen.bars.close[i]),
            near=float(seen.bars.close[i - 1]),
        )


def _severity(
    about: Commotion, size: float, units: float, fits: bool, night: bool
) -> Literal["failure", "warning"] | None:
    """None: a market's own night.

    Where the open shows no night, the whole session is in the step, and it takes more of it to be certain.
    """
    if size > GREAT:
        power = np.log10(np.exp(size))
        unit_changed = power > 0.9 and abs(power - round(power)) < 0.05
        return "warning" if about.moved and not unit_changed else "failure"
    if about.moved:
        return "warning" if units > _OUTLYING and about.score < _CLEARLY else None
    certain = units > (_GRAVE if night else _OUTLYING_SESSION) and size > _FACTOR
    return "failure" if fits and certain else "warning"


LOOK = Look(
    code="bars.split",
    severity="failure",
    looks_at="steps from one session to the next that stay, beside the range and volume of the session and the week after",
    means="A split that the prices do not know is a crash to every rule, and levels before it are at prices that no longer exist.",
    remedy="use split-adjusted prices (`adjust: splits` where the source has an adjusted close), or accept the finding if the "
    "market really moved",
    look=_look,
)
