"""Stretches of sessions: runs of equal answers, and the part of a history where scores add up to a great sum."""

from __future__ import annotations

import numpy as np


def runs(mask: np.ndarray, least: int = 1) -> list[tuple[int, int]]:
    """Half-open ``(start, stop)`` of every run of True that is at least ``least`` long."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= least
    return list(zip(starts[long].tolist(), stops[long].tolist(), strict=True))


def great_sums(scores: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Half-open stretches whose scores add up to ``least`` or more, none of which could be longer and greater.

    The scores are log-likelihood ratios of two hypotheses about a session, so that they fall on average where the first
    one holds.  Then the greatest sum of any stretch among n sessions exceeds S with a probability below n exp(-S):
    ``least = log(n / alpha)`` has a false-alarm rate of at most ``alpha`` (Karlin and Altschul, 1990).
    """
    found: list[tuple[int, int]] = []
    offset, rest = 0, np.asarray(scores, dtype=float)
    while len(rest):
        total = np.concatenate(([0.0], np.cumsum(rest)))
        rise = total - np.minimum.accumulate(total)
        over = np.flatnonzero(rise >= least)
        if not len(over):
            break
        first = int(over[0])
        # the sum has its peak before it loses what makes a stretch of its own
        highest = np.maximum.accumulate(total[first:])
        lost = np.flatnonzero(highest - total[first:] >= least)
        end = first + (int(lost[0]) if len(lost) else len(total) - 1 - first)
        peak = first + int(np.argmax(total[first : end + 1]))
        start = int(np.flatnonzero(total[: peak + 1] == total[: first + 1].min())[-1])
        found.append((offset + start, offset + peak))
        offset, rest = offset + peak, rest[peak:]
    return found
