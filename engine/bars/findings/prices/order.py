"""Stretches in which prices stand in another's place: how much likelier the bars are if they do.

A session is a body (open to close) and a night (close to the next open); both are taken for independent draws of Student's t with 3
degrees of freedom, nights in units of the nights around.  The ratio of the two likelihoods of a stretch has a mean of 1 where
the columns are in order, so that the greatest of a history of n sessions exceeds n / alpha with a probability of about alpha.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.bars.movement import Movement, beside

_FALSE_ALARM = 1e-3
_SHORTEST = 3  # sessions; with fewer, two coincidences are enough
_LARGEST = 5.0  # one pair says no more than that: a night may be tiny by chance
_MEDIAN = 0.765  # of the size of a t with 3 degrees of freedom
_LEAST_NIGHT, _BODY = 0.02, 0.4  # of a usual session
_MOST = 20  # stretches; with more, the whole table is at fault
_NEVER = -1e6
_NOT_TWICE = -3.0  # an end that the last close does not mark


@dataclass(frozen=True, slots=True)
class Scores:
    """Log-likelihood ratios of a stretch that begins at bar a and ends at bar b, both included.

    Attributes
    ----------
    inner : (n,) of bar i and what follows it, counted for ``a <= i < b``.
    first : (n,) of what stands before a stretch that begins at bar a; 0 at bar 0.
    last : (n,) of what stands after a stretch that ends at bar b; 0 at the last bar.
    """

    inner: np.ndarray
    first: np.ndarray
    last: np.ndarray


def stretches(scores: Scores) -> list[tuple[int, int]]:
    """``(a, b)`` of every stretch that is beyond chance, both ends included, oldest first."""
    n = len(scores.inner)
    if n < 50:
        return []
    least = float(np.log(n / _FALSE_ALARM))
    inner = scores.inner.copy()
    found: list[tuple[int, int]] = []
    while len(found) < _MOST:
        before = np.concatenate(([0.0], np.cumsum(inner)[:-1]))
        begin = scores.first - before
        # a stretch that ends at b began at b - 2 or earlier
        early = np.full(n, -np.inf)
        early[_SHORTEST - 1 :] = begin[: n - _SHORTEST + 1]
        best = np.maximum.accumulate(early)
        total = scores.last + before + best
        b = int(np.argmax(total))
        if total[b] < least:
            break
        a = int(np.argmax(begin[: b - _SHORTEST + 2]))
        found.append((a, b))
        inner[max(0, a - 1) : b + 1] = _NEVER
    return sorted(found)


def swapped_scores(seen: Movement) -> Scores:
    """Open and close exchanged: the night is then between the open before and the close, and bodies are as long."""
    o, c, n = seen.open, seen.close, len(seen)
    night, other = o[1:] - c[:-1], c[1:] - o[:-1]
    scale = _night_scale(seen, night, other)
    as_written = _log_t(night, scale)
    inner = np.zeros(n)
    inner[:-1] = _bounded(_log_t(other, scale) - as_written)
    first, last = np.zeros(n), np.zeros(n)
    first[1:] = _bounded(_log_t(c[1:] - c[:-1], scale) - as_written)
    last[:-1] = _bounded(_log_t(o[1:] - o[:-1], scale) - as_written)
    return Scores(inner, first, last)


def early_scores(seen: Movement) -> Scores:
    """Each close is that of the session after: the true one stands a row before, and the last one stands twice."""
    o, c, n = seen.open, seen.close, len(seen)
    inner, first, last = np.zeros(n), np.zeros(n), np.zeros(n)
    # bar i of the stretch: true close c[i - 1], the next open o[i + 1]; under either reading bodies are what they are
    night, other = o[2:] - c[1:-1], o[2:] - c[:-2]
    scale = _night_scale(seen, night, other)
    # the sum over a <= i < b holds bars a + 1 to b: each is counted with the bar before it
    inner[: n - 2] = _bounded(_log_t(other, scale) - _log_t(night, scale))
    twice = np.append(c[1:] == c[:-1], False)
    last[:-2] = np.where(twice, _surprise(seen), _NOT_TWICE)[:-2]
    return Scores(inner, first, last)


def _night_scale(seen: Movement, night: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(m,) of a t: the smaller of both readings, as a stretch that is out of order must not make its own unit."""
    m = len(night)
    usual, tick = seen.usual[len(seen) - m :], seen.tick[len(seen) - m :]
    least = np.maximum(_LEAST_NIGHT * usual, tick)
    return np.asarray(np.maximum(np.minimum(beside(np.abs(night)), beside(np.abs(other))) / _MEDIAN, least))


def _surprise(seen: Movement) -> np.ndarray:
    """(n,) how unlikely it is that a close repeats: the log of the ticks in a night and a body, at most that of one pair and a half."""
    return np.clip(np.log(0.25 * seen.usual / np.maximum(seen.tick, 1e-12)), 0.0, 1.5 * _LARGEST)


def _log_t(distance: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return -2.0 * np.log1p((distance / scale) ** 2 / 3.0)


def _bounded(scores: np.ndarray) -> np.ndarray:
    return np.clip(scores, -_LARGEST, _LARGEST)
