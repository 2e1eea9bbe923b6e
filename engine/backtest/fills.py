"""From entry signals to filled trades of one instrument; what each trade is stands in :mod:`engine.backtest.possible`.

One position at a time: a signal counts only where no position is open at its close.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from engine.backtest.possible import (
    END,
    EXIT_REASONS,
    FLOOR,
    HORIZON,
    LONG,
    TARGET,
    ExitRules,
    PossibleTrades,
    possible_trades,
)
from engine.bars.series import BarSeries
from engine.errors import InputError

__all__ = ["END", "EXIT_REASONS", "FLOOR", "HORIZON", "TARGET", "Fills", "fill_signals", "select"]


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """The trades of one instrument, oldest first, as bar indices and market prices (before slippage).

    Attributes
    ----------
    signal, entry, exit : (trades,) int64 bar indices, ``signal < entry <= exit``.
    entry_at_close : (trades,) bool, True where the open of the entry session was not a traded price.
    entry_price, exit_price : (trades,) float64.
    reason : (trades,) int8 codes into ``EXIT_REASONS``.
    side : (trades,) int8, 1 long and -1 short.
    cancelled : number of signals whose entry was cancelled by a gap.
    """

    signal: np.ndarray
    entry: np.ndarray
    exit: np.ndarray
    entry_at_close: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray
    reason: np.ndarray
    side: np.ndarray
    cancelled: int

    def __len__(self) -> int:
        return len(self.signal)

    def first(self, count: int) -> Fills:
        """The first so many trades."""
        if count == len(self):
            return self
        names = ("signal", "entry", "exit", "entry_at_close", "entry_price", "exit_price", "reason", "side")
        return replace(self, **{name: getattr(self, name)[:count] for name in names})


@njit(cache=True)
def _one_at_a_time(signals: np.ndarray, exits: np.ndarray, void: np.ndarray, kept: np.ndarray) -> int:
    """Dates of the signals that become trades, into ``kept`` (at least as many as signals); their number.

    ``signals`` (n,) bool, ``exits`` (n,) int64 and ``void`` (n,) bool of the trade that each date would lead to.
    """
    count, t = 0, 0
    last = len(signals) - 1
    while t < last:
        if signals[t]:
            kept[count] = t
            count += 1
            if not void[t]:
                t = exits[t]
                continue
        t += 1
    return count


def select(possible: PossibleTrades, signals: np.ndarray, side: int = LONG) -> Fills:
    """The trades that signals (n,) bool lead to, one position at a time."""
    signals = np.ascontiguousarray(signals, dtype=np.bool_)
    kept = np.empty(int(signals.sum()), dtype=np.int64)
    met = kept[: _one_at_a_time(signals, possible.exit, possible.void, kept)]
    at = met[~possible.void[met]]
    return Fills(
        signal=at,
        entry=possible.entry[at],
        exit=possible.exit[at],
        entry_at_close=possible.entry_at_close[at],
        entry_price=possible.entry_price[at],
        exit_price=possible.exit_price[at],
        reason=possible.reason[at],
        side=np.full(len(at), side, dtype=np.int8),
        cancelled=len(met) - len(at),
    )


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
    """Long trades that follow from entry signals; :mod:`engine.backtest.possible` has every convention.

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
    rules = ExitRules(horizon_sessions, floor_break, tie)
    return select(possible_trades(bars, (floor, target), signals, rules), signals)
