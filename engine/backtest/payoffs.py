"""What a trade of either side gains and loses by the table of its date, and what it costs.

Returns are fractions of the close of the signal.  In the scenario that a side trades it gains the way to its level, in the
opposite one it loses the way to the other, and in a range it is taken to end where it began.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.inputs import Tradable
from engine.backtest.possible import SHORT
from engine.scenarios import BREAKDOWN, CONTINUATION


@dataclass(frozen=True, slots=True, eq=False)
class Payoffs:
    """One side of one instrument at each of n dates; NaN where there is no table or no setup.

    Attributes
    ----------
    p_gain, p_loss : (n,) probabilities of the scenario that the side trades and of the opposite one.
    gain, loss : (n,) return in either, before costs; a loss is negative.
    cost : return that entering, holding for the whole horizon and leaving takes.
    """

    p_gain: np.ndarray
    p_loss: np.ndarray
    gain: np.ndarray
    loss: np.ndarray
    cost: float

    @property
    def expected(self) -> np.ndarray:
        """(n,) expected return after costs."""
        return self.p_gain * self.gain + self.p_loss * self.loss - self.cost


def payoffs(setup: Tradable, side: int, cost: float) -> Payoffs:
    """Payoffs of ``side``; ``cost`` is a fraction of the position."""
    up, down = setup.target / setup.bars.close - 1.0, setup.floor / setup.bars.close - 1.0
    rises, falls = setup.table[:, CONTINUATION], setup.table[:, BREAKDOWN]
    if side == SHORT:
        return Payoffs(p_gain=falls, p_loss=rises, gain=-down, loss=-up, cost=cost)
    return Payoffs(p_gain=rises, p_loss=falls, gain=up, loss=down, cost=cost)
