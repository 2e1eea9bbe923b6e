"""One account, traded: the strategy and what it is compared with.

An account is of one instrument with its share of the cash or, with ``backtest.cash: shared``, of all of them.  Long trades with the
whole account and nothing else (the default) go to vectorbt as they are; everything else is sized by the walk first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.account import Account, open_account
from engine.backtest.cash import (
    AccountRules,
    Asked,
    Booked,
    Candidates,
    Market,
    Walked,
    book,
    candidates,
    market,
    walk,
)
from engine.backtest.cash.walk import AFTER_SPENT, CANCELLED, NO_ROOM, TAKEN
from engine.backtest.comparisons import (
    entry_rate,
    every_setup,
    hold,
    hold_trades,
    random_accounts,
    random_signals,
)
from engine.backtest.fills import Fills, select
from engine.backtest.plan import Plan
from engine.backtest.possible import LONG, SPENT
from engine.config import Config

STRATEGY, HOLD, UNFILTERED = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """The strategy's trades in one instrument, oldest first, and what the account booked for each.

    Attributes
    ----------
    fills : bar indices, market prices and sides. ``reason`` is ``spent`` where the account ended the trade.
    booked : (trades,) with ``TRADE_FIELDS``.
    weight : (trades,) share of the account that each trade asked for.
    """

    fills: Fills
    booked: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """One account after trading; D dates.

    Attributes
    ----------
    plans, made : its instruments, and the strategy's trades in each.
    place : the instruments on one calendar.
    equity, invested : (D, 3) of strategy, buy and hold, unfiltered; positions are taken positive.
    draws : (D, draws) equity of the random entries.
    unfiltered : per instrument the number of trades of the unfiltered setups.
    no_room : signals that the caps left no money for.
    not_made : signals after the account was spent.
    spent : the first close at which the strategy's account was spent, None where it never was.
    """

    plans: tuple[Plan, ...]
    made: tuple[Made, ...]
    place: Market
    equity: np.ndarray
    invested: np.ndarray
    draws: np.ndarray
    unfiltered: tuple[int, ...]
    no_room: int
    not_made: int
    spent: np.datetime64 | None


def rules_of(config: Config, cash: float) -> AccountRules:
    """Limits of an account that begins with ``cash``."""
    trading = config.backtest
    return AccountRules(
        cash=cash,
        leverage=trading.max_leverage,
        instrument_cap=np.inf if trading.instrument_cap is None else trading.instrument_cap,
        family_cap=np.inf if trading.family_cap is None else trading.family_cap,
        one=trading.positions == "one",
    )


def is_plain(plans: tuple[Plan, ...], config: Config) -> bool:
    """True where every trade is long, takes the whole account and costs nothing to hold."""
    rules = rules_of(config, 1.0)
    alone = len(plans) == 1 and rules.one and plans[0].sides == (LONG,)
    whole = config.backtest.sizing == "fixed_fraction" and config.backtest.fraction == 1.0
    free = min(rules.leverage, rules.instrument_cap, rules.family_cap) >= 1.0
    return alone and whole and free and not plans[0].costs.holding


def place_of(plans: tuple[Plan, ...]) -> Market:
    """The instruments of an account on one calendar, each from its first forecast on."""
    return market([p.setup.bars for p in plans], [p.setup.start for p in plans], [p.costs for p in plans])


def asked_by(plans: tuple[Plan, ...], place: Market) -> Candidates:
    """The trades that the strategy's signals lead to."""
    return candidates(
        place,
        [
            Asked(i, side, p.possible[side], p.signals == side, p.weight[side])
            for i, p in enumerate(plans)
            for side in p.sides
        ],
    )


def strategy_account(plans: tuple[Plan, ...], config: Config, cash: float) -> np.ndarray:
    """(D,) equity of the strategy alone."""
    if is_plain(plans, config):
        (p,) = plans
        return _plain(p, [select(p.possible[LONG], p.signals == LONG)], cash, detail=False).equity[:, 0]
    place = place_of(plans)
    trades = asked_by(plans, place)
    return book(place, trades, walk(place, trades, rules_of(config, cash)), cash).equity


def trade(plans: tuple[Plan, ...], config: Config, cash: float) -> Traded:
    """Trade one account: strategy, buy and hold, unfiltered and random entries."""
    if is_plain(plans, config):
        return _trade_plain(plans[0], config, cash)
    place, rules = place_of(plans), rules_of(config, cash)
    asked, every = asked_by(plans, place), every_setup(plans, place, sides=False)
    walked = walk(place, asked, rules)
    unfiltered = walk(place, every, rules)
    held = hold_trades(plans, place)
    holding = walk(place, held, AccountRules(cash=cash))
    books = [
        book(place, trades, found, cash)
        for trades, found in ((asked, walked), (held, holding), (every, unfiltered))
    ]
    made = tuple(_made(asked, walked, books[0], place, i) for i in range(len(plans)))
    return Traded(
        plans=plans,
        made=made,
        place=place,
        equity=np.stack([b.equity for b in books], axis=1),
        invested=np.stack([b.gross for b in books], axis=1),
        draws=random_accounts(plans, place, [m.fills for m in made], rules, config),
        unfiltered=tuple(
            int(np.sum(every.when[unfiltered.status == TAKEN, 3] == i)) for i in range(len(plans))
        ),
        no_room=int(np.sum(walked.status == NO_ROOM)),
        not_made=int(np.sum(walked.status == AFTER_SPENT)),
        spent=None if walked.spent < 0 else place.dates[walked.spent],
    )


def _plain(p: Plan, columns: list[Fills], cash: float, *, detail: bool) -> Account:
    return open_account(
        p.setup.bars,
        columns,
        start=p.setup.start,
        initial_cash=cash,
        fee_bps=p.costs.fee_bps,
        slippage_bps=p.costs.slippage_bps,
        detail=detail,
    )


def _trade_plain(p: Plan, config: Config, cash: float) -> Traded:
    strategy = select(p.possible[LONG], p.signals == LONG)
    unfiltered = select(p.possible[LONG], p.setup.eligible)
    account = _plain(p, [strategy, hold(p), unfiltered], cash, detail=True)
    count = config.backtest.random_entries
    draws = np.empty((len(account.equity), 0))
    if count:
        rate = entry_rate(p, strategy, one=True)
        symbol, dates = p.setup.bars.symbol, p.setup.bars.dates
        rows = random_signals(symbol, dates, p.setup.eligible, rate, count, config.seed)
        columns = [select(p.possible[LONG], row) for row in rows]
        draws = _plain(p, columns, cash, detail=False).equity
    made = strategy.first(account.made[STRATEGY])
    spent = len(made) < len(strategy)
    return Traded(
        plans=(p,),
        made=(Made(made, account.trades[STRATEGY], np.ones(len(made))),),
        place=place_of((p,)),
        equity=account.equity,
        invested=account.invested,
        draws=draws,
        unfiltered=(account.made[UNFILTERED],),
        no_room=0,
        not_made=len(strategy) - len(made),
        spent=p.setup.bars.dates[made.exit[-1]] if spent else None,
    )


def _made(asked: Candidates, walked: Walked, booked: Booked, place: Market, i: int) -> Made:
    """The trades of one instrument of an account, in its own bar indices."""
    own = asked.when[:, 3] == i
    mine = own[booked.taken]
    at = booked.taken[mine]
    bar_of = np.zeros(len(place.dates), dtype=np.int64)
    known = np.flatnonzero(place.place[i] >= 0)
    bar_of[place.place[i][known]] = known
    # a spent account closes at a date that may have no session of this instrument: at its last close before
    bar_of = np.maximum.accumulate(bar_of)
    ended = walked.exit[at]
    cut = (ended != asked.when[at, 2]) | (walked.exit_price[at] != asked.price[at, 1])
    fills = Fills(
        signal=asked.bar[at],
        entry=bar_of[asked.when[at, 1]],
        exit=bar_of[ended],
        entry_at_close=asked.at_close[at],
        entry_price=asked.price[at, 0],
        exit_price=walked.exit_price[at],
        reason=np.where(cut, SPENT, asked.reason[at]).astype(np.int8),
        side=asked.side[at],
        cancelled=int(np.sum(own & (walked.status == CANCELLED))),
    )
    return Made(fills, booked.trades[mine], asked.weight[at])
