"""What an entry rule is: a number for each close and side, and the threshold it is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.backtest.inputs import Tradable
from engine.backtest.payoffs import Payoffs
from engine.config import BacktestConfig


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What an entry rule may look at for one side of one instrument; everything of date t is known at its close.

    Attributes
    ----------
    setup : the instrument.
    payoffs : of the side.
    side : 1 long, -1 short.
    earned : (n,) net return of the trade that a signal at each date leads to, NaN where there is none.  It is known
        ``horizon_sessions`` after its date, and a rule that reads it has to wait so long.
    horizon_sessions : of the traded forecasts.
    interval : coverage of the intervals shown.
    """

    setup: Tradable
    payoffs: Payoffs
    side: int
    earned: np.ndarray
    horizon_sessions: int
    interval: float


@dataclass(frozen=True, slots=True)
class EntryRule:
    """One way to decide on an entry.

    Attributes
    ----------
    name : in the config (``backtest.entry``).
    label : what the number is, for readers.
    unit : ``percent`` (of a probability) or ``bps``.
    score : (n,) number of each date, NaN where there is none; an entry is asked for where it reaches the threshold.
    threshold : from the config.
    """

    name: str
    label: str
    unit: str
    score: Callable[[Known, BacktestConfig], np.ndarray]
    threshold: Callable[[BacktestConfig], float]
