"""What a trade signalled at each date would be, whatever the account holds: one walk over the bars of one instrument.

The convention, in one place
----------------------------
A signal is given at the close of session ``t``; everything it uses is known then.  The setup (target and
floor) is frozen at ``t``.  A long trade gains at the target and is stopped at the floor.  A short one trades the mirrored
scenario, the breakdown: it gains at the floor and is stopped at the target.  Both end at the very event that decides the
outcome, in the same session, so that the table's probabilities are the probabilities of a trade's end.

entry    at the open of ``t + 1``.  Where that open is not a traded price
         (``opens_traded``) at the close of ``t + 1``.  The entry is cancelled where there is nothing left
         to trade: the open is already at or beyond the target (with floor breaks on touch, and for every short: or at
         or below the floor); for a fill at the close, where session ``t + 1`` itself has already touched the target or
         broken the floor (a short also where that close is at the floor).
target   an order at ``target``, live from the fill on.  A bar whose high reaches it fills it, at the
         open where the open has gapped beyond it.
floor    ``close``: a close below the floor is known only after that close, so the exit is the next open
         (the next close where that open is not real).  ``touch``: an order at the floor, filled at the open
         where the open has gapped below it.  A bar that reaches both levels follows the outcome's rule: the
         open decides if it gapped beyond one, otherwise the tie policy, which is mirrored with the trade: ``breakdown``
         takes the stop to come first, the floor for a long trade and the target for a short one.
turn     where asked for: the first close from the entry on whose own table holds the other side to be the more likely
         one; the exit is the next open (the next close where that open is not real).
horizon  at the close of ``t + horizon``, the last session that the forecast speaks of.  The date of that
         order is known at the entry, so an order at the close looks at nothing later.
end      a position still open at the last bar there is, is closed at its close.

Where an open is not traded no gap is seen: an order that gains fills at its own price, a stop at its level or, where
the whole bar lies beyond it, at the worst price there was (the low for a long trade, the high for a short one).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from engine.bars.series import BarSeries

EXIT_REASONS = ("target", "floor", "horizon", "end", "turn", "spent")
TARGET, FLOOR, HORIZON, END, TURN, SPENT = range(6)
LONG, SHORT = 1, -1


@dataclass(frozen=True, slots=True)
class ExitRules:
    """When a trade ends: ``horizon_sessions`` after its signal at the latest; the rest as in the config's ``outcome``."""

    horizon_sessions: int
    floor_break: str = "close"
    tie: str = "breakdown"


@dataclass(frozen=True, slots=True, eq=False)
class PossibleTrades:
    """The trade that a signal of one side at each of n dates leads to; meaningful where asked for.

    Attributes
    ----------
    entry, exit : (n,) int64 bar indices.
    entry_at_close : (n,) bool, True where the open of the entry session was not a traded price.
    entry_price, exit_price : (n,) float64 market prices, before slippage.
    reason : (n,) int8 codes into ``EXIT_REASONS``.
    void : (n,) bool, True where the entry is cancelled in session t + 1; exit and prices mean nothing there.
    """

    entry: np.ndarray
    exit: np.ndarray
    entry_at_close: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray
    reason: np.ndarray
    void: np.ndarray


@njit(cache=True)
def _walk(bars, opens_traded, levels, asked, turned, horizon, short, touch, tie_target, places, prices):
    """Fill ``places`` (n, 4) int64 (exit, reason, at close, void) and ``prices`` (n, 2) (in, out) where ``asked``.

    ``bars`` (4, n) open, high, low, close; ``levels`` (2, n) floor, target; ``asked`` and ``turned`` (n,) bool.
    """
    open_, high, low, close = bars[0], bars[1], bars[2], bars[3]
    n = len(close)
    for t in range(n - 1):
        if not asked[t]:
            continue
        ground, goal = levels[0, t], levels[1, t]
        entry = t + 1
        at_open = opens_traded[entry]
        if at_open:
            price = open_[entry]
            void = price >= goal or ((touch or short) and price <= ground)
            first = entry
        else:
            price = close[entry]
            void = high[entry] >= goal or (low[entry] <= ground if touch else close[entry] < ground)
            void = void or (short and price <= ground)
            first = entry + 1
        last = min(t + horizon, n - 1)
        prices[t, 0] = price
        places[t, 2] = 0 if at_open else 1
        if void or (not at_open and last == entry):
            # bought and sold at one and the same close is no trade
            places[t, 3] = 1
            continue
        x = last
        out = close[last]
        reason = HORIZON if last == t + horizon else END
        if not at_open and turned[entry] and entry < last:
            # the table of the entry's own close already holds the other side
            x, reason = entry + 1, TURN
            out = open_[x] if opens_traded[x] else close[x]
            first = last + 1
        for j in range(first, last + 1):
            real = opens_traded[j]
            # the fill itself is the first price of the entry session: no gap can lie before it
            if real and open_[j] >= goal:
                x, out, reason = j, open_[j], TARGET
                break
            if touch and real and open_[j] <= ground:
                x, out, reason = j, open_[j], FLOOR
                break
            up = high[j] >= goal
            down = touch and low[j] <= ground
            if up and (not down or tie_target):
                x, reason = j, TARGET
                out = goal if not short or low[j] <= goal else high[j]
                break
            if down:
                x, reason = j, FLOOR
                out = ground if short or high[j] >= ground else low[j]
                break
            if j < last:
                if not touch and close[j] < ground:
                    x, reason = j + 1, FLOOR
                elif turned[j]:
                    x, reason = j + 1, TURN
                else:
                    continue
                out = open_[x] if opens_traded[x] else close[x]
                break
        places[t, 0] = x
        places[t, 1] = reason
        prices[t, 1] = out


def possible_trades(
    bars: BarSeries,
    levels: tuple[np.ndarray, np.ndarray],
    asked: np.ndarray,
    rules: ExitRules,
    *,
    side: int = LONG,
    turned: np.ndarray | None = None,
) -> PossibleTrades:
    """The trade of ``side`` that a signal at each date of ``asked`` leads to.

    Parameters
    ----------
    bars : n bars.
    levels : floor and target, (n,) prices frozen at each date, finite where ``asked``.
    asked : (n,) bool, the dates whose trade is wanted; the last bar has none.
    side : ``LONG`` or ``SHORT``.
    turned : (n,) bool, True where a close's own table ends trades of this side; None where no table does.
    """
    n = len(bars)
    short = side == SHORT
    places, prices = np.zeros((n, 4), dtype=np.int64), np.full((n, 2), np.nan)
    _walk(
        np.stack([bars.open, bars.high, bars.low, bars.close]),
        bars.opens_traded,
        np.stack([np.asarray(level, dtype=np.float64) for level in levels]),
        np.ascontiguousarray(asked, dtype=np.bool_),
        np.zeros(n, dtype=np.bool_) if turned is None else np.ascontiguousarray(turned, dtype=np.bool_),
        rules.horizon_sessions,
        short,
        rules.floor_break == "touch",
        (rules.tie == "continuation") != short,
        places,
        prices,
    )
    return PossibleTrades(
        entry=np.minimum(np.arange(n) + 1, n - 1),
        exit=places[:, 0],
        entry_at_close=places[:, 2].astype(bool),
        entry_price=prices[:, 0],
        exit_price=prices[:, 1],
        reason=places[:, 1].astype(np.int8),
        void=places[:, 3].astype(bool),
    )
