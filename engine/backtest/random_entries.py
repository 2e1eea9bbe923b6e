"""Random entries at a given rate, drawn by counter.

Whether draw ``d`` asks for an entry on a day depends on the seed, the symbol, ``d``, that day and the rate
alone: a longer history, another instrument or more draws never reshuffle the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.cash.market import Candidates
from engine.backtest.plan import Plan
from engine.kernels.streams import entry_units


def random_signals(
    symbol: str, dates: np.ndarray, eligible: np.ndarray, rate: float, draws: int, seed: int
) -> np.ndarray:
    """(draws, n) bool: entry asked for on eligible dates, each with probability ``rate``."""
    return (entry_units(seed, symbol, dates, draws) < rate) & eligible[None, :]


def random_candidates(
    plans: Sequence[Plan], trades: Candidates, draws: int, seed: int, use: str = ""
) -> np.ndarray:
    """(draws, c) uniform numbers in [0, 1), an entry where one is below the rate; 2 for the side that is not drawn.

    ``trades`` has a candidate for every eligible close and side; where both sides are traded, each draw tosses a coin for
    the side of each close.  ``use`` keeps the numbers of one comparison apart from those of another.
    """
    units = np.full((draws, len(trades)), 2.0)
    for i, p in enumerate(plans):
        mine = trades.when[:, 3] == i
        bars, bar = p.setup.bars, trades.bar[mine]
        name = f"{bars.symbol}/{use}" if use else bars.symbol
        mine_units = entry_units(seed, name, bars.dates, draws)[:, bar]
        if len(p.sides) > 1:
            heads = entry_units(seed, f"{name}/side", bars.dates, draws)[:, bar] < 0.5
            mine_units = np.where(heads == (trades.side[mine] > 0), mine_units, 2.0)
        units[:, mine] = mine_units
    return units
