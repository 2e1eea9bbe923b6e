"""Trade the forecasts, and compare with doing something simpler.

The rules of a trade are in :mod:`engine.backtest.possible`, what is asked for in :mod:`engine.backtest.plan`, the accounting in
:mod:`engine.backtest.account` and :mod:`engine.backtest.cash`.  Each instrument trades an equal share of the initial cash by
itself, and nothing moves between instruments; or (``backtest.cash: shared``) one account trades them all.
Next to the strategy stand, over the same dates and at the same costs:

buy_and_hold   bought on the first session after the first forecast, sold at the last close.
unfiltered     the same setups and exits, entered at every setup when flat, whatever the probability.
random         the same exits, entered at random as often as the strategy asks for an entry when flat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.chance.intervals import account_intervals
from engine.backtest.chance.thresholds import threshold_curve
from engine.backtest.frames import Accounts, equity_frame, trades_frame
from engine.backtest.inputs import Tradable, tradable
from engine.backtest.performance import equity_metrics, month_table
from engine.backtest.plan import Plan, plan
from engine.backtest.possible import LONG
from engine.backtest.strategy import accounts_of, figures_of, strategy_figures, trade_account, traded_horizon
from engine.backtest.trading import Traded
from engine.bars.series import BarSeries
from engine.bars.stretches import runs
from engine.config import Config, with_plugins
from engine.errors import InputError
from engine.parallel import Alone, Crew
from engine.scenarios import SCENARIOS
from engine.year import sessions_per_week, sessions_per_year

_WORTH_A_WORKER = 4
_SETUP = ("instrument", "date", "floor", "target_low", "sigma")
# of forecasts.parquet: what is read of it
TRADED_COLUMNS = (
    "instrument",
    "date",
    "horizon_sessions",
    "fold",
    "outcome",
    *(f"{source}_{scenario}" for source in ("p", "filtered_history") for scenario in SCENARIOS),
)


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """What trading on the forecasts would have earned.

    Attributes
    ----------
    trades : one row per trade, oldest first.  ``side`` is ``long`` or ``short``, ``fraction`` the share of the account that the
        trade asked for.  ``entry_price`` and ``exit_price`` are market prices,
        ``entry_fill`` and ``exit_fill`` include slippage; ``return`` is net of all costs, a fraction of
        the money put in; ``sessions_held`` counts from the signal; ``size`` is in units of the instrument,
        ``fees`` and ``pnl`` in units of ``initial_cash``.
    equity : date, strategy, buy_and_hold, unfiltered, random_median, random_low, random_high (null
        without random draws), exposure (share of the strategy's account in positions at that close).
    thresholds : the threshold curve and the decision curves (:mod:`engine.backtest.chance.thresholds`); no rows without them.
    metrics : JSON-able, units in keys, None where a figure is not defined.
    """

    trades: pd.DataFrame
    equity: pd.DataFrame
    thresholds: pd.DataFrame
    metrics: dict[str, Any]


def backtest(
    bars_by_symbol: Mapping[str, BarSeries],
    replay: pd.DataFrame,
    forecasts: pd.DataFrame,
    config: Config,
    *,
    crew: Crew | None = None,
) -> BacktestResult:
    """Trade out-of-sample forecasts; see the module docstring for what is compared.

    Parameters
    ----------
    bars_by_symbol : bars of each instrument, in the order of the config.
    replay : columns instrument, date, floor, target_low; NaN where there is no setup.
    forecasts : columns instrument, date, horizon_sessions, fold, p_continuation; rows without a fold or
        without a probability are not traded.
    crew : trades the accounts; None: this process.

    Raises
    ------
    InputError
        ``backtest.no_forecasts`` where no instrument has an out-of-sample forecast; and see
        :func:`engine.backtest.inputs.tradable`.
    """
    horizon = traded_horizon(config)
    warnings: list[str] = []
    setups: list[Tradable] = []
    own_replay = _by_instrument(replay[replay.columns.intersection(list(_SETUP))])
    own_forecasts = _by_instrument(forecasts[forecasts.columns.intersection(list(TRADED_COLUMNS))])
    for symbol, bars in bars_by_symbol.items():
        setup = tradable(
            bars, own_replay.pop(symbol, replay[:0]), own_forecasts.pop(symbol, forecasts[:0]), horizon
        )
        if setup is None:
            warnings.append(f"{symbol}: no out-of-sample forecast for {horizon} sessions; not traded")
        else:
            setups.append(setup)
    if not setups:
        raise InputError(
            "backtest.no_forecasts",
            f"no out-of-sample forecast for {horizon} sessions in any of {', '.join(bars_by_symbol)}",
            "give a longer history or a smaller forecast.min_train_sessions",
        )
    plans = [plan(setup, config, horizon) for setup in setups]
    accounts = accounts_of(plans, config)
    # importing the accounting costs a worker seconds: it must have a few instruments to trade
    spread = crew is not None and len(accounts) >= _WORTH_A_WORKER * crew.workers
    names = ["-".join(p.setup.bars.symbol for p in group) for group, _ in accounts]
    together = Accounts.empty(plans, config)
    traded: list[Traded] = []
    for t in (crew if crew is not None and spread else Alone()).map(
        partial(trade_account, config), accounts, names
    ):
        together.add(t)
        traded.append(
            replace(t, draws=t.draws[:0])
        )  # hundreds of accounts an instrument: only their sum is kept
    trades = trades_frame(traded)
    year = sessions_per_year(sessions_per_week(together.dates))
    thresholds, curve = threshold_curve(traded, config, horizon, year)
    metrics = _metrics(traded, trades, together, config, year)
    metrics |= {
        "horizon_sessions": horizon,
        "entry_threshold": config.backtest.entry_threshold,
        "fee_bps": config.backtest.fee_bps,
        "slippage_bps": config.backtest.slippage_bps,
        "initial_cash": config.backtest.initial_cash,
        "settings": _settings(config),
        "first_date": str(together.dates[0]),
        "last_date": str(together.dates[-1]),
        "sessions": len(together.dates),
        "sessions_per_year": year,
        "intervals": account_intervals(together.curves, config, horizon, year),
        "months": month_table(together.dates, together.curves[:, 0]),
        "threshold_curve": curve,
        "warnings": warnings + [w for t in traded for w in _warnings(t, config)],
    }
    return BacktestResult(
        trades=trades, equity=equity_frame(together, config), thresholds=thresholds, metrics=metrics
    )


@with_plugins
def traded(
    config: Config, given: tuple[Mapping[str, BarSeries], pd.DataFrame, pd.DataFrame]
) -> BacktestResult:
    """:func:`backtest` of bars, replay and forecasts in this process, as one piece of work."""
    return backtest(*given, config)


def _by_instrument(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Taken apart once: looking every symbol up among all rows would grow with the square of the instruments."""
    return {str(symbol): rows for symbol, rows in frame.groupby("instrument", sort=False)}


def _settings(config: Config) -> dict[str, Any]:
    """What decides on trades, beside the figures that stand on their own."""
    names = (
        "entry", "sides", "exit_on_turn", "sizing", "fraction", "positions", "cash", "max_leverage", "instrument_cap",
        "family_cap", "funding_percent", "borrow_percent",
    )  # fmt: skip
    own = {
        "probability": "entry_threshold",
        "expected_value": "entry_edge_bps",
        "over_filtered_history": "entry_lead",
    }
    found = {name: getattr(config.backtest, name) for name in names}
    found["threshold"] = getattr(config.backtest, own.get(config.backtest.entry, "entry_threshold"))
    found["lower_bound"] = config.backtest.entry_lower_bound and config.backtest.entry == "expected_value"
    return found


def _metrics(
    traded: list[Traded], trades: pd.DataFrame, accounts: Accounts, config: Config, year: int
) -> dict[str, Any]:
    curves, invested, draws = accounts.curves, accounts.invested, accounts.draws
    metrics: dict[str, Any] = {
        "strategy": strategy_figures(traded, trades, accounts, config, year),
        "buy_and_hold": equity_metrics(curves[:, 1], invested[:, 1], year),
        "unfiltered": equity_metrics(curves[:, 2], invested[:, 2], year)
        | {"trades": sum(sum(t.unfiltered) for t in traded)},
        "random_entries": _random_metrics(draws, float(curves[-1, 0]), year),
        "instruments": {},
    }
    own = _by_instrument(trades)
    for t in traded:
        if len(t.plans) > 1:
            for p, count in zip(t.plans, t.unfiltered, strict=True):
                metrics["instruments"][p.setup.bars.symbol] = _share_metrics(trades, p, count)
            continue
        symbol = t.plans[0].setup.bars.symbol
        mine = own.get(symbol, trades[:0])
        metrics["instruments"][symbol] = {
            "strategy": figures_of(mine, t.equity[:, 0], t.invested[:, 0], year),
            "buy_and_hold": equity_metrics(t.equity[:, 1], t.invested[:, 1], year),
            "unfiltered": equity_metrics(t.equity[:, 2], t.invested[:, 2], year),
        }
    return metrics


def _share_metrics(trades: pd.DataFrame, p: Plan, unfiltered: int) -> dict[str, Any]:
    """What one instrument did inside a shared account, which has one curve only."""
    mine = trades[trades["instrument"] == p.setup.bars.symbol]
    net = mine["return"].to_numpy()
    return {
        "strategy": {
            "trades": len(mine),
            "pnl": float(mine["pnl"].sum()),
            "win_rate_percent": 100.0 * float(np.mean(net > 0)) if len(net) else None,
            "average_trade_bps": 1e4 * float(np.mean(net)) if len(net) else None,
        },
        "unfiltered": {"trades": unfiltered},
    }


def _random_metrics(draws: np.ndarray, final: float, year: int) -> dict[str, Any]:
    """Medians over the draws (sessions, draws), each figure by itself, and how often a draw ends at ``final`` or above."""
    count = draws.shape[1]
    figures = [equity_metrics(draws[:, d], year=year) for d in range(count)]
    medians: dict[str, Any] = {}
    for key in equity_metrics(np.ones(2), year=year):
        values = [figure[key] for figure in figures]
        known = [value for value in values if value is not None]
        medians[f"median_{key}"] = float(np.median(known)) if known else None
    # the strategy counts as one of the draws, so the value is never 0 (Phipson and Smyth 2010)
    p_value = float((1 + np.sum(draws[-1] >= final)) / (1 + count)) if count else None
    return {"draws": count, "p_value": p_value, **medians}


def _stretches(bars: BarSeries) -> str:
    found = runs(~bars.opens_traded)
    return ", ".join(f"{bars.dates[start]} to {bars.dates[stop - 1]}" for start, stop in found)


def _warnings(traded: Traded, config: Config) -> list[str]:
    found = []
    for p, m in zip(traded.plans, traded.made, strict=True):
        symbol, late = p.setup.bars.symbol, int(m.fills.entry_at_close.sum())
        if late:
            found.append(
                f"{symbol}: {late} of {len(m.fills)} entries are filled at the close of the next session, because the"
                f" opens of {_stretches(p.setup.bars)} are not traded prices"
            )
        if len(m.fills) == 0:
            found.append(f"{symbol}: no trade; {_why_none(p, config)}")
        if p.unsized:
            found.append(
                f"{symbol}: {p.unsized} entries asked for, but {config.backtest.sizing} gave them no size"
            )
        if p.refused:
            found.append(
                f"{symbol}: {p.refused} short entries asked for, but the instrument is marked long_only"
            )
    if traded.spent is not None:
        names = ", ".join(p.setup.bars.symbol for p in traded.plans)
        found.append(
            f"{names}: losses and costs had spent the account on {traded.spent}; "
            f"{traded.not_made} later entries were not made"
        )
    return found


def _why_none(p: Plan, config: Config) -> str:
    settings = _settings(config)
    if config.backtest.entry == "probability" and p.sides == (LONG,):
        highest = float(np.nanmax(p.setup.p_continuation))
        return f"the highest p_continuation is {highest:.3f}, the entry threshold {config.backtest.entry_threshold:g}"
    finite = p.score[np.isfinite(p.score)]
    if not len(finite):
        return f"{settings['entry']} has no value on any date"
    return f"the highest {settings['entry']} is {finite.max():.4g}, its threshold {settings['threshold']:g}"
