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
# the range of a random walk beside its last step (medians): a bar with one price has shown only the step
_FLAT = 2.2
# true range beside the move of closes: 2 to 3 in markets; with more, highs or lows are wrong for a stretch and would excuse themselves
_MOST, _BLOCK = 6.0, 60


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
        """(n,) median true range (log) of the ten bars on each side that moved, the bar itself left out; positive.

        A median of twenty is not moved by nine bad bars, and leaving the bar out keeps a bad one from excusing itself.  Bars without
        a trade are no measure of anything, and a bar with one price shows only the step to it.  Where highs or lows are wrong for a
        whole stretch, the moves of closes bound the measure.
        """
        moved = np.where(self.high > self.low, self.true_range, _FLAT * self.true_range)
        alive = moved > 0
        if len(moved) < 2 or alive.sum() < 2:
            return np.full(len(moved), 1e-9)
        around = beside(moved[alive])[np.maximum(np.cumsum(alive) - 1, 0)]
        around = np.minimum(around, _MOST * _typical_move(self.close))
        least = _LEAST_SHARE * float(np.median(moved[alive]))
        return np.maximum(around, np.maximum(self.tick, max(least, 1e-9)))

    @cached_property
    def true_range(self) -> np.ndarray:
        """(n,) from the higher of high and close before to the lower of low and close before."""
        return true_range(self.high, self.low, self.close)

    @cached_property
    def tick(self) -> np.ndarray:
        """(n,) the smallest difference of two closes, as a log step from each close."""
        return _tick(self.close)

    @cached_property
    def unit(self) -> np.ndarray:
        """(n,) ``usual`` times the root of the sessions since the last bar that moved: what a step may have gathered."""
        dates = self.bars.dates
        days = np.diff(dates, prepend=dates[:1]).astype(np.int64)
        # a weekend is no session's move, a week of halt is five
        since = np.maximum(1.0, days * 5.0 / 7.0 - 2.0)
        still = np.concatenate(([False], (self.true_range == 0)[:-1]))
        run = np.arange(len(dates)) - np.maximum.accumulate(np.where(still, 0, np.arange(len(dates))))
        return np.asarray(self.usual * np.sqrt(since + run))

    @cached_property
    def gap(self) -> np.ndarray:
        """(n,) log step from the close before to the open; 0 for the first bar."""
        gap = self.open - self.before
        gap[:1] = 0.0
        return gap

    def night(self, i: int) -> float:
        """Median size of the gaps round bar ``i``, its own and the next one left out; at most a usual session, at least a tick."""
        first = max(1, i - NEIGHBOURS)
        around = np.abs(np.concatenate((self.gap[first:i], self.gap[i + 2 : i + 2 + NEIGHBOURS])))
        size = float(np.median(around)) if len(around) else float(self.usual[i])
        return float(max(min(size, self.usual[i]), self.tick[i], 0.05 * self.usual[i]))


def true_range(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """See :attr:`Movement.true_range`."""
    found = high - low
    found[1:] = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    return found


def beside(values: np.ndarray) -> np.ndarray:
    """(n,) median of the ten values on each side, the value itself left out; n of 2 or more."""
    k = min(NEIGHBOURS, len(values) - 1)
    padded = np.pad(values, k, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * k + 1)
    around = np.concatenate((windows[:, :k], windows[:, k + 1 :]), axis=1)
    around.partition(k, axis=1)  # the upper of the two middle values: one partition is enough for a scale
    return np.asarray(around[:, k])


def usual_movement(open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """(n,) median true range of the ten bars on each side, as :mod:`engine.bars.opens` needs it; the arguments are (n,) log prices."""
    n = len(close)
    if n < 2:
        return np.full(n, 1e-9)
    moved = true_range(high, low, close)
    moving = moved[moved > 0]
    least = _LEAST_SHARE * float(np.median(moving)) if len(moving) else 0.0
    return np.maximum(beside(moved), np.maximum(_tick(close), max(least, 1e-9)))


def _typical_move(close: np.ndarray) -> np.ndarray:
    """(n,) median move of closes that moved, by blocks of sixty sessions; the greatest of a block and its neighbours."""
    move = np.abs(np.diff(close, prepend=close[:1]))
    blocks = max(1, len(move) // _BLOCK)
    place = np.minimum(np.arange(len(move)) // _BLOCK, blocks - 1)
    medians = np.array(
        [
            float(np.median(m)) if len(m) else np.inf
            for m in (b[b > 0] for b in np.array_split(move, np.flatnonzero(np.diff(place)) + 1))
        ]
    )
    wide = np.pad(medians, 1, mode="edge")
    return np.asarray(np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:])[place])


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
