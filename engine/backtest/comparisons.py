"""What the strategy is compared with: every setup, buying and holding, and entries at random as often as its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.cash import AccountRules, Asked, Candidates, Market, candidates
from engine.backtest.cash.many import equity_of_many
from engine.backtest.fills import Fills
from engine.backtest.plan import Plan
from engine.backtest.possible import END, LONG, PossibleTrades
from engine.backtest.random_entries import random_candidates
from engine.config import Config


def every_setup(plans: tuple[Plan, ...], place: Market, *, sides: bool, sized: bool = False) -> Candidates:
    """A trade at every eligible close: of the side with the larger score or, with ``sides``, one of each side.

    Sizes do not look at the forecast; with ``sized`` they are those of the strategy.
    """
    asked = []
    for i, p in enumerate(plans):
        for side in p.sides:
            wanted = p.setup.eligible if sides else p.side == side
            asked.append(Asked(i, side, p.possible[side], wanted, (p.weight if sized else p.blind)[side]))
    return candidates(place, asked)


def hold(p: Plan) -> Fills:
    """One trade: bought on the session after the first forecast, sold at the last close."""
    bars, entry, last = p.setup.bars, p.setup.start + 1, len(p.setup.bars) - 1
    at_close = bool(entry < len(bars) and not bars.opens_traded[entry])
    # bought and sold at one and the same close is no trade
    trades = 1 if entry + at_close <= last else 0
    price = bars.close if at_close else bars.open
    return Fills(
        signal=np.full(trades, p.setup.start),
        entry=np.full(trades, entry),
        exit=np.full(trades, last),
        entry_at_close=np.full(trades, at_close),
        entry_price=np.full(trades, price[min(entry, last)]),
        exit_price=np.full(trades, bars.close[last]),
        reason=np.full(trades, END, dtype=np.int8),
        side=np.full(trades, LONG, dtype=np.int8),
        cancelled=0,
    )


def hold_trades(plans: tuple[Plan, ...], place: Market) -> Candidates:
    """Every instrument bought once for an equal share of the account, at its first forecast."""
    asked = []
    for i, p in enumerate(plans):
        fills, n = hold(p), len(p.setup.bars)
        once = np.zeros(n, dtype=np.bool_)
        once[fills.signal] = True

        def of(value: np.ndarray, fills: Fills = fills, n: int = n) -> np.ndarray:
            return np.full(n, value[0]) if len(fills) else np.zeros(n, dtype=value.dtype)

        possible = PossibleTrades(
            entry=of(fills.entry),
            exit=of(fills.exit),
            entry_at_close=of(fills.entry_at_close),
            entry_price=of(fills.entry_price),
            exit_price=of(fills.exit_price),
            reason=of(fills.reason),
            void=np.zeros(n, dtype=np.bool_),
        )
        asked.append(Asked(i, LONG, possible, once, np.full(n, 1.0 / len(plans))))
    return candidates(place, asked)


def entry_rate(p: Plan, fills: Fills, *, one: bool) -> float:
    """Share of the eligible closes at which the strategy asked for an entry; of those without a position where it holds one."""
    eligible = p.setup.eligible.copy()
    eligible[-1] = False  # a signal at the last close has no session left to be filled in
    if not one:
        return float(np.mean(p.signals[eligible] != 0)) if eligible.any() else 0.0
    change = np.zeros(len(p.setup.bars) + 1, dtype=np.int64)
    np.add.at(change, fills.entry, 1)
    np.add.at(change, fills.exit, -1)
    free = int((eligible & ~(np.cumsum(change)[:-1] > 0)).sum())
    return (len(fills) + fills.cancelled) / free if free else 0.0


def random_accounts(
    plans: tuple[Plan, ...], place: Market, made: Sequence[Fills], rules: AccountRules, config: Config
) -> np.ndarray:
    """(D, draws) equity of accounts with entries drawn at each instrument's own rate, on either of the traded sides."""
    count = config.backtest.random_entries
    if not count:
        return np.empty((len(place.dates), 0))
    rates = np.array([entry_rate(p, fills, one=rules.one) for p, fills in zip(plans, made, strict=True)])
    trades = every_setup(plans, place, sides=True)
    units = random_candidates(plans, trades, count, config.seed)
    asked = units < rates[trades.when[:, 3]]
    return equity_of_many(place, trades, asked, rules).T
