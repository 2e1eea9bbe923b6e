"""What is asked for in one instrument: which side, at which closes, for how much of the account."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.cash.costs import Costs, costs_of, may_short
from engine.backtest.entries import Known, entry_rule
from engine.backtest.inputs import Tradable
from engine.backtest.payoffs import payoffs
from engine.backtest.possible import LONG, SHORT, ExitRules, PossibleTrades, possible_trades
from engine.backtest.sizing import sizing
from engine.config import Config
from engine.year import sessions_per_week, sessions_per_year

_SIDES = {"long": (LONG,), "short": (SHORT,), "both": (LONG, SHORT)}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One instrument and what its tables ask for; arrays have one value for each of n bars.

    Attributes
    ----------
    setup, costs : the instrument.
    sides : the sides that are traded.
    side : (n,) int8, the side with the larger score; 0 where there is none, or both are equal.
    score : (n,) of that side, NaN where there is none.
    signals : (n,) int8, the side asked for; 0 where none is.
    possible : by side, the trade that a signal leads to.
    weight, blind : by side, (n,) share of the account that a trade asks for; ``blind`` without looking at the forecast.
    unsized : number of signals for which the sizing wanted no trade (no edge, or no volatility known).
    refused : number of short signals of an instrument that can only be held long.
    """

    setup: Tradable
    costs: Costs
    sides: tuple[int, ...]
    side: np.ndarray
    score: np.ndarray
    signals: np.ndarray
    possible: dict[int, PossibleTrades]
    weight: dict[int, np.ndarray]
    blind: dict[int, np.ndarray]
    unsized: int
    refused: int


def plan(setup: Tradable, config: Config, horizon: int) -> Plan:
    """What the config asks for in one instrument, by what was known at each close."""
    bars, trading = setup.bars, config.backtest
    year = sessions_per_year(sessions_per_week(bars.dates))
    costs = costs_of(bars, config, year)
    rule, size = entry_rule(trading.entry), sizing(trading.sizing)
    exits = ExitRules(horizon, config.outcome.floor_break, config.outcome.tie)
    allowed = _SIDES[trading.sides] if may_short(bars.symbol, config) else (LONG,)
    scores, possible, weight, blind = {}, {}, {}, {}
    for side in _SIDES[trading.sides]:
        turned = _turned(setup, side) if trading.exit_on_turn else None
        possible[side] = possible_trades(
            bars, (setup.floor, setup.target), setup.eligible, exits, side=side, turned=turned
        )
        paid = payoffs(setup, side, costs.round_trip(side, horizon))
        known = Known(
            setup=setup,
            payoffs=paid,
            side=side,
            earned=earned(possible[side], side, costs),
            horizon_sessions=horizon,
            interval=config.verify.interval,
        )
        scores[side] = np.where(setup.eligible, rule.score(known, trading), np.nan)
        share = 1.0 / horizon if trading.positions == "tranches" else 1.0
        weight[side] = share * size.fraction(setup, paid, trading, year)
        blind[side] = np.full(len(bars), share * trading.fraction) if size.uses_forecast else weight[side]
    chosen, score = _better(scores, len(bars))
    # NaN compares False: no forecast, no signal
    signals = np.where(score >= rule.threshold(trading), chosen, 0).astype(np.int8)
    refused = np.zeros(len(bars), dtype=np.bool_) if SHORT in allowed else signals == SHORT
    size_asked = np.select([signals == one for one in weight], list(weight.values()), 0.0)
    unsized = (signals != 0) & ~refused & ~(size_asked > 0)
    return Plan(
        setup=setup,
        costs=costs,
        sides=allowed,
        side=np.where((chosen == SHORT) & (SHORT not in allowed), 0, chosen).astype(np.int8),
        score=score,
        signals=np.where(refused | unsized, 0, signals).astype(np.int8),
        possible=possible,
        weight=weight,
        blind=blind,
        unsized=int(unsized.sum()),
        refused=int(refused.sum()),
    )


def earned(possible: PossibleTrades, side: int, costs: Costs) -> np.ndarray:
    """(n,) net return of each possible trade, a fraction of the money put in; NaN where there is none or it is cancelled."""
    paid = possible.entry_price * (1.0 + side * costs.slippage)
    got = possible.exit_price * (1.0 - side * costs.slippage)
    nights = possible.exit - possible.entry
    held = (costs.funding if side == LONG else costs.borrow) * nights
    dividends = np.concatenate([[0.0], np.cumsum(costs.dividends)])
    received = dividends[possible.exit + 1] - dividends[np.minimum(possible.entry + 1, possible.exit + 1)]
    net = side * (got / paid - 1.0) - costs.fee * (1.0 + got / paid) - held + side * received / paid
    return np.where(possible.void, np.nan, net)


def _turned(setup: Tradable, side: int) -> np.ndarray:
    """(n,) bool, True where a close's own table holds the scenario against ``side`` to be the more likely one."""
    ahead = setup.p_continuation - setup.p_breakdown
    return ahead < 0 if side == LONG else ahead > 0


def _better(scores: dict[int, np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Side and score of the larger of the scores; side 0 and NaN where none is known, or two are equal."""
    if len(scores) == 1:
        ((side, score),) = scores.items()
        return np.where(np.isnan(score), 0, side).astype(np.int8), score
    up, down = scores[LONG], scores[SHORT]
    high, low = np.nan_to_num(up, nan=-np.inf), np.nan_to_num(down, nan=-np.inf)
    side = (high > low).astype(np.int8) - (high < low).astype(np.int8)
    return side, np.select([side == LONG, side == SHORT], [up, down], np.nan)
