"""Portfolio accounting by vectorbt: what a set of filled trades does to an account.

vectorbt's Rust engine is called directly, with the arguments that ``Portfolio.from_orders(engine="rust")`` would pass
on: the Python package around it takes 2.5 s to import and adds nothing that is used here.  Its licence (Apache-2.0
with Commons Clause) is best kept behind one door, so no other module of the engine imports it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from vectorbt_rust import portfolio as rust
from vectorbt_rust import records as rust_records

from engine.backtest.fills import Fills
from engine.bars.series import BarSeries

BASIS_POINT = 1e-4
_CASH_SCALE = 65_536.0
_LEAST_UNITS = 1e-8  # vectorbt's own default: a smaller order is not carried out
_AMOUNT, _LONG_ONLY, _BOTH = (
    0,
    0,
    2,
)  # vectorbt's numbers for the type of a size and the direction of an order


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """The account of each column of trades, at the close of sessions ``start`` to the last.

    Attributes
    ----------
    equity : (sessions, columns) account value in money; the first row is the initial cash.
    invested : (sessions, columns) value of the position held at that close, in money.
    trades : per column a structured array with one row per trade, in order: ``entry_fill`` and ``exit_fill``
        (prices after slippage), ``size`` (units), ``fees`` (money, both sides), ``pnl`` (money, net) and
        ``return`` (fraction of the money put in, net of fees and slippage).
    """

    equity: np.ndarray
    invested: np.ndarray
    trades: list[np.ndarray]


TRADE_FIELDS = np.dtype(
    [(name, np.float64) for name in ("entry_fill", "exit_fill", "size", "fees", "pnl", "return")]
)


def open_account(
    bars: BarSeries,
    columns: Sequence[Fills],
    *,
    start: int,
    initial_cash: float,
    fee_bps: float,
    slippage_bps: float,
    detail: bool = True,
) -> Account:
    """Trade every column with the whole account, and value it at each close.

    Parameters
    ----------
    bars : the instrument; sessions ``start`` to the last are accounted for.
    columns : sets of trades, each an account of its own that starts with ``initial_cash``.
    fee_bps, slippage_bps : per side; slippage worsens the fill price, the fee is taken on the fill's value.
    detail : False leaves ``invested`` and ``trades`` empty, for hundreds of columns of which only the
        equity is wanted.
    """
    fee, slip = fee_bps * BASIS_POINT, slippage_bps * BASIS_POINT
    row_of_open, row_of_close, close = _rows(bars, columns, start)
    # vectorbt drops orders of less than about a millionth of a unit, so cash and prices are brought to one
    # size; by powers of two no digit is lost
    money, unit = _power_of_two_below(initial_cash) / _CASH_SCALE, _power_of_two_below(close[0])
    shape = (len(close), len(columns))
    size = np.full(shape, np.nan)
    price = np.full(shape, np.nan)
    for column, fills in enumerate(columns):
        entry_rows = np.where(
            fills.entry_at_close, row_of_close[fills.entry - start], row_of_open[fills.entry - start]
        )
        exit_rows = row_of_close[fills.exit - start]
        size[entry_rows, column] = np.inf
        price[entry_rows, column] = fills.entry_price / unit
        size[exit_rows, column] = -np.inf
        price[exit_rows, column] = fills.exit_price / unit
    prices = np.ascontiguousarray(np.broadcast_to(close[:, None] / unit, shape))
    booked = _simulate(prices, size, price, fee=fee, slip=slip, cash=initial_cash / money)
    value = booked.value[row_of_close] * money
    if not detail:
        return Account(equity=value, invested=np.empty((len(value), 0)), trades=[])
    invested = booked.invested[row_of_close] * money
    return Account(equity=value, invested=invested, trades=_trades(booked.trades(), columns, money, unit))


@dataclass(frozen=True, slots=True, eq=False)
class _Booked:
    """vectorbt's books: orders (a record each, whose order by column ``by_column`` tells) and values, (rows, columns)."""

    close: np.ndarray
    orders: np.ndarray
    by_column: tuple[np.ndarray, np.ndarray]
    invested: np.ndarray
    value: np.ndarray

    def trades(self) -> np.ndarray:
        """One record per sale, vectorbt's exit trades."""
        found: np.ndarray = rust.get_exit_trades_rs(self.orders, self.close, *self.by_column)
        return found


def _simulate(
    close: np.ndarray, size: np.ndarray, price: np.ndarray, *, fee: float, slip: float, cash: float
) -> _Booked:
    """Carry out orders (rows, columns), NaN where there is none; every column starts with ``cash``."""
    shape = close.shape
    one_each = np.ones(shape[1], dtype=np.int64)  # every column is a group, and an account, of its own
    starting = np.full(shape[1], cash)

    def every(value: float | bool) -> np.ndarray:
        return np.array(value)

    orders, _ = rust.simulate_from_orders_rs(
        shape,
        one_each,
        starting,
        np.zeros(shape, dtype=np.int64),  # in which order the columns of a group are asked
        size,
        price,
        every(_AMOUNT),
        every(_LONG_ONLY),
        every(fee),
        every(0.0),  # fixed fees
        every(slip),
        every(_LEAST_UNITS),
        every(np.inf),  # largest size
        every(np.nan),  # no lots
        every(0.0),  # chance of being rejected
        every(False),  # lock cash
        every(True),  # a size of all the cash is carried out in part
        every(False),  # raise where rejected
        every(False),  # log
        every(np.inf),  # value a position at the order's own price
        close,
        max_orders=close.size,
        max_logs=1,
    )
    by_column = rust_records.col_map_rs(np.ascontiguousarray(orders["col"]), shape[1])
    flow = rust.cash_flow_rs(orders, *by_column, shape, False)
    held = rust.assets_rs(rust.asset_flow_rs(orders, *by_column, shape, _BOTH))
    invested = rust.asset_value_rs(close, held)
    value = rust.value_rs(rust.cash_rs(flow, starting), invested)
    return _Booked(close, orders, by_column, invested, value)


def _rows(bars: BarSeries, columns: Sequence[Fills], start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulation rows: one per session, and one more where a trade is opened and closed in one session.

    vectorbt fills one order per row and column, so such a session needs a row for its open as well.
    """
    sessions = len(bars) - start
    doubled = np.zeros(sessions, dtype=bool)
    for fills in columns:
        doubled[fills.entry[fills.entry == fills.exit] - start] = True
    row_of_close = np.arange(sessions) + np.cumsum(doubled)
    row_of_open = row_of_close - doubled
    close = np.empty(sessions + int(doubled.sum()))
    close[row_of_open] = bars.open[start:]
    close[row_of_close] = bars.close[start:]
    return row_of_open, row_of_close, close


def _power_of_two_below(value: float) -> float:
    return math.ldexp(0.5, math.frexp(value)[1])


def _trades(records: np.ndarray, columns: Sequence[Fills], money: float, unit: float) -> list[np.ndarray]:
    out = []
    for column, fills in enumerate(columns):
        mine = records[records["col"] == column]
        mine = mine[np.argsort(mine["entry_idx"], kind="stable")]
        if len(mine) != len(fills):
            raise AssertionError(f"vectorbt booked {len(mine)} trades of {len(fills)}")
        table = np.empty(len(mine), dtype=TRADE_FIELDS)
        table["entry_fill"] = mine["entry_price"] * unit
        table["exit_fill"] = mine["exit_price"] * unit
        table["size"] = mine["size"] * (money / unit)
        table["fees"] = (mine["entry_fees"] + mine["exit_fees"]) * money
        table["pnl"] = mine["pnl"] * money
        table["return"] = mine["return"]
        out.append(table)
    return out
