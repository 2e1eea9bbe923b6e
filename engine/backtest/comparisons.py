"""What the strategy is compared with: every setup, buying and holding, and entries at random as often as its own.

Entries at random are drawn by counter: whether draw ``d`` asks for one on a day depends on the seed, the symbol, ``d``, that
day and the rate alone, so a longer history, another instrument or more draws never reshuffle the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.cash import AccountRules, Asked, Candidates, Market, candidates
from engine.backtest.cash.many import equity_of_many
from engine.backtest.fills import Fills
from engine.backtest.plan import Plan
from engine.backtest.possible import END, LONG, PossibleTrades
from engine.config import Config
from engine.kernels.streams import entry_units


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


def random_signals(
    symbol: str, dates: np.ndarray, eligible: np.ndarray, rate: float, draws: int, seed: int
) -> np.ndarray:
    """(draws, n) bool: entry asked for on eligible dates, each with probability ``rate``."""
    return (entry_units(seed, symbol, dates, draws) < rate) & eligible[None, :]


def random_candidates(
    plans: Sequence[Plan], trades: Candidates, draws: int, seed: int, use: str = ""
) -> np.ndarray:
    """(draws, c) uniform numbers in [0, 1), an entry where one is below the rate; 2 for the side that is not drawn.

    ``trades`` has a candidate for every eligible close and side; where both sides are traded, each draw tosses a coin for
    the side of each close.  ``use`` keeps the numbers of one comparison apart from those of another.
    """
    units = np.full((draws, len(trades)), 2.0)
    for i, p in enumerate(plans):
        mine = trades.when[:, 3] == i
        bars, bar = p.setup.bars, trades.bar[mine]
        name = f"{bars.symbol}/{use}" if use else bars.symbol
        mine_units = entry_units(seed, name, bars.dates, draws)[:, bar]
        if len(p.sides) > 1:
            heads = entry_units(seed, f"{name}/side", bars.dates, draws)[:, bar] < 0.5
            mine_units = np.where(heads == (trades.side[mine] > 0), mine_units, 2.0)
        units[:, mine] = mine_units
    return units
