"""Many accounts at once: the same candidates, asked for in many ways, in one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from engine.backtest.cash.lone import lone_kernel, lone_sums
from engine.backtest.cash.market import Candidates, Market
from engine.backtest.cash.moments import account_figures, trade_moments
from engine.backtest.cash.walk import AFTER_SPENT, BUSY, CANCELLED, NO_ROOM, TAKEN, AccountRules, walk_kernel

TRADES, HITS, EARNED, ASKED, FREE = range(5)
GROWTH, MEAN, DEVIATION, DRAWDOWN, EXPOSURE = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """k accounts of the same candidates, c of them, at D closes.

    Attributes
    ----------
    counts : (k, 5) number of trades, of those that earned something, sum of their net returns; entries asked for without a
        position, and closes that were free for one.
    curves : (k, 5) as in :func:`curve_figures`.
    equity, gross : (k, D) value of each account and of its positions.
    earned : (k, c) net return of each candidate's trade, a fraction of the money put in; NaN where there was none.
    """

    counts: np.ndarray
    curves: np.ndarray
    equity: np.ndarray
    gross: np.ndarray
    earned: np.ndarray


def equity_of_many(place: Market, trades: Candidates, asked: np.ndarray, rules: AccountRules) -> np.ndarray:
    """(accounts, D) equity of accounts that ask for the candidates of a row of ``asked`` (accounts, c) bool."""
    equity = np.empty((len(asked), len(place.dates)))
    _accounts(_arrays(place), _columns(trades), np.ascontiguousarray(asked), rules.limits, rules.one, equity)
    return equity


def accounts_of(
    place: Market,
    trades: Candidates,
    keys: np.ndarray,
    levels: np.ndarray,
    rules: AccountRules,
) -> Accounts:
    """An account for each of ``levels`` (k,): a candidate is asked for where its key, of (c,), reaches the level."""
    if len(place.family) > 1 or not rules.one:
        return walked_accounts(place, trades, keys, levels, rules)
    found = _empty(place, trades, len(levels))
    filled = (found.counts, found.equity, found.gross, found.earned)
    lone_kernel(_arrays(place), _columns(trades), *_given(keys, levels, rules), filled, found.curves)
    return found


def add_accounts(
    place: Market,
    trades: Candidates,
    keys: np.ndarray,
    levels: np.ndarray,
    rules: AccountRules,
    equity: np.ndarray,
    gross: np.ndarray,
) -> np.ndarray:
    """The ``counts`` of :func:`accounts_of`; the values of its accounts are added to ``equity`` and ``gross`` (k, D)."""
    if len(place.family) > 1 or not rules.one:
        found = walked_accounts(place, trades, keys, levels, rules)
        equity += found.equity
        gross += found.gross
        return found.counts
    counts = np.zeros((len(levels), 5))
    lone_sums(_arrays(place), _columns(trades), *_given(keys, levels, rules), counts, equity, gross)
    return counts


def walked_accounts(
    place: Market,
    trades: Candidates,
    keys: np.ndarray,
    levels: np.ndarray,
    rules: AccountRules,
) -> Accounts:
    """The same for any number of instruments and positions, session by session."""
    found = _empty(place, trades, len(levels))
    filled = (found.counts, found.equity, found.gross, found.earned)
    _leveled(_arrays(place), _columns(trades), *_given(keys, levels, rules), rules.one, filled)
    _curve_figures(found.equity, found.gross, found.curves)
    return found


def _empty(place: Market, trades: Candidates, k: int) -> Accounts:
    dates = len(place.dates)
    return Accounts(
        counts=np.zeros((k, 5)),
        curves=np.empty((k, 5)),
        equity=np.empty((k, dates)),
        gross=np.empty((k, dates)),
        earned=np.full((k, len(trades)), np.nan),
    )


def _given(
    keys: np.ndarray, levels: np.ndarray, rules: AccountRules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    key, level = (np.ascontiguousarray(values, dtype=np.float64) for values in (keys, levels))
    return key, level, rules.limits


class LoneFigures:
    """Counts and curves of many accounts of one instrument with one position at a time, without their equity.

    Parameters
    ----------
    place, trades, rules : as in :func:`accounts_of`; one instrument.
    """

    def __init__(self, place: Market, trades: Candidates, rules: AccountRules) -> None:
        self._given = (place, trades, rules)
        self._moments = np.empty((len(trades), 8))
        trade_moments(_arrays(place), _columns(trades), rules.limits, self._moments)

    def __call__(self, keys: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``counts`` and ``curves`` of :class:`Accounts` for each of ``levels`` (k,)."""
        place, trades, rules = self._given
        k = len(levels)
        counts, curves, spent = np.empty((k, 5)), np.empty((k, 5)), np.zeros(k, dtype=np.bool_)
        account_figures(
            trades.when, trades.void, self._moments, keys, levels, len(place.dates), counts, curves, spent
        )
        if spent.any():
            slow = accounts_of(place, trades, keys, levels[spent], rules)
            counts[spent], curves[spent] = slow.counts, slow.curves
        return counts, curves


def curve_figures(equity: np.ndarray, gross: np.ndarray) -> np.ndarray:
    """(k, 5) growth (last over first value, at least 0), mean and standard deviation (ddof 1) of session returns, deepest
    drawdown (a negative fraction) and mean share in positions, of accounts (k, D)."""
    out = np.empty((len(equity), 5))
    _curve_figures(equity, gross, out)
    return out


def _arrays(place: Market) -> tuple[np.ndarray, ...]:
    return place.close, place.session, place.dividends, place.rates, place.family


def _columns(trades: Candidates) -> tuple[np.ndarray, ...]:
    return trades.when, trades.side, trades.void, trades.price, trades.weight


@numba.njit(cache=True, nogil=True)
def _accounts(market, trades, asked, limits, one, equity):
    """Fill ``equity`` (accounts, D)."""
    when, price = trades[0], trades[3]
    c = len(when)
    status, exits, exit_price = np.empty(c, np.int64), np.empty(c, np.int64), np.empty(c)
    out, gross, held = np.empty((c, 2)), np.empty(equity.shape[1]), np.empty(c + 1, np.int64)
    for row in range(len(asked)):
        out[:], exits[:], exit_price[:] = 0.0, when[:, 2], price[:, 1]
        walk_kernel(
            market, trades, asked[row], limits, one, status, exits, exit_price, out, equity[row], gross, held
        )


@numba.njit(cache=True, nogil=True)
def _leveled(market, trades, keys, levels, limits, one, found):
    """Fill the arrays of :class:`Accounts`."""
    counts, equity, gross, earned = found
    when, side, price, rates = trades[0], trades[1], trades[3], market[3]
    c = len(when)
    status, exits, exit_price = np.empty(c, np.int64), np.empty(c, np.int64), np.empty(c)
    out, held = np.empty((c, 2)), np.empty(c + 1, np.int64)
    for k in range(len(levels)):
        out[:], exits[:], exit_price[:] = 0.0, when[:, 2], price[:, 1]
        asked = keys >= levels[k]
        walk_kernel(
            market, trades, asked, limits, one, status, exits, exit_price, out, equity[k], gross[k], held
        )
        for i in range(c):
            if status[i] == BUSY or status[i] == AFTER_SPENT:
                continue
            met = status[i] == TAKEN or status[i] == CANCELLED or status[i] == NO_ROOM
            counts[k, 3] += asked[i] and met
            counts[k, 4] += 1.0
            if status[i] != TAKEN:
                continue
            direction, cost = float(side[i]), rates[when[i, 3]]
            paid = price[i, 0] * (1.0 + direction * cost[1])
            got = exit_price[i] * (1.0 - direction * cost[1])
            net = direction * (got / paid - 1.0) - cost[0] * (1.0 + got / paid)
            net += out[i, 1] / (out[i, 0] * paid)
            counts[k, 0] += 1.0
            counts[k, 1] += net > 0.0
            counts[k, 2] += net
            earned[k, i] = net


@numba.njit(cache=True, nogil=True)
def _curve_figures(equity, gross, out):
    """Fill ``out`` (k, 5)."""
    dates = equity.shape[1]
    n = max(dates - 1, 1)
    for k in range(len(equity)):
        worth = equity[k]
        total, squares, peak, deepest, invested = 0.0, 0.0, worth[0], 0.0, 0.0
        for d in range(dates):
            if worth[d] > peak:
                peak = worth[d]
            elif worth[d] < (1.0 + deepest) * peak:
                deepest = worth[d] / peak - 1.0
            if gross[k, d] > 0.0 and worth[d] > 0.0:
                invested += gross[k, d] / worth[d]
            if d and worth[d] != worth[d - 1] and worth[d - 1] > 0.0:
                change = worth[d] / worth[d - 1] - 1.0
                total += change
                squares += change * change
        out[k, 0] = max(worth[dates - 1] / worth[0], 0.0)
        out[k, 1] = total / n
        out[k, 2] = np.sqrt(max(squares - total * total / n, 0.0) / max(n - 1, 1))
        out[k, 3], out[k, 4] = deepest, invested / dates
