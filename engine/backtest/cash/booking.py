"""The accounts of sized trades, by vectorbt: orders of so many units go in, the account's value and every trade come out.

The sizes are those of :mod:`engine.backtest.cash.walk`, which also values the account, so that the two can be held against
each other.  What is paid for holding a position is no order; it is added beside vectorbt's account.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.account import TRADE_FIELDS, power_of_two_below, simulate
from engine.backtest.cash.market import Candidates, Market
from engine.backtest.cash.walk import TAKEN, Walked

_OPEN, _CLOSE, _AFTER = range(
    3
)  # rows of a session: orders at the open, during it or at its close, and after that
_CREDIT = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Booked:
    """One account.

    Attributes
    ----------
    taken : (trades,) positions among the candidates of the trades that were made, in their order.
    equity, gross : (D,) value of the account and of its positions, each taken positive, at each close.
    trades : (trades,) with ``TRADE_FIELDS``; ``pnl`` and ``return`` include what holding cost or paid.
    """

    taken: np.ndarray
    equity: np.ndarray
    gross: np.ndarray
    trades: np.ndarray


def book(place: Market, trades: Candidates, walked: Walked, cash: float) -> Booked:
    """Book what the walk found; ``cash`` is what the account begins with."""
    taken = np.flatnonzero(walked.status == TAKEN)
    made, units, exits = trades.only(taken), walked.units[taken], walked.exit[taken]
    carry = walked.carry[taken]
    slots = _slots(made, exits)
    columns, column = np.unique(made.when[:, 3] * (slots.max(initial=0) + 1) + slots, return_inverse=True)
    dates, owner = len(place.dates), columns // (slots.max(initial=0) + 1)
    if not len(taken):
        flat = np.full(dates, cash)
        return Booked(taken, flat, np.zeros(dates), np.empty(0, dtype=TRADE_FIELDS))
    shape = (3 * dates, len(columns))
    size, price = np.full(shape, np.nan), np.full(shape, np.nan)
    entered = 3 * made.when[:, 1] + np.where(made.at_close, _CLOSE, _OPEN)
    # only a spent account closes at a close what was opened at that close
    left = 3 * exits + np.where(walked.spent == exits, _AFTER, _CLOSE)
    unit = power_of_two_below(float(place.close.max()))
    # no order may fail for want of cash: the walk has kept the limits, and a lent amount that is taken off again changes nothing
    most = max(float(walked.equity.max()), cash) + float(np.abs(carry).sum()) + float(walked.gross.max())
    credit = _CREDIT * most
    money = power_of_two_below(credit) / 65_536.0
    signed = made.side * units * (unit / money)
    size[entered, column], price[entered, column] = signed, made.price[:, 0] / unit
    size[left, column], price[left, column] = -signed, walked.exit_price[taken] / unit
    rates = place.rates[owner]
    close = np.repeat(place.close[:, owner] / unit, 3, axis=0)
    booked = simulate(close, size, price, (rates[:, 0], rates[:, 1]), (cash + credit) / money, shared=True)
    received = np.zeros(dates)
    _add_carry(received, place, made, units, exits)
    equity = booked.value[_CLOSE + 1 :: 3, 0] * money - credit + received
    gross = np.abs(booked.held[_CLOSE + 1 :: 3] * close[_CLOSE + 1 :: 3]).sum(axis=1) * money
    return Booked(taken, equity, gross, _table(booked.orders, column, entered, made, carry, money, unit))


def _slots(made: Candidates, exits: np.ndarray) -> np.ndarray:
    """A number for each trade such that trades of one instrument and number never share a session."""
    slots = np.zeros(len(made), dtype=np.int64)
    free_from: dict[int, list[int]] = {}
    for c in range(len(made)):
        until = free_from.setdefault(int(made.when[c, 3]), [])
        slot = next((k for k, last in enumerate(until) if last < made.when[c, 1]), len(until))
        if slot == len(until):
            until.append(0)
        until[slot] = int(exits[c])
        slots[c] = slot
    return slots


def _add_carry(
    received: np.ndarray, place: Market, made: Candidates, units: np.ndarray, exits: np.ndarray
) -> None:
    """Into ``received`` (D,): money received so far for holding positions, at each close."""
    funding, borrow = place.rates[:, 2], place.rates[:, 3]
    if not (funding.any() or borrow.any() or place.dividends.any()):
        return
    for c in range(len(made)):
        i, side = made.when[c, 3], made.side[c]
        held = np.arange(made.when[c, 1] + 1, exits[c] + 1)
        held = held[place.session[held, i]]
        rate = funding[i] if side > 0 else borrow[i]
        received[held] += units[c] * (side * place.dividends[held, i] - rate * place.close[held - 1, i])
    np.cumsum(received, out=received)


def _table(
    orders: np.ndarray,
    column: np.ndarray,
    entered: np.ndarray,
    made: Candidates,
    carry: np.ndarray,
    money: float,
    unit: float,
) -> np.ndarray:
    """One row for each trade, in the order of the candidates, from vectorbt's order records."""
    # records come column by column, each in the order of its rows: entry and exit in turn
    orders = orders[np.lexsort((orders["idx"], orders["col"]))]
    bought, sold = orders[::2], orders[1::2]
    order = np.empty(len(made), dtype=np.int64)
    order[np.lexsort((entered, column))] = np.arange(len(made))
    bought, sold = bought[order], sold[order]
    table = np.empty(len(made), dtype=TRADE_FIELDS)
    table["entry_fill"], table["exit_fill"] = bought["price"] * unit, sold["price"] * unit
    table["size"] = bought["size"] * (money / unit)
    table["fees"] = (bought["fees"] + sold["fees"]) * money
    gained = made.side * table["size"] * (table["exit_fill"] - table["entry_fill"])
    table["pnl"] = gained - table["fees"] + carry
    table["return"] = table["pnl"] / (table["size"] * table["entry_fill"])
    return table
