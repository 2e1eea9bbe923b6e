"""The account with its trade records beside its peers, timed only after their results were found equal.

The rule and the fills are the same for all: signals at the close, filled at the next open, sold at the target, after a close
below the floor at the next open, or with the horizon; the whole account in every trade, 1 + 1 basis points.  Every peer is given
the finished fills as orders.  ``backtesting`` and ``pybroker`` are no dependencies of the engine; they are measured where they are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._clock import seconds
from engine.backtest.account import Account, open_account
from engine.backtest.fills import Fills, fill_signals
from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars

Peer = Callable[[BarSeries, Fills], "tuple[str, Callable[[], np.ndarray]]"]
_CASH, _FEE, _SLIP, _HORIZON = 100_000.0, 1e-4, 1e-4, 15
_SIZES = (5_000, 1_000_000)


def measure() -> list[dict[str, Any]]:
    """Each row: name, value, unit, budget."""
    rows = []
    for n in _SIZES:
        bars = simulate_bars(n, seed=1, daily_sigma=0.002)
        # once a month, so that costs leave something of the account over a million bars
        signals = np.zeros(n, dtype=bool)
        signals[20:-1:21] = True
        if n > 100_000:
            signals[400_000:] = False
        fills = fill_signals(bars, bars.close * 0.99, bars.close * 1.01, signals, horizon_sessions=_HORIZON)
        rows += _beside_peers(bars, fills)
    rows.append(_spent())
    return rows


def _ours(bars: BarSeries, fills: Fills) -> Account:
    return open_account(bars, [fills], start=0, initial_cash=_CASH, fee_bps=1.0, slippage_bps=1.0)


def _beside_peers(bars: BarSeries, fills: Fills) -> list[dict[str, Any]]:
    account = _ours(bars, fills)
    mine = seconds(lambda: _ours(bars, fills))
    found = [
        _row(f"account and trade records: ours, {len(bars):,} bars, {len(fills):,} trades", 1e3 * mine, "ms")
    ]
    orders = _orders(bars, fills)
    value, trades = _direct(*orders)
    np.testing.assert_allclose(value[orders[-1]], account.equity[:, 0], rtol=1e-9)
    np.testing.assert_allclose(trades["pnl"], account.trades[0]["pnl"], rtol=1e-7, atol=1e-6)
    taken = seconds(lambda: _direct(*orders))
    found.append(
        _row(
            "  vectorbt's Rust engine called directly, orders ready: its time / ours",
            taken / mine,
            "times",
            ">= 1",
        )
    )
    for engine in ("rust", "numba"):
        call = _vectorbt(engine, *orders)
        value, trades = call()
        np.testing.assert_allclose(value[orders[-1]], account.equity[:, 0], rtol=1e-9)
        np.testing.assert_allclose(trades["pnl"], account.trades[0]["pnl"], rtol=1e-7, atol=1e-6)
        taken = seconds(call)
        budget = ">= 1" if engine == "rust" else None
        found.append(
            _row(f"  vectorbt's Portfolio, {engine}: its time / ours", taken / mine, "times", budget)
        )
    if len(bars) <= 100_000:
        # of these fills those alone that are bought and sold at opens can be given to them; all get the same ones
        plain = _at_opens(fills)
        for peer in (_backtesting, _pybroker):
            found += _beside_loop(bars, plain, peer)
    return found


def _orders(bars: BarSeries, fills: Fills) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Closes, sizes and prices by row, and the row of each close; a session that opens and ends a trade has two rows."""
    doubled = np.zeros(len(bars), dtype=bool)
    doubled[fills.entry[fills.entry == fills.exit]] = True
    at_close = np.arange(len(bars)) + np.cumsum(doubled)
    close = np.empty(len(bars) + int(doubled.sum()))
    close[at_close - doubled], close[at_close] = bars.open, bars.close
    size, price = np.full((2, len(close)), np.nan)
    bought = np.where(fills.entry_at_close, at_close[fills.entry], (at_close - doubled)[fills.entry])
    size[bought], price[bought] = np.inf, fills.entry_price
    size[at_close[fills.exit]], price[at_close[fills.exit]] = -np.inf, fills.exit_price
    return close, size, price, at_close


def _direct(
    close: np.ndarray, size: np.ndarray, price: np.ndarray, at_close: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Worth of the account by row and trade records, by the functions that ``Portfolio`` calls, and by nothing else."""
    from vectorbt_rust import portfolio, records

    bars = close[:, None]
    shape, cash = bars.shape, np.array([_CASH])
    each = [
        np.array(value)
        for value in (0, 0, _FEE, 0.0, _SLIP, 1e-8, np.inf, np.nan, 0.0, False, True, False, False, np.inf)
    ]
    orders, _ = portfolio.simulate_from_orders_rs(
        shape, np.array([1]), cash, np.zeros(shape, dtype=np.int64), size[:, None], price[:, None], *each, bars,
        max_orders=int(np.isfinite(price).sum()) + 1, max_logs=1,
    )  # fmt: skip
    by_column = records.col_map_rs(np.ascontiguousarray(orders["col"]), 1)
    money = portfolio.cash_rs(portfolio.cash_flow_rs(orders, *by_column, shape, False), cash)
    held = portfolio.assets_rs(portfolio.asset_flow_rs(orders, *by_column, shape, 0))
    value = portfolio.value_rs(money, portfolio.asset_value_rs(bars, held))
    return value[:, 0], portfolio.get_exit_trades_rs(orders, bars, *by_column)


def _vectorbt(
    engine: str, close: np.ndarray, size: np.ndarray, price: np.ndarray, at_close: np.ndarray
) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    import vectorbt

    vectorbt.settings.plotting["use_widgets"] = False

    def call() -> tuple[np.ndarray, np.ndarray]:
        portfolio = vectorbt.Portfolio.from_orders(
            close, size=size, price=price, direction="longonly", fees=_FEE, slippage=_SLIP, init_cash=_CASH,
            freq="1D", engine=engine,
        )  # fmt: skip
        portfolio.asset_value()
        return portfolio.value().to_numpy(), portfolio.exit_trades.values

    return call


def _beside_loop(bars: BarSeries, plain: Fills, peer: Peer) -> list[dict[str, Any]]:
    """A library that calls a function at every bar: equal trades first, then its time."""
    try:
        name, call = peer(bars, plain)
    except ImportError:
        return []
    free = open_account(bars, [plain], start=0, initial_cash=_CASH, fee_bps=0.0, slippage_bps=0.0)
    np.testing.assert_allclose(call(), free.trades[0]["return"], rtol=1e-9, atol=1e-12)
    taken, own = seconds(call, runs=3), seconds(lambda: _ours(bars, plain))
    return [
        _row(f"  {name}, {len(plain)} trades between opens, no costs: its time / ours", taken / own, "times")
    ]


def _asked(bars: BarSeries, plain: Fills) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Dates, and the closes at which a trade is asked for and at which it is given up."""
    ask, leave = np.zeros((2, len(bars)), dtype=bool)
    ask[plain.entry - 1], leave[plain.exit - 1] = True, True
    return pd.DatetimeIndex(bars.dates.astype("datetime64[ns]")), ask, leave


def _backtesting(bars: BarSeries, plain: Fills) -> tuple[str, Callable[[], np.ndarray]]:
    """backtesting.py trades whole units at the open; returns of its trades."""
    import backtesting
    from backtesting import Backtest, Strategy

    dates, ask, leave = _asked(bars, plain)
    frame = pd.DataFrame(
        {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close}, index=dates
    )

    class Given(Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            t = len(self.data) - 1
            if leave[t] and self.position:
                self.position.close()
            if ask[t]:
                self.buy(size=0.9999)

    def call() -> np.ndarray:
        trades = Backtest(frame, Given, cash=1e9, commission=0.0, finalize_trades=True).run()["_trades"]
        return trades["ExitPrice"].to_numpy() / trades["EntryPrice"].to_numpy() - 1.0

    return f"backtesting.py {backtesting.__version__}", call


def _pybroker(bars: BarSeries, plain: Fills) -> tuple[str, Callable[[], np.ndarray]]:
    """PyBroker, told to fill at the open and to round nothing; returns of its trades."""
    import pybroker

    dates, ask, leave = _asked(bars, plain)
    frame = pd.DataFrame(
        {
            "date": dates,
            "symbol": "A",
            "open": bars.open,
            "high": bars.high,
            "low": bars.low,
            "close": bars.close,
            "volume": 1e6,
        }
    )
    settings = pybroker.StrategyConfig(
        initial_cash=1e9, enable_fractional_shares=True, round_fill_price=False, round_test_result=False
    )
    pybroker.disable_logging()

    def given(context: Any) -> None:
        t = context.bars - 1
        if leave[t] and context.long_pos():
            context.sell_all_shares()
            context.sell_fill_price = pybroker.PriceType.OPEN
        elif ask[t]:
            context.buy_shares = context.calc_target_shares(0.9)
            context.buy_fill_price = pybroker.PriceType.OPEN

    def call() -> np.ndarray:
        strategy = pybroker.Strategy(frame, dates[0], dates[-1], settings)
        strategy.add_execution(given, ["A"])
        trades = strategy.backtest(calc_bootstrap=False).trades
        return trades["exit"].to_numpy(float) / trades["entry"].to_numpy(float) - 1.0

    return f"PyBroker {pybroker.__version__}", call


def _at_opens(fills: Fills) -> Fills:
    from dataclasses import replace

    from engine.backtest.possible import FLOOR

    kept = (fills.reason == FLOOR) & ~fills.entry_at_close & (fills.exit > fills.entry)
    names = ("signal", "entry", "exit", "entry_at_close", "entry_price", "exit_price", "reason", "side")
    return replace(fills, **{name: getattr(fills, name)[kept] for name in names})


def _spent() -> dict[str, Any]:
    """A signal at every close of a million bars: costs spend the account, which then trades no more."""
    bars = simulate_bars(1_000_000, seed=1, daily_sigma=0.002)
    signals = np.ones(len(bars), dtype=bool)
    fills = fill_signals(bars, bars.close * 0.99, bars.close * 1.01, signals, horizon_sessions=_HORIZON)
    account = _ours(bars, fills)
    assert account.made[0] < len(fills)
    assert account.equity[-1, 0] <= 1e-6 * _CASH
    return _row(
        f"  every close a signal: trades made of {len(fills):,} before costs had spent the account",
        account.made[0],
        "trades",
    )


def _row(name: str, value: float, unit: str, budget: str | None = None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
