"""Was the distribution of moves wider around past events?  Ratios of root mean squares, with intervals.

Returns are taken in units of the volatility forecast for them (EWMA of the close before), so that an event that falls
into a wild month does not pass for its cause.  Only sessions up to the close are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.kernels.blocks import resampled_positions
from engine.kernels.streams import event_draws

DRAWS = 400
COVERAGE = 0.90
_BLOCK_SESSIONS = 20
_BLOCKS_PER_HORIZON = 5
_FEWEST = 20  # events, or windows that do not overlap, on either side of a ratio


@dataclass(frozen=True, slots=True)
class Width:
    """Moves with an event over moves without one: 1 is equally wide, 1.2 a fifth wider.

    Attributes
    ----------
    sessions : 1 for the event's own session, else the length of windows that hold one.
    ratio, low, high : of root mean squares, with a 90 % interval (stationary block bootstrap).
    events : past events that were counted.
    """

    sessions: int
    ratio: float
    low: float
    high: float
    events: int

    @property
    def verdict(self) -> str:
        """``wider``, ``narrower`` or ``undecided``, by the interval alone."""
        return "wider" if self.low > 1 else "narrower" if self.high < 1 else "undecided"


def widths(
    close: np.ndarray, sigma: np.ndarray, held: Mapping[str, np.ndarray], horizons: Sequence[int], seed: int
) -> dict[str, tuple[Width, ...]]:
    """Of each kind the width of its own session, then of windows of each horizon; what cannot be told is left out.

    Parameters
    ----------
    close, sigma : (n,) closes, and the daily volatility known at each.
    held : kind to the (k,) indices of the sessions on which past events took place.
    """
    logs = np.log(close)
    found: dict[str, list[Width]] = {kind: [] for kind in held}
    for sessions in (1, *dict.fromkeys(h for h in horizons if h > 1)):
        start = np.arange(len(close) - sessions)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = ((logs[start + sessions] - logs[start]) / sigma[start]) ** 2 / sessions
        usable = np.flatnonzero(np.isfinite(squares))
        if len(usable) < 2 * _FEWEST * sessions:
            continue
        squares = squares[usable]
        inside, covered, kinds = [], [], []
        for kind, places in held.items():
            if not len(places):
                continue
            # an event at s lies in the windows that start at s - sessions .. s - 1
            happened = np.zeros(len(close) + 1, np.int64)
            happened[places] = 1
            count = np.concatenate(([0], np.cumsum(happened)))
            holds = (count[usable + sessions + 1] - count[usable + 1]) > 0
            # before its first and after its last entry a calendar says nothing about a kind
            told = (usable + sessions >= places[0]) & (usable < places[-1])
            holds &= told
            if min(holds.sum(), (told & ~holds).sum()) >= _FEWEST * sessions:
                inside.append(holds)
                covered.append(told)
                kinds.append((kind, int(np.sum(places > usable[0]))))
        if kinds:
            block = _BLOCK_SESSIONS if sessions == 1 else _BLOCKS_PER_HORIZON * sessions
            masks = np.array([inside, covered], dtype=np.float64)
            for (kind, events), (ratio, low, high) in zip(
                kinds, _ratios(squares, masks, block, seed), strict=True
            ):
                found[kind].append(Width(sessions, ratio, low, high, events))
    return {kind: tuple(lines) for kind, lines in found.items()}


def _ratios(
    squares: np.ndarray, masks: np.ndarray, block: int, seed: int
) -> list[tuple[float, float, float]]:
    """(ratio, low, high) for each of k kinds, all from the same resampled sessions.

    ``masks`` is (2, k, n): sessions with the event, and all sessions that are compared.
    """
    k = masks.shape[1]
    stacked = np.vstack([*masks, *(masks * squares)])

    def ratio(sums: np.ndarray) -> np.ndarray:
        count, every, inside, total = sums.reshape(4, k)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt((inside / count) / ((total - inside) / (every - count)))

    draws = np.empty((DRAWS, k))
    for draw in range(DRAWS):
        places = resampled_positions(0, len(squares), block, event_draws(seed, draw))
        times = np.bincount(places, minlength=len(squares)).astype(np.float64)
        draws[draw] = ratio(stacked @ times)
    tail = (1 - COVERAGE) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    point = ratio(stacked.sum(axis=1))
    return [(float(a), float(b), float(c)) for a, b, c in zip(point, low, high, strict=True)]
