"""One instrument, traded: the strategy and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.account import Account, open_account
from engine.backtest.fills import END, Fills, fill_signals
from engine.backtest.inputs import Tradable
from engine.backtest.random_entries import random_signals
from engine.config import Config


@dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """One instrument after trading.

    Attributes
    ----------
    fills, account : three sets of trades and their accounts: strategy, buy and hold, unfiltered.
    draws : (sessions, draws) equity of the random entries.
    """

    setup: Tradable
    fills: tuple[Fills, Fills, Fills]
    account: Account
    draws: np.ndarray


def asked(setup: Tradable, config: Config) -> np.ndarray:
    """(n,) bool, True where the close asks for an entry: p_continuation at or above the threshold."""
    # NaN compares False: no forecast, no signal
    return setup.eligible & (setup.p_continuation >= config.backtest.entry_threshold)


def fill(setup: Tradable, signals: np.ndarray, config: Config, horizon: int) -> Fills:
    """Trades that follow from signals under the config's outcome rule."""
    return fill_signals(
        setup.bars,
        setup.floor,
        setup.target,
        signals,
        horizon_sessions=horizon,
        floor_break=config.outcome.floor_break,
        tie=config.outcome.tie,
    )


def account_of(
    setup: Tradable, columns: list[Fills], config: Config, cash: float, *, detail: bool
) -> Account:
    """Accounts of sets of trades at the config's costs, from the first forecast on."""
    return open_account(
        setup.bars,
        columns,
        start=setup.start,
        initial_cash=cash,
        fee_bps=config.backtest.fee_bps,
        slippage_bps=config.backtest.slippage_bps,
        detail=detail,
    )


def trade(setup: Tradable, config: Config, horizon: int, cash: float) -> Traded:
    """Trade one instrument with ``cash``: strategy, buy and hold, unfiltered and random entries."""
    strategy = fill(setup, asked(setup, config), config, horizon)
    unfiltered = fill(setup, setup.eligible, config, horizon)
    fills = (strategy, hold(setup), unfiltered)
    account = account_of(setup, list(fills), config, cash, detail=True)
    count = config.backtest.random_entries
    draws = np.empty((len(account.equity), 0))
    if count:
        rate = entry_rate(setup, strategy)
        signals = random_signals(
            setup.bars.symbol, setup.bars.dates, setup.eligible, rate, count, config.seed
        )
        columns = [fill(setup, row, config, horizon) for row in signals]
        draws = account_of(setup, columns, config, cash, detail=False).equity
    return Traded(setup=setup, fills=fills, account=account, draws=draws)


def hold(setup: Tradable) -> Fills:
    """One trade: bought on the session after the first forecast, sold at the last close."""
    bars, entry, last = setup.bars, setup.start + 1, len(setup.bars) - 1
    at_close = bool(entry < len(bars) and not bars.opens_traded[entry])
    # bought and sold at one and the same close is no trade
    trades = 1 if entry + at_close <= last else 0
    price = bars.close if at_close else bars.open
    return Fills(
        signal=np.full(trades, setup.start),
        entry=np.full(trades, entry),
        exit=np.full(trades, last),
        entry_at_close=np.full(trades, at_close),
        entry_price=np.full(trades, price[min(entry, last)]),
        exit_price=np.full(trades, bars.close[last]),
        reason=np.full(trades, END, dtype=np.int8),
        cancelled=0,
    )


def entry_rate(setup: Tradable, fills: Fills) -> float:
    """Share of the eligible closes without a position at which the strategy asked for an entry."""
    change = np.zeros(len(setup.bars) + 1, dtype=np.int64)
    np.add.at(change, fills.entry, 1)
    np.add.at(change, fills.exit, -1)
    held = np.cumsum(change)[:-1] > 0
    flat = setup.eligible & ~held
    flat[-1] = False  # a signal at the last close has no session left to be filled in
    free = int(flat.sum())
    return (len(fills) + fills.cancelled) / free if free else 0.0
