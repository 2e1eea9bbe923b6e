import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.account import LOG, ORDER, open_account, power_of_two_below
from engine.backtest.fills import fill_signals
from tests.backtest.trading_twin import gappy_bars, twin_equity


def case(seed, rate=0.4, horizon=6, floor_break="close", real_from=0):
    bars = gappy_bars(300, seed, opens_real_from=real_from)
    rng = np.random.default_rng(seed)
    floor, target = bars.close - rng.integers(1, 6, 300), bars.close + rng.integers(1, 6, 300)
    signals = rng.random(300) < rate
    signals[:20] = False
    return bars, fill_signals(bars, floor, target, signals, horizon_sessions=horizon, floor_break=floor_break)


@pytest.mark.parametrize("floor_break", ["close", "touch"])
@pytest.mark.parametrize(("fee", "slip"), [(0.0, 0.0), (1.0, 1.0), (35.0, 20.0)])
def test_vectorbts_account_equals_plain_python(floor_break, fee, slip):
    same_session = 0
    for seed in range(5):
        bars, fills = case(seed, floor_break=floor_break, real_from=150 if seed == 4 else 0)
        same_session += int(np.sum(fills.entry == fills.exit))
        account = open_account(bars, [fills], start=20, initial_cash=50_000.0, fee_bps=fee, slippage_bps=slip)
        trades = list(
            zip(
                fills.signal,
                fills.entry,
                fills.exit,
                fills.entry_price,
                fills.exit_price,
                fills.reason,
                strict=True,
            )
        )
        expected = twin_equity(bars, trades, 20, 50_000.0, fee * 1e-4, slip * 1e-4)
        np.testing.assert_allclose(account.equity[:, 0], expected, rtol=1e-9)
        table = account.trades[0]
        paid = fills.entry_price * (1 + slip * 1e-4)
        got = fills.exit_price * (1 - slip * 1e-4)
        np.testing.assert_allclose(table["entry_fill"], paid, rtol=1e-12)
        np.testing.assert_allclose(table["exit_fill"], got, rtol=1e-12)
        # of 1 unit of money put in before fees, what is gained after both fees
        np.testing.assert_allclose(
            table["return"], got / paid * (1 - fee * 1e-4) - (1 + fee * 1e-4), atol=1e-12
        )
        np.testing.assert_allclose(50_000.0 + table["pnl"].sum(), expected[-1], rtol=1e-9)
    assert same_session > 0, "the case of a trade within one session was not reached"


def test_columns_are_accounts_of_their_own():
    pairs = [case(seed) for seed in (3, 3)]
    bars = pairs[0][0]
    sparse = case(3, rate=0.05)[1]
    together = open_account(
        bars, [pairs[0][1], sparse], start=20, initial_cash=1e5, fee_bps=1.0, slippage_bps=1.0
    )
    for column, fills in enumerate((pairs[0][1], sparse)):
        alone = open_account(bars, [fills], start=20, initial_cash=1e5, fee_bps=1.0, slippage_bps=1.0)
        np.testing.assert_array_equal(alone.equity[:, 0], together.equity[:, column])
        np.testing.assert_array_equal(alone.trades[0], together.trades[column])


def test_without_detail_the_equity_is_the_same():
    bars, fills = case(1)
    arguments = {"start": 20, "initial_cash": 1e5, "fee_bps": 1.0, "slippage_bps": 1.0}
    full = open_account(bars, [fills], **arguments)
    short = open_account(bars, [fills], **arguments, detail=False)
    np.testing.assert_array_equal(full.equity, short.equity)
    assert short.trades == []


def test_no_trade_leaves_the_cash_alone():
    bars, _ = case(1)
    none = fill_signals(bars, bars.close - 1, bars.close + 1, np.zeros(300, bool), horizon_sessions=5)
    account = open_account(bars, [none], start=0, initial_cash=777.0, fee_bps=1.0, slippage_bps=1.0)
    assert np.all(account.equity == 777.0)
    assert np.all(account.invested == 0.0)
    assert len(account.trades[0]) == 0


def test_a_history_without_traded_opens_that_ends_after_a_signal_is_accounted_for():
    # the fill would be at the last close there is, and so would its sale
    bars = gappy_bars(300, 2, opens_real_from=300)
    signals = np.zeros(300, bool)
    signals[[100, 298]] = True
    fills = fill_signals(bars, bars.low - 50, bars.high + 500, signals, horizon_sessions=6)
    assert fills.signal.tolist() == [100]
    assert fills.cancelled == 1
    account = open_account(bars, [fills], start=20, initial_cash=1e5, fee_bps=1.0, slippage_bps=1.0)
    assert len(account.trades[0]) == 1


@pytest.mark.parametrize("cash", [1e-3, 1.0, 1e12])
@pytest.mark.parametrize("price", [1e-9, 1.0, 1e12])
def test_returns_do_not_depend_on_the_size_of_cash_and_prices(cash, price):
    bars, fills = case(1)
    costs = {"start": 20, "fee_bps": 1.0, "slippage_bps": 1.0}
    plain = open_account(bars, [fills], initial_cash=50_000.0, **costs)
    scaled = replace(bars, **{name: getattr(bars, name) * price for name in ("open", "high", "low", "close")})
    dearer = replace(fills, entry_price=fills.entry_price * price, exit_price=fills.exit_price * price)
    account = open_account(scaled, [dearer], initial_cash=cash, **costs)
    np.testing.assert_allclose(account.equity / cash, plain.equity / 50_000.0, rtol=1e-9)
    np.testing.assert_allclose(account.invested / cash, plain.invested / 50_000.0, rtol=1e-9)
    mine, other = account.trades[0], plain.trades[0]
    np.testing.assert_allclose(mine["return"], other["return"], atol=1e-9)
    np.testing.assert_allclose(mine["entry_fill"], other["entry_fill"] * price, rtol=1e-9)
    for name in ("pnl", "fees"):
        np.testing.assert_allclose(mine[name] / cash, other[name] / 50_000.0, atol=1e-9)
    np.testing.assert_allclose(mine["size"] * price / cash, other["size"] / 50_000.0, rtol=1e-9)


def test_a_simulation_does_not_import_the_package_around_vectorbts_engine():
    """2.5 s and 100 MB in every process that trades: the engine asks the package for the types of its records only."""
    script = """
import sys
from tests.backtest.test_account import case
from engine.backtest.account import open_account

bars, fills = case(3)
open_account(bars, [fills], start=20, initial_cash=65_536.0, fee_bps=3.0, slippage_bps=2.0)
assert not [name for name in sys.modules if name.split(".")[0] in ("vectorbt", "plotly")]
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


def test_the_types_of_its_records_are_those_of_vectorbt():
    from vectorbt.portfolio.enums import log_dt, order_dt

    assert (order_dt, log_dt) == (ORDER, LOG)


def rows_of_sessions(bars, columns, start):
    """Rows of the open and of the close of each session, and prices by row: one a session, two where a trade opens and ends in it."""
    sessions = len(bars) - start
    doubled = np.zeros(sessions, dtype=bool)
    for fills in columns:
        doubled[fills.entry[fills.entry == fills.exit] - start] = True
    row_of_close = np.arange(sessions) + np.cumsum(doubled)
    close = np.empty(sessions + int(doubled.sum()))
    close[row_of_close - doubled], close[row_of_close] = bars.open[start:], bars.close[start:]
    return row_of_close - doubled, row_of_close, close


def test_the_account_is_to_the_bit_that_of_vectorbts_own_portfolio():
    import vectorbt

    vectorbt.settings.plotting["use_widgets"] = False
    bars, fills = case(3)
    sparse = case(3, rate=0.05)[1]
    account = open_account(
        bars, [fills, sparse], start=20, initial_cash=65_536.0, fee_bps=3.0, slippage_bps=2.0
    )
    row_of_open, row_of_close, close = rows_of_sessions(bars, [fills, sparse], 20)
    size, price = np.full((2, len(close), 2), np.nan)
    unit = power_of_two_below(
        float(close.max())
    )  # prices go in by units, because of vectorbt's smallest order
    for column, one in enumerate((fills, sparse)):
        bought = np.where(one.entry_at_close, row_of_close[one.entry - 20], row_of_open[one.entry - 20])
        sold = row_of_close[one.exit - 20]
        size[bought, column], price[bought, column] = np.inf, one.entry_price / unit
        size[sold, column], price[sold, column] = -np.inf, one.exit_price / unit
    portfolio = vectorbt.Portfolio.from_orders(
        np.tile(close[:, None] / unit, 2), size=size, price=price, direction="longonly", fees=3 * 1e-4, slippage=2 * 1e-4,
        init_cash=65_536.0, freq="1D", engine="rust",
    )  # fmt: skip
    np.testing.assert_array_equal(account.equity, portfolio.value().to_numpy()[row_of_close])
    np.testing.assert_array_equal(account.invested, portfolio.asset_value().to_numpy()[row_of_close])
    records = portfolio.exit_trades.values
    for column, table in enumerate(account.trades):
        mine = records[records["col"] == column]
        np.testing.assert_array_equal(table["pnl"], mine["pnl"])
        np.testing.assert_array_equal(table["return"], mine["return"])
