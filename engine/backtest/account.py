"""Portfolio accounting by vectorbt: what a set of filled trades does to an account.

vectorbt is imported inside the functions of this module only: it takes seconds to import, and its licence
(Apache-2.0 with Commons Clause) is best kept behind one door.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backtest.fills import Fills
from engine.bars.series import BarSeries

BASIS_POINT = 1e-4
_CASH_SCALE = 65_536.0


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
    vbt = _vectorbt()
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
    portfolio = vbt.Portfolio.from_orders(
        np.broadcast_to(close[:, None] / unit, shape),
        size=size,
        price=price,
        direction="longonly",
        fees=fee,
        slippage=slip,
        init_cash=initial_cash / money,
        freq="1D",
        engine="rust",
    )
    value = _two_dimensional(portfolio.value())[row_of_close] * money
    if not detail:
        return Account(equity=value, invested=np.empty((len(value), 0)), trades=[])
    invested = _two_dimensional(portfolio.asset_value())[row_of_close] * money
    return Account(equity=value, invested=invested, trades=_trades(portfolio, columns, money, unit))


def _vectorbt() -> Any:
    import vectorbt

    # interactive widgets need a running notebook kernel; figures of the engine are drawn elsewhere
    vectorbt.settings.plotting["use_widgets"] = False
    return vectorbt


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


def _two_dimensional(values: Any) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array


def _trades(portfolio: Any, columns: Sequence[Fills], money: float, unit: float) -> list[np.ndarray]:
    # .values are the raw records: records_readable warns under pandas 3 and is slow
    records = portfolio.exit_trades.values
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
