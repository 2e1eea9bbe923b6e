"""How much money each trade gets, and what the account is then worth: one walk over the dates.

Within a session, in this order: what was held over the night pays funding or borrow (a rate of its value at the close before)
and receives or pays dividends; entries are filled; exits are filled; the account is valued at the last known closes; signals
given at that close are sized by that value.

size      A trade asks for ``weight`` times the account's value at its signal.  From that are taken, in this order: what is
          above the instrument's cap, what is above the family's, what is above the leverage, each measured at the
          signal's close with orders under way counted at their money; where several trades of one date have to share what
          is left of a family's cap or of the leverage, each gets the same share of what it asked for.
          Less than a millionth of the account is no trade.
fill      Money, not units: a long trade buys money / (price (1 + slippage) (1 + fee)) units, a short one sells
          money / (price (1 - slippage) (1 + fee)).  What a sale brings can be used from the next session on.
spent     At the first close at which the account is worth no more than a millionth of what it began with, every position is
          closed at that close, orders under way are cancelled, and nothing is traded any more.

The accounting that is reported is vectorbt's (:mod:`engine.backtest.cash.booking`), of the sizes found here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from engine.backtest.cash.market import Candidates, Market

SPENT_SHARE = 1e-6
BUSY, TAKEN, CANCELLED, NO_ROOM, AFTER_SPENT, UNDER_WAY, NOT_ASKED = range(7)


@dataclass(frozen=True, slots=True)
class AccountRules:
    """Limits of one account.

    Attributes
    ----------
    cash : what it begins with.
    leverage, instrument_cap, family_cap : greatest worth of positions as multiples of the account; inf where not limited.
    one : one position at a time in an instrument.
    """

    cash: float
    leverage: float = 1.0
    instrument_cap: float = np.inf
    family_cap: float = np.inf
    one: bool = True

    @property
    def limits(self) -> np.ndarray:
        """(4,) for the kernel."""
        return np.array([self.cash, self.leverage, self.instrument_cap, self.family_cap])


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """What became of c candidates, and the account at D closes.

    Attributes
    ----------
    status : (c,) int64, one of ``BUSY`` (a position was open), ``TAKEN``, ``CANCELLED``, ``NO_ROOM``, ``AFTER_SPENT``.
    exit : (c,) int64 position of the exit among the dates; that of the last close where the account was spent.
    units, carry : (c,) units traded, and money received (paid: negative) for holding them.
    exit_price : (c,) market price of the exit.
    equity, gross : (D,) the account's value, and that of its positions, long or short, taken positive.
    spent : position among the dates of the close at which the account was spent, -1 where it never was.
    """

    status: np.ndarray
    exit: np.ndarray
    units: np.ndarray
    carry: np.ndarray
    exit_price: np.ndarray
    equity: np.ndarray
    gross: np.ndarray
    spent: int


def walk(place: Market, trades: Candidates, rules: AccountRules) -> Walked:
    """Walk one account through every candidate."""
    c, dates = len(trades), len(place.dates)
    status, exits, out = np.zeros(c, dtype=np.int64), trades.when[:, 2].copy(), np.zeros((c, 2))
    exit_price = trades.price[:, 1].copy()
    equity, gross = np.empty(dates), np.empty(dates)
    spent = walk_kernel(
        (place.close, place.session, place.dividends, place.rates, place.family),
        (trades.when, trades.side, trades.void, trades.price, trades.weight),
        np.ones(c, dtype=np.bool_),
        rules.limits,
        rules.one,
        status,
        exits,
        exit_price,
        out,
        equity,
        gross,
        np.empty(c + 1, dtype=np.int64),
    )
    return Walked(status, exits, out[:, 0], out[:, 1], exit_price, equity, gross, int(spent))


@numba.njit(cache=True, nogil=True)
def walk_kernel(market, trades, asked, limits, one, status, exits, exit_price, out, equity, gross, held):
    """One account through D dates; returns the date at which it was spent, or -1.

    ``market`` and ``trades`` are the arrays of :class:`Market` and :class:`Candidates`, ``asked`` (c,) bool which of the
    candidates are signals.  Filled: ``status`` (c,), ``exits`` (c,), ``exit_price`` (c,), ``out`` (c, 2) units and carry,
    ``equity`` and ``gross`` (D,).  ``held`` (c + 1,) int64 is room to work in.
    """
    close, session, dividends, rates, family = market
    when, side, void, price, weight = trades
    dates, instruments = close.shape
    cash, spent_below = limits[0], limits[0] * SPENT_SHARE
    money = np.zeros(instruments)  # by instrument: orders of this close, then what they got
    exposure = np.zeros(instruments)
    waiting = np.zeros(len(when))  # money of orders under way
    open_count, at, spent = 0, 0, -1
    for d in range(dates):
        kept = 0
        for h in range(open_count):
            c = held[h]
            i = when[c, 3]
            direction = float(side[c])
            units = out[c, 0]
            if units > 0.0 and session[d, i]:
                rate = rates[i, 2] if side[c] > 0 else rates[i, 3]
                paid = units * (direction * dividends[d, i] - rate * close[d - 1, i])
                cash += paid
                out[c, 1] += paid
            if status[c] == UNDER_WAY and when[c, 1] == d:
                if void[c]:
                    status[c] = CANCELLED
                    continue
                fill = price[c, 0] * (1.0 + direction * rates[i, 1])
                units = waiting[c] / (fill * (1.0 + rates[i, 0]))
                out[c, 0] = units
                status[c] = TAKEN
                cash -= direction * units * fill + units * fill * rates[i, 0]
            held[kept] = c
            kept += 1
        open_count, kept = kept, 0
        for h in range(open_count):
            c = held[h]
            i = when[c, 3]
            if status[c] == TAKEN and exits[c] == d:
                direction = float(side[c])
                fill = price[c, 1] * (1.0 - direction * rates[i, 1])
                cash += out[c, 0] * fill * (direction - rates[i, 0])
                continue
            held[kept] = c
            kept += 1
        open_count = kept
        worth, positions = cash, 0.0
        for h in range(open_count):
            c = held[h]
            value = out[c, 0] * close[d, when[c, 3]]
            worth += side[c] * value
            positions += value
        if spent < 0 and worth <= spent_below:
            spent = d
            for h in range(open_count):
                c = held[h]
                if status[c] != TAKEN:
                    status[c] = AFTER_SPENT
                    continue
                i = when[c, 3]
                direction = float(side[c])
                fill = close[d, i] * (1.0 - direction * rates[i, 1])
                cash += out[c, 0] * fill * (direction - rates[i, 0])
                exits[c] = d
                exit_price[c] = close[d, i]
            open_count, worth, positions = 0, cash, 0.0
        equity[d], gross[d] = worth, positions
        if at == len(when) or when[at, 0] > d:
            continue
        first, any_asked = at, False
        while at < len(when) and when[at, 0] == d:
            any_asked = any_asked or asked[at]
            status[at] = AFTER_SPENT if spent >= 0 else BUSY
            at += 1
        if spent >= 0:
            continue
        money[:], exposure[:] = 0.0, 0.0
        for h in range(open_count):
            c = held[h]
            i = when[c, 3]
            exposure[i] += out[c, 0] * close[d, i] if status[c] == TAKEN else waiting[c]
        for c in range(first, at):
            i = when[c, 3]
            if one and exposure[i] > 0.0:
                continue
            status[c] = NOT_ASKED
            if asked[c] and weight[c] > 0.0 and money[i] == 0.0:
                money[i] = max(min(weight[c] * worth, limits[2] * worth - exposure[i]), 0.0)
                waiting[c] = 1.0  # marks which of two candidates of one instrument it is
        if not any_asked:
            continue
        if limits[3] < np.inf:
            for f in range(instruments):
                wanted, used = 0.0, 0.0
                for i in range(instruments):
                    if family[i] == f:
                        wanted += money[i]
                        used += exposure[i]
                room = max(limits[3] * worth - used, 0.0)
                if wanted > room:
                    for i in range(instruments):
                        if family[i] == f:
                            money[i] *= room / wanted
        wanted, used = 0.0, 0.0
        for i in range(instruments):
            wanted += money[i]
            used += exposure[i]
        room = max(limits[1] * worth - used, 0.0)
        share = room / wanted if wanted > room else 1.0
        for c in range(first, at):
            i = when[c, 3]
            if status[c] != NOT_ASKED or not asked[c]:
                continue
            if waiting[c] == 0.0 or money[i] * share <= SPENT_SHARE * worth:
                status[c], waiting[c] = NO_ROOM, 0.0
                continue
            waiting[c] = money[i] * share
            status[c] = UNDER_WAY
            held[open_count] = c
            open_count += 1
    for h in range(open_count):
        if status[held[h]] == UNDER_WAY:
            status[held[h]] = BUSY
    return spent
