"""Accounts in resampled histories: session returns drawn in blocks, all accounts on the same dates.

Blocks of geometric length (:mod:`engine.kernels.blocks`) keep what neighbouring sessions have to do with each other; the same
dates for every account keep what the accounts have to do with each other, so a difference is resampled as a difference.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.kernels.blocks import next_position
from engine.kernels.streams import bootstrap_unit

GROWTH, MEAN, DEVIATION, DRAWDOWN = range(4)
FLAT = 1e-12  # a deviation of session returns below this is rounding
_LEAST = 1e-12  # of an account in one session: what is lost beyond is not resampled


def resampled_positions(sessions: int, block: float, draws: int, seed: int) -> np.ndarray:
    """(draws, sessions) int64 positions of sessions, in blocks of ``block`` sessions on average."""
    out = np.empty((draws, sessions), dtype=np.int64)
    _positions(1.0 / block, np.uint64(seed), out)
    return out


def resampled_figures(returns: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(draws, accounts, 4): growth (last over first value), mean and standard deviation (ddof 1) of the session returns, and
    deepest drawdown (a negative fraction), of ``returns`` (sessions, accounts) in the order of each row of ``positions``."""
    returns = np.maximum(np.ascontiguousarray(returns, dtype=np.float64), _LEAST - 1.0)
    out = np.empty((len(positions), returns.shape[1], 4))
    _figures(returns, np.log1p(returns), positions, out)
    return out


def resampled_sums(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(draws, columns) sums of ``values`` (sessions, columns) over each row of ``positions``."""
    times = np.apply_along_axis(np.bincount, 1, positions, minlength=len(values)).astype(np.float64)
    return times @ values


@numba.njit(cache=True, nogil=True)
def _positions(restart_share, seed, out):
    """Fill ``out`` (draws, sessions)."""
    draws, n = out.shape
    for draw in range(draws):
        place = 0
        for step in range(n):
            start = -1
            if step == 0 or bootstrap_unit(seed, draw, 2 * step) < restart_share:
                start = int(bootstrap_unit(seed, draw, 2 * step + 1) * n)
            place = next_position(place, start, n)
            out[draw, step] = place


@numba.njit(cache=True, nogil=True)
def _figures(returns, logs, positions, out):
    """Fill ``out`` (draws, accounts, 4)."""
    n, accounts = returns.shape
    total, squares, worth = np.empty(accounts), np.empty(accounts), np.empty(accounts)
    peak, deepest = np.empty(accounts), np.empty(accounts)
    for draw in range(len(positions)):
        total[:], squares[:], worth[:], peak[:], deepest[:] = 0.0, 0.0, 0.0, 0.0, 0.0
        for step in range(n):
            place = positions[draw, step]
            for a in range(accounts):
                r = returns[place, a]
                total[a] += r
                squares[a] += r * r
                worth[a] += logs[place, a]
                peak[a] = max(peak[a], worth[a])
                deepest[a] = min(deepest[a], worth[a] - peak[a])
        for a in range(accounts):
            out[draw, a, 0] = np.exp(worth[a])
            out[draw, a, 1] = total[a] / n
            out[draw, a, 2] = np.sqrt(max(squares[a] - total[a] * total[a] / n, 0.0) / max(n - 1, 1))
            out[draw, a, 3] = np.exp(deepest[a]) - 1.0
