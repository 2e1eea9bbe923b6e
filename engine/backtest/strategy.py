"""The strategy alone: its account and its figures, without what it is compared with.

What a search or a sweep needs of a backtest, many times over: instruments are lined up with their forecasts once
(:func:`setups_of`) and traded by any settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.frames import Accounts, on_dates, trades_frame
from engine.backtest.inputs import Tradable, tradable
from engine.backtest.performance import equity_metrics, session_returns, trade_metrics
from engine.backtest.plan import Plan, plan
from engine.backtest.possible import EXIT_REASONS
from engine.backtest.sharpe import Search, deflated_sharpe
from engine.backtest.trading import Traded, strategy_account, trade
from engine.bars.series import BarSeries
from engine.config import Config
from engine.errors import InputError
from engine.year import sessions_per_week, sessions_per_year


def traded_horizon(config: Config) -> int:
    """The horizon whose forecasts are traded: ``backtest.horizon_sessions`` or the longest."""
    return config.backtest.horizon_sessions or config.horizons[-1]


def strategy_equity(
    bars_by_symbol: Mapping[str, BarSeries], replay: pd.DataFrame, forecasts: pd.DataFrame, config: Config
) -> np.ndarray:
    """(sessions,) the strategy's equity curve alone: what tuning needs of a backtest, many times over.

    Equal to the column ``strategy`` of :func:`engine.backtest.backtest.backtest`.
    """
    setups = setups_of(bars_by_symbol, replay, forecasts, traded_horizon(config))
    return equity_of(setups, config)


def setups_of(
    bars_by_symbol: Mapping[str, BarSeries], replay: pd.DataFrame, forecasts: pd.DataFrame, horizon: int
) -> list[Tradable]:
    """The instruments that have forecasts for ``horizon`` sessions, ready to be traded by any settings.

    Raises
    ------
    InputError
        ``backtest.no_forecasts`` where there is none.
    """
    found = [tradable(bars, replay, forecasts, horizon) for bars in bars_by_symbol.values()]
    setups = [setup for setup in found if setup is not None]
    if not setups:
        raise InputError("backtest.no_forecasts", f"no out-of-sample forecast for {horizon} sessions", "")
    return setups


def equity_of(setups: Sequence[Tradable], config: Config) -> np.ndarray:
    """:func:`strategy_equity` of instruments that are lined up already, for the traded horizon of ``config``."""
    horizon = traded_horizon(config)
    plans = [plan(setup, config, horizon) for setup in setups]
    dates = _dates(plans)
    total = np.zeros(len(dates))
    for group, cash in accounts_of(plans, config):
        total += on_dates(_dates(group), strategy_account(group, config, cash), dates, cash)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Strategy:
    """The strategy without what it is compared with: (D,) its account, its figures as in ``metrics["strategy"]`` of
    :func:`engine.backtest.backtest.backtest`, and the sessions of a year."""

    equity: np.ndarray
    metrics: dict[str, Any]
    year: int


def strategy_of(setups: Sequence[Tradable], config: Config) -> Strategy:
    """What :func:`engine.backtest.backtest.backtest` says of the strategy alone, of instruments that are lined up already."""
    alone = config.model_copy(
        update={"backtest": config.backtest.model_copy(update={"random_entries": 0, "curve_draws": 0})}
    )
    plans = [plan(setup, alone, traded_horizon(alone)) for setup in setups]
    together = Accounts.empty(plans, alone)
    traded = [trade_account(alone, account) for account in accounts_of(plans, alone)]
    for t in traded:
        together.add(t)
    year = sessions_per_year(sessions_per_week(together.dates))
    return Strategy(
        together.curves[:, 0],
        strategy_figures(traded, trades_frame(traded), together, alone, year),
        year,
    )


def _dates(plans: Sequence[Plan]) -> np.ndarray:
    """Sessions from the first forecast on, of all instruments together."""
    own = [p.setup.bars.dates[p.setup.start :] for p in plans]
    return own[0] if len(own) == 1 else np.unique(np.concatenate(own))


def accounts_of(plans: list[Plan], config: Config) -> list[tuple[tuple[Plan, ...], float]]:
    """The instruments of each account, and the cash that it begins with."""
    if config.backtest.cash == "shared":
        return [(tuple(plans), config.backtest.initial_cash)]
    return [((p,), config.backtest.initial_cash / len(plans)) for p in plans]


def trade_account(config: Config, account: tuple[tuple[Plan, ...], float]) -> Traded:
    """One of :func:`accounts_of`, traded."""
    return trade(account[0], config, account[1])


def strategy_figures(
    traded: list[Traded], trades: pd.DataFrame, accounts: Accounts, config: Config, year: int
) -> dict[str, Any]:
    """Figures of the strategy over all accounts."""
    equity = accounts.curves[:, 0]
    search = Search(config.backtest.trials, config.backtest.trials_sharpe_variance)
    return figures_of(trades, equity, accounts.invested[:, 0], year) | {
        "cancelled_entries": sum(m.fills.cancelled for t in traded for m in t.made),
        "entries_filled_at_close": int(trades["entry_at_close"].sum()),
        "short_trades": int((trades["side"] == "short").sum()),
        "entries_without_size": sum(p.unsized for t in traded for p in t.plans),
        "entries_without_room": sum(t.no_room for t in traded),
        "shorts_refused": sum(p.refused for t in traded for p in t.plans),
        "spent_on": min((str(t.spent) for t in traded if t.spent is not None), default=None),
        "deflated_sharpe": _deflated(equity, search, year),
    }


def figures_of(trades: pd.DataFrame, equity: np.ndarray, invested: np.ndarray, year: int) -> dict[str, Any]:
    """Figures of an account and the trades behind it."""
    size = trades["size"].to_numpy()
    bought, sold = size * trades["entry_fill"].to_numpy(), size * trades["exit_fill"].to_numpy()
    counts = trades["exit_reason"].value_counts()
    return (
        equity_metrics(equity, invested, year)
        | trade_metrics(
            trades["return"].to_numpy(),
            trades["sessions_held"].to_numpy(),
            float(bought.sum() + sold.sum()),
            float(np.mean(equity)),
            len(equity) - 1,
            year,
        )
        | {
            "fees_percent_of_initial_cash": 100.0 * float(trades["fees"].sum()) / float(equity[0]),
            "exits": {reason: int(counts.get(reason, 0)) for reason in EXIT_REASONS},
        }
    )


def _deflated(equity: np.ndarray, search: Search, year: int) -> dict[str, Any]:
    result = deflated_sharpe(session_returns(equity), search)
    return {
        "trials": search.trials,
        "probability": None if result is None else result.probability,
        f"benchmark_sharpe_{year}": None if result is None else result.benchmark * float(np.sqrt(year)),
    }
