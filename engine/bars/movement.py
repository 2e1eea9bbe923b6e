"""What a series usually does in a session, so that every judgement about a price is in its own units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from engine.bars.series import BarSeries

NEIGHBOURS = 10  # bars on each side whose movement is the measure of one bar
_LEAST_SHARE = 0.25  # of the usual movement: below it a quiet stretch says nothing about the size of a move


@dataclass(frozen=True)
class Movement:
    """Logarithms of a bar series and its movement, each worked out once.

    Attributes
    ----------
    bars : the series, n bars.
    open, high, low, close : (n,) natural logarithms of the prices.
    """

    bars: BarSeries
    _known: dict[Callable[[Movement], Any], Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, work: Callable[[Movement], Any]) -> Any:
        """``work(self)``, computed the first time it is asked for: several findings stand on one scan."""
        if work not in self._known:
            self._known[work] = work(self)
        return self._known[work]

    def __len__(self) -> int:
        return len(self.bars)

    @cached_property
    def open(self) -> np.ndarray:
        """Log opens."""
        return np.log(self.bars.open)

    @cached_property
    def high(self) -> np.ndarray:
        """Log highs."""
        return np.log(self.bars.high)

    @cached_property
    def low(self) -> np.ndarray:
        """Log lows."""
        return np.log(self.bars.low)

    @cached_property
    def close(self) -> np.ndarray:
        """Log closes."""
        return np.log(self.bars.close)

    @cached_property
    def before(self) -> np.ndarray:
        """(n,) log close of the session before; of the next one for the first bar."""
        close = self.close
        return np.concatenate((close[1:2] if len(close) > 1 else close[:1], close[:-1]))

    @cached_property
    def after(self) -> np.ndarray:
        """(n,) log close of the session after; of the one before for the last bar."""
        close = self.close
        return np.concatenate((close[1:], close[-2:-1] if len(close) > 1 else close[-1:]))

    @cached_property
    def usual(self) -> np.ndarray:
        """(n,) median true range (log) of the ten bars on each side, the bar itself left out; positive.

        A median of twenty is not moved by nine bad bars, and leaving the bar out keeps a bad one from excusing itself.
        """
        return usual_movement(self.open, self.high, self.low, self.close)


def usual_movement(open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """See :attr:`Movement.usual`; the arguments are (n,) log prices."""
    n = len(close)
    if n < 2:
        return np.full(n, 1e-9)
    true_range = high - low
    true_range[1:] = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    k = min(NEIGHBOURS, n - 1)
    padded = np.pad(true_range, k, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * k + 1)
    around = np.concatenate((windows[:, :k], windows[:, k + 1 :]), axis=1)
    around.partition(k, axis=1)  # the upper of the two middle values: one partition is enough for a scale
    moving = true_range[true_range > 0]
    least = _LEAST_SHARE * float(np.median(moving)) if len(moving) else 0.0
    return np.maximum(around[:, k], np.maximum(_tick(close), max(least, 1e-9)))


def _tick(close: np.ndarray) -> np.ndarray:
    """(n,) the smallest difference of two closes, as a log step from each close: no price moves by less.

    A price of 0.0009 with four decimals moves by 12 % or not at all.
    """
    written = np.unique(np.exp(close))
    apart = np.diff(written)
    # the logarithm and its inverse leave noise in the last bits
    apart = apart[apart > 1e-9 * written[1:]]
    if not len(apart):
        return np.zeros(len(close))
    beside = close.copy()  # a cell of 1e-320 does not make its own unit
    beside[1:] = np.maximum(beside[1:], close[:-1])
    beside[:-1] = np.maximum(beside[:-1], close[1:])
    return np.logaddexp(0.0, np.log(apart.min()) - beside)
