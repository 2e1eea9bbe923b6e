"""Stretches of a few sessions whose closes stand at another level than those before and after: a bad tick that lasts."""

from __future__ import annotations

import numpy as np

from engine.bars.movement import Movement

_LONGEST = 10  # sessions; a longer stay is two steps, and each is told
_STEP = 6.0  # usual session movements, there and back
_FACTOR, _STEP_BY_FACTOR = float(np.log(1.2)), 3.5  # wrong by a factor, as in :mod:`spike`
# smaller in units where the night holds most of it, both ways, and is as many usual nights
_NIGHTLY, _NIGHTLY_UNITS, _NIGHTS, _PART = float(np.log(1.14)), 2.0, 8.0, 0.6
_APART = 3.0  # times what the closes before and after differ by: a crash does not come back to where it began


def excursions(seen: Movement) -> list[tuple[int, int, float]]:
    """``(start, stop, log displacement)`` of bars ``start`` to ``stop - 1``, at least two, with a sound bar on each side.

    Shocks of Student's t with 3 degrees of freedom and the histories of indices since 1987 hold none.
    """
    c, n = seen.close, len(seen)
    step = np.diff(c, prepend=c[:1])
    size = np.abs(step)
    unit = seen.unit
    great = (size > _STEP * unit) | ((size > _FACTOR) & (size > _STEP_BY_FACTOR * unit))
    for i in np.flatnonzero(~great & (size > _NIGHTLY) & (size > _NIGHTLY_UNITS * unit)).tolist():
        night = float(seen.gap[i]) * np.sign(step[i])
        great[i] = night > _PART * size[i] and night > _NIGHTS * seen.night(i)
    found: list[tuple[int, int, float]] = []
    steps = np.flatnonzero(great).tolist()
    for place, start in enumerate(steps):
        if found and start < found[-1][1] + 1:
            continue
        for stop in steps[place + 1 :]:
            if stop - start > _LONGEST or stop >= n:
                break
            there, back = float(step[start]), -float(step[stop])
            left = abs(float(c[stop] - c[start - 1]))
            if stop - start >= 2 and there * back > 0 and min(abs(there), abs(back)) > _APART * left:
                found.append((start, stop, float(np.sign(there)) * min(abs(there), abs(back))))
                break
    return found
