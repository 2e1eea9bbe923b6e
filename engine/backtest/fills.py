"""From entry signals to filled trades: one walk over the bars of one instrument.

The convention, in one place
----------------------------
A signal is given at the close of session ``t``; everything it uses is known then.  The setup (target and
floor) is frozen at ``t``.

entry    at the open of ``t + 1``.  Where that open is not a traded price
         (``opens_traded``) at the close of ``t + 1``.  The entry is cancelled where there is nothing left
         to trade: the open is already at or beyond the target (with floor breaks on touch: or at or below the
         floor); for a fill at the close, where session ``t + 1`` itself has already touched the target or
         broken the floor.
target   a sell limit at ``target``, live from the fill on.  A bar whose high reaches it fills it, at the
         open where the open has gapped beyond it.
floor    ``close``: a close below the floor is known only after that close, so the exit is the next open
         (the next close where that open is not real).  ``touch``: a stop at the floor, filled at the open
         where the open has gapped below it.  A bar that reaches both levels follows the outcome's rule: the
         open decides if it gapped beyond one, otherwise the tie policy.
horizon  at the close of ``t + horizon``, the last session that the forecast speaks of.  The date of that
         order is known at the entry, so an order at the close looks at nothing later.
end      a position still open at the last bar there is, is sold at its close.

Where an open is not traded no gap is seen: the target fills at its own price, the stop at the floor or, where
the whole bar lies below it, at the low (the worst price there was).

One position at a time: a signal counts only where no position is open at its close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from engine.bars.series import BarSeries
from engine.errors import InputError

EXIT_REASONS = ("target", "floor", "horizon", "end")
TARGET, FLOOR, HORIZON, END = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """The trades of one instrument, oldest first, as bar indices and market prices (before slippage).

    Attributes
    ----------
    signal, entry, exit : (trades,) int64 bar indices, ``signal < entry <= exit``.
    entry_at_close : (trades,) bool, True where the open of the entry session was not a traded price.
    entry_price, exit_price : (trades,) float64.
    reason : (trades,) int8 codes into ``EXIT_REASONS``.
    cancelled : number of signals whose entry was cancelled by a gap.
    """

    signal: np.ndarray
    entry: np.ndarray
    exit: np.ndarray
    entry_at_close: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray
    reason: np.ndarray
    cancelled: int

    def __len__(self) -> int:
        return len(self.signal)


@njit(cache=True)
def _walk(
    open_: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    close: np.ndarray,
    opens_traded: np.ndarray,
    floor: np.ndarray,
    target: np.ndarray,
    signals: np.ndarray,
    horizon: int,
    touch: bool,
    tie_target: bool,
    bars: np.ndarray,
    prices: np.ndarray,
) -> tuple[int, int]:
    n = len(close)
    count = 0
    cancelled = 0
    t = 0
    while t < n - 1:
        if not signals[t]:
            t += 1
            continue
        goal = target[t]
        ground = floor[t]
        entry = t + 1
        at_open = opens_traded[entry]
        if at_open:
            price = open_[entry]
            void = price >= goal or (touch and price <= ground)
            first = entry
        else:
            price = close[entry]
            void = high[entry] >= goal or (low[entry] <= ground if touch else close[entry] < ground)
            first = entry + 1
        last = min(t + horizon, n - 1)
        if void or (not at_open and last == entry):
            # bought and sold at one and the same close is no trade
            cancelled += 1
            t += 1
            continue
        x = last
        out = close[last]
        reason = HORIZON if last == t + horizon else END
        for j in range(first, last + 1):
            real = opens_traded[j]
            # the fill itself is the first price of the entry session: no gap can lie before it
            gap_up = real and open_[j] >= goal
            gap_down = touch and real and open_[j] <= ground
            up = high[j] >= goal
            down = touch and low[j] <= ground
            if gap_up:
                x, out, reason = j, open_[j], TARGET
                break
            if gap_down:
                x, out, reason = j, open_[j], FLOOR
                break
            if up and (not down or tie_target):
                x, out, reason = j, goal, TARGET
                break
            if down:
                x, reason = j, FLOOR
                out = ground if high[j] >= ground else low[j]
                break
            if not touch and close[j] < ground and j < last:
                x, reason = j + 1, FLOOR
                out = open_[j + 1] if opens_traded[j + 1] else close[j + 1]
                break
        bars[count, 0] = t
        bars[count, 1] = entry
        bars[count, 2] = x
        bars[count, 3] = reason
        bars[count, 4] = 0 if at_open else 1
        prices[count, 0] = price
        prices[count, 1] = out
        count += 1
        t = x
    return count, cancelled


def fill_signals(
    bars: BarSeries,
    floor: np.ndarray,
    target: np.ndarray,
    signals: np.ndarray,
    *,
    horizon_sessions: int,
    floor_break: str = "close",
    tie: str = "breakdown",
) -> Fills:
    """Trades that follow from entry signals; see the module docstring for every convention.

    Parameters
    ----------
    bars : the instrument's bars, n of them.
    floor, target : (n,) prices frozen at each date; NaN where there is no setup (no signal may be there).
    signals : (n,) bool, True where the close of that bar asks for an entry.
    horizon_sessions : sessions after the signal within which the trade ends.
    floor_break, tie : as in the config's ``outcome`` section.

    Raises
    ------
    InputError
        ``backtest.bad_shape``, ``backtest.bad_horizon`` or ``backtest.signal_without_setup``.
    """
    n = len(bars)
    if not (len(floor) == len(target) == len(signals) == n):
        raise InputError(
            "backtest.bad_shape",
            f"{bars.symbol}: {n} bars but {len(floor)} floors, {len(target)} targets, {len(signals)} signals",
            "give one value per bar",
        )
    if horizon_sessions < 1:
        raise InputError("backtest.bad_horizon", f"horizon_sessions is {horizon_sessions}", "give at least 1")
    signals = np.ascontiguousarray(signals, dtype=np.bool_)
    blind = signals & ~(np.isfinite(floor) & np.isfinite(target))
    if blind.any():
        raise InputError(
            "backtest.signal_without_setup",
            f"{bars.symbol}: a signal on {bars.dates[int(np.argmax(blind))]} where there is no setup",
            "give signals only where floor and target are finite",
        )
    room = int(signals.sum())
    rows = np.zeros((room, 5), dtype=np.int64)
    prices = np.zeros((room, 2))
    count, cancelled = _walk(
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.opens_traded,
        np.ascontiguousarray(floor, dtype=np.float64),
        np.ascontiguousarray(target, dtype=np.float64),
        signals,
        horizon_sessions,
        floor_break == "touch",
        tie == "continuation",
        rows,
        prices,
    )
    rows, prices = rows[:count], prices[:count]
    return Fills(
        signal=rows[:, 0],
        entry=rows[:, 1],
        exit=rows[:, 2],
        reason=rows[:, 3].astype(np.int8),
        entry_at_close=rows[:, 4].astype(bool),
        entry_price=prices[:, 0],
        exit_price=prices[:, 1],
        cancelled=int(cancelled),
    )
