"""Random entries at a given rate, drawn by counter.

Whether draw ``d`` asks for an entry on a day depends on the seed, the symbol, ``d``, that day and the rate
alone: a longer history, another instrument or more draws never reshuffle the numbers.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.streams import entry_units


def random_signals(
    symbol: str, dates: np.ndarray, eligible: np.ndarray, rate: float, draws: int, seed: int
) -> np.ndarray:
    """(draws, n) bool: entry asked for on eligible dates, each with probability ``rate``."""
    return (entry_units(seed, symbol, dates, draws) < rate) & eligible[None, :]
