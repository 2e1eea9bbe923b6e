"""Random entries at a given rate, drawn by counter.

Whether draw ``d`` asks for an entry on a day depends on the seed, the symbol, ``d``, that day and the rate
alone: a longer history, another instrument or more draws never reshuffle the numbers.
"""

from __future__ import annotations

import hashlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def random_signals(
    symbol: str, dates: np.ndarray, eligible: np.ndarray, rate: float, draws: int, seed: int
) -> np.ndarray:
    """(draws, n) bool: entry asked for on eligible dates, each with probability ``rate``."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{symbol}".encode(), digest_size=8).digest(), "little")
    stream = _mix(np.uint64(key) + _counter(np.arange(1, draws + 1)))
    day = _counter(dates.astype("datetime64[D]").astype(np.int64))
    bits = _mix(stream[:, None] ^ _mix(day)[None, :])
    # the upper 53 bits make a uniform number in [0, 1) that a double holds exactly
    uniform = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (uniform < rate) & eligible[None, :]


def _counter(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int64).view(np.uint64) * _GOLDEN


def _mix(z: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
