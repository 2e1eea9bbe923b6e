"""Portfolio accounting by vectorbt: what a set of filled trades does to an account.

vectorbt's Rust engine is called directly, with the arguments that ``Portfolio.from_orders(engine="rust")`` would pass
on: the Python package around it takes 2.5 s and 100 MB to import and adds nothing that is used here.  Its licence
(Apache-2.0 with Commons Clause) is best kept behind one door, so no other module of the engine imports it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import ModuleType

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
_SPENT = 1e-6  # of the initial cash: what is left of an account that trades no more


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
    made : per column the number of trades that were made: the first so many.  Fewer than were given where losses and
        costs have spent the account, which then trades no more.
    """

    equity: np.ndarray
    invested: np.ndarray
    trades: list[np.ndarray]
    made: tuple[int, ...]


TRADE_FIELDS = np.dtype(
    [(name, np.float64) for name in ("entry_fill", "exit_fill", "size", "fees", "pnl", "return")]
)


# vectorbt's records of an order, and of what it logs of one, which it asks the Python package for at each simulation
ORDER = np.dtype(
    [("id", "i8"), ("col", "i8"), ("idx", "i8"), ("size", "f8"), ("price", "f8"), ("fees", "f8"), ("side", "i8")],
    align=True,
)  # fmt: skip
_LOGGED = (
    ("i8", "id group col idx"), ("f8", "cash position debt free_cash val_price value req_size req_price"),
    ("i8", "req_size_type req_direction"),
    ("f8", "req_fees req_fixed_fees req_slippage req_min_size req_max_size req_size_granularity req_reject_prob"),
    ("?", "req_lock_cash req_allow_partial req_raise_reject req_log"),
    ("f8", "new_cash new_position new_debt new_free_cash new_val_price new_value res_size res_price res_fees"),
    ("i8", "res_side res_status res_status_info order_id"),
)  # fmt: skip
LOG = np.dtype([(name, kind) for kind, names in _LOGGED for name in names.split()], align=True)
_one_at_a_time = Lock()


@contextmanager
def _records_known() -> Iterator[None]:
    """While the Rust engine runs, two modules that hold nothing but the types of its records answer for vectorbt's own.

    Without them the first simulation of a process would import the whole package.  Where somebody has imported it, it
    answers itself.  Another thread that imports vectorbt for the first time during a simulation would be given them too;
    none of ours does.
    """
    with _one_at_a_time:
        if "vectorbt" in sys.modules:
            yield
            return
        enums = ModuleType("vectorbt.portfolio.enums")
        enums.order_dt, enums.log_dt = ORDER, LOG  # type: ignore[attr-defined]
        standing_in = {"vectorbt": ModuleType("vectorbt"), enums.__name__: enums}
        sys.modules.update(standing_in)
        try:
            yield
        finally:
            for name, module in standing_in.items():
                if sys.modules.get(name) is module:
                    del sys.modules[name]


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """vectorbt's accounts.

    Attributes
    ----------
    orders : its records. held : (rows, columns) units of the position.
    cash, value : (rows, accounts) money and worth of each account.
    """

    orders: np.ndarray
    held: np.ndarray
    cash: np.ndarray
    value: np.ndarray


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
    """Trade every column of long trades with the whole account, and value it at each close.

    An account of which a trade leaves no more than a millionth makes no further trade.

    Parameters
    ----------
    bars : the instrument; sessions ``start`` to the last are accounted for.
    columns : sets of trades, each an account of its own that starts with ``initial_cash``.
    fee_bps, slippage_bps : per side; slippage worsens the fill price, the fee is taken on the fill's value.
    detail : False leaves ``invested`` and ``trades`` empty, for hundreds of columns of which only the
        equity is wanted.
    """
    fee, slip = fee_bps * BASIS_POINT, slippage_bps * BASIS_POINT
    columns = [_until_spent(fills, fee, slip) for fills in columns]
    close = bars.close[start:]
    # vectorbt drops orders of less than about a millionth of a unit, so cash and prices are brought to one
    # size; by powers of two no digit is lost
    money, unit = power_of_two_below(initial_cash) / _CASH_SCALE, power_of_two_below(float(close.max()))
    booked = simulate(
        *_orders(bars, columns, unit), (np.float64(fee), np.float64(slip)), initial_cash / money, shared=False
    )
    shape = (len(close), len(columns))
    equity, invested = np.empty(shape), np.empty(shape if detail else (len(close), 0))
    for column, fills in enumerate(columns):
        rows = slice(0, 2 * len(fills))
        stands = _sessions_after(fills, start, len(close))
        held = np.repeat(np.append(0.0, booked.held[rows, column]) * (money / unit), stands)
        held *= close
        if detail:
            invested[:, column] = held
        held += np.repeat(np.append(initial_cash, booked.cash[rows, column] * money), stands)
        equity[:, column] = held
    made = tuple(len(fills) for fills in columns)
    trades = _trades(booked.orders, columns, money, unit) if detail else []
    return Account(equity, invested, trades, made)


def simulate(
    close: np.ndarray,
    size: np.ndarray,
    price: np.ndarray,
    costs: tuple[np.ndarray | np.float64, np.ndarray | np.float64],
    cash: float,
    *,
    shared: bool,
) -> Simulated:
    """Let vectorbt's Rust engine fill orders row by row.

    Parameters
    ----------
    close : (rows, columns). size, price : (rows, columns) of the order in each cell, NaN where there is none; infinite
        sizes take or sell everything, and then only long positions are opened.
    costs : fee and slippage as fractions, one for all or (columns,).
    cash : what each column begins with; ``shared``: what all columns begin with together.
    """
    shape = close.shape
    columns = shape[1]
    groups = np.array([columns] if shared else [1] * columns, dtype=np.int64)
    capital = np.full(len(groups), cash)
    # in which order the columns of a group are asked
    calls = np.arange(columns, dtype=np.int64) if shared else np.zeros(columns, dtype=np.int64)
    fees, slippage = (np.asarray(c) if np.ndim(c) == 0 else np.ascontiguousarray(c)[None, :] for c in costs)

    def every(value: float | bool) -> np.ndarray:
        return np.array(value)

    with _records_known():
        orders, _ = rust.simulate_from_orders_rs(
            shape,
            groups,
            capital,
            np.array(np.broadcast_to(calls, shape), order="C"),  # a copy: the engine writes into it
            size,
            price,
            every(_AMOUNT),
            every(_BOTH if shared else _LONG_ONLY),
            fees,
            every(0.0),  # fixed fees
            slippage,
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
            max_orders=int(np.isfinite(price).sum()) + 1,
            max_logs=1,
        )
    by_column = rust_records.col_map_rs(np.ascontiguousarray(orders["col"]), columns)
    flow = rust.cash_flow_rs(orders, *by_column, shape, False)
    if shared:
        flow = flow.sum(axis=1)[:, None]
    held = rust.assets_rs(rust.asset_flow_rs(orders, *by_column, shape, _BOTH))
    assets = rust.asset_value_rs(close, held)
    money = rust.cash_rs(np.ascontiguousarray(flow), capital)
    return Simulated(orders, held, money, money + (assets.sum(axis=1)[:, None] if shared else assets))


def _until_spent(fills: Fills, fee: float, slip: float) -> Fills:
    """The trades up to the one that leaves next to nothing of the account."""
    if not len(fills):
        return fills
    kept = fills.exit_price * (1.0 - slip) * (1.0 - fee) / (fills.entry_price * (1.0 + slip) * (1.0 + fee))
    below = np.cumprod(kept) <= _SPENT
    if not below.any():
        return fills
    return fills.first(int(np.argmax(below)) + 1)


def _orders(
    bars: BarSeries, columns: Sequence[Fills], unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Closes, sizes and prices, (rows, columns): a row for each order, in turn an entry and an exit.

    Sessions without an order change neither cash nor units, so vectorbt is not shown them: of a million bars it
    would read every one.
    """
    shape = (max(1, 2 * max(len(fills) for fills in columns)), len(columns))
    close, size, price = np.ones(shape), np.full(shape, np.nan), np.full(shape, np.nan)
    for column, fills in enumerate(columns):
        for first, session, paid, side in (
            (0, fills.entry, fills.entry_price, np.inf),
            (1, fills.exit, fills.exit_price, -np.inf),
        ):
            rows = slice(first, 2 * len(fills), 2)
            close[rows, column] = bars.close[session] / unit
            size[rows, column], price[rows, column] = side, paid / unit
    return close, size, price


def _sessions_after(fills: Fills, start: int, sessions: int) -> np.ndarray:
    """(orders + 1,) closes before the first order, and from each order on before the next one."""
    at = np.zeros(2 * len(fills) + 2, dtype=np.int64)
    at[1:-1:2], at[2:-1:2], at[-1] = fills.entry - start, fills.exit - start, sessions
    return np.diff(at)


def power_of_two_below(value: float) -> float:
    """The largest power of two that is not above ``value``."""
    return math.ldexp(0.5, math.frexp(value)[1])


def _trades(orders: np.ndarray, columns: Sequence[Fills], money: float, unit: float) -> list[np.ndarray]:
    out = []
    starts = np.searchsorted(orders["col"], np.arange(len(columns) + 1))
    for column, fills in enumerate(columns):
        mine = orders[starts[column] : starts[column + 1]]
        if len(mine) != 2 * len(fills):
            raise AssertionError(f"vectorbt booked {len(mine)} orders of {2 * len(fills)}")
        bought, sold = mine[::2], mine[1::2]
        put_in = bought["price"] * bought["size"]
        table = np.empty(len(fills), dtype=TRADE_FIELDS)
        # the mean price of the one order that opened the position, in vectorbt's own way, to the last bit
        table["entry_fill"] = put_in / bought["size"] * unit
        table["exit_fill"] = sold["price"] * unit
        table["size"] = bought["size"] * (money / unit)
        table["fees"] = (bought["fees"] + sold["fees"]) * money
        pnl = sold["price"] * sold["size"] - put_in - bought["fees"] - sold["fees"]
        table["pnl"] = pnl * money
        table["return"] = pnl / put_in
        out.append(table)
    return out
