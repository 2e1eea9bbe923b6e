"""What a sizing is: which fraction of the account a trade asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.backtest.inputs import Tradable
from engine.backtest.payoffs import Payoffs
from engine.config import BacktestConfig


@dataclass(frozen=True, slots=True)
class Sizing:
    """One way to decide on the size of a trade.

    Attributes
    ----------
    name : in the config (``backtest.sizing``).
    uses_forecast : True where the size depends on the probabilities; entries that ignore the forecast (random ones, every
        setup) then take ``backtest.fraction``.
    fraction : from the instrument, the payoffs of a side, the config and the sessions of a year: (n,) share of the account,
        0 where the rule wants no trade, NaN where it does not know.
    """

    name: str
    uses_forecast: bool
    fraction: Callable[[Tradable, Payoffs, BacktestConfig, int], np.ndarray]
