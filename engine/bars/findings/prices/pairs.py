"""Which close does an open follow?  Scores of one order of prices against another, session by session."""

from __future__ import annotations

import numpy as np

from engine.bars.movement import Movement
from engine.bars.stretches import great_sums

_LARGEST = 3.0  # one session says no more than that
_FALSE_ALARM = 1e-3
_SHORTEST = 12  # sessions
_YEAR = 252
_CERTAIN = 6.0  # standard errors of the mean over the whole series


def follows(seen: Movement, order: np.ndarray, disorder: np.ndarray) -> list[tuple[int, int]]:
    """Stretches in which ``disorder`` distances are the shorter ones, half-open, in the index of the arguments.

    Parameters
    ----------
    order, disorder : (m,) distances in log price; in a sound series those of ``order`` are the shorter ones on average.

    The log of their ratio falls on average where the order holds.  The greatest sum that chance gives among n terms of mean
    -mu and variance v is about log(n / alpha) v / (2 mu), which the series itself tells: mu is that of the years in which the
    order is least clear, because opens that repeat the close before make it look far clearer than it is elsewhere.
    Where the mean over the whole series is on the other side, the whole series is out of order.
    """
    if len(order) < 50:
        return []
    small = 0.01 * seen.usual[: len(order)]
    scores = np.clip(np.log((order + small) / (disorder + small)), -_LARGEST, _LARGEST)
    mean, spread = float(np.mean(scores)), float(np.std(scores))
    if mean > _CERTAIN * spread / np.sqrt(len(scores)):
        return [(0, len(scores))]
    clear = _drifts(scores)
    spread = float(np.std(scores - np.median(scores)))
    if not len(clear):
        return []
    drift = float(np.quantile(clear, 0.1))
    if drift <= 0.1 * spread:  # the order itself is not clear
        return []
    least = np.log(len(scores) / _FALSE_ALARM) * spread**2 / (2.0 * drift)
    return [
        (start, stop)
        for start, stop in great_sums(scores, float(least))
        if stop - start >= _SHORTEST and float(np.mean(scores[start:stop])) > 0.5 * drift
    ]


def _drifts(scores: np.ndarray) -> np.ndarray:
    """How clear the order is in each year: minus the median score, where that is on the right side."""
    years = np.array_split(scores, max(1, len(scores) // _YEAR))
    drifts = np.array([-float(np.median(year)) for year in years])
    return drifts[drifts > 0]
