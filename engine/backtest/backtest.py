"""Trade the forecasts, and compare with doing something simpler.

The rules of a trade are in :mod:`engine.backtest.fills`, the accounting in :mod:`engine.backtest.account`.
Each instrument trades an equal share of the initial cash by itself; nothing moves between instruments.
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

from engine.backtest.account import TRADE_FIELDS
from engine.backtest.fills import EXIT_REASONS
from engine.backtest.inputs import Tradable, tradable
from engine.backtest.performance import equity_metrics, session_returns, trade_metrics
from engine.backtest.sharpe import Search, deflated_sharpe
from engine.backtest.trading import Traded, account_of, asked, fill, trade
from engine.bars.series import BarSeries
from engine.bars.stretches import runs
from engine.config import Config
from engine.errors import InputError
from engine.parallel import Alone, Crew
from engine.year import sessions_per_week, sessions_per_year

_WORTH_A_WORKER = 4
_ASKED = ["instrument", "date", "horizon_sessions", "fold", "p_continuation"]
CURVES = ("strategy", "buy_and_hold", "unfiltered")


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """What trading on the forecasts would have earned.

    Attributes
    ----------
    trades : one row per trade, oldest first.  ``entry_price`` and ``exit_price`` are market prices,
        ``entry_fill`` and ``exit_fill`` include slippage; ``return`` is net of all costs, a fraction of
        the money put in; ``sessions_held`` counts from the signal; ``size`` is in units of the instrument,
        ``fees`` and ``pnl`` in units of ``initial_cash``.
    equity : date, strategy, buy_and_hold, unfiltered, random_median, random_low, random_high (null
        without random draws), exposure (share of the strategy's account invested at that close).
    metrics : JSON-able, units in keys, None where a figure is not defined.
    """

    trades: pd.DataFrame
    equity: pd.DataFrame
    metrics: dict[str, Any]


def traded_horizon(config: Config) -> int:
    """The horizon whose forecasts are traded: ``backtest.horizon_sessions`` or the longest."""
    return config.backtest.horizon_sessions or config.horizons[-1]


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
    crew : trades the instruments; None: this process.

    Raises
    ------
    InputError
        ``backtest.no_forecasts`` where no instrument has an out-of-sample forecast; and see
        :func:`engine.backtest.inputs.tradable`.
    """
    horizon = traded_horizon(config)
    warnings: list[str] = []
    setups: list[Tradable] = []
    own_replay = _by_instrument(replay[["instrument", "date", "floor", "target_low"]])
    own_forecasts = _by_instrument(forecasts[forecasts.columns.intersection(_ASKED)])
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
    cash = config.backtest.initial_cash / len(setups)
    one = partial(_trade, config, horizon, cash)
    # importing the accounting costs a worker seconds: it must have a few instruments to trade
    spread = crew is not None and len(setups) >= _WORTH_A_WORKER * crew.workers
    dates = np.unique(np.concatenate([s.bars.dates[s.start :] for s in setups]))
    curves: Any = 0
    invested: Any = 0
    draws: Any = 0
    traded: list[Traded] = []
    for t in (crew if crew is not None and spread else Alone()).map(one, setups, bars_by_symbol):
        curves = curves + _on_dates(t, t.account.equity, dates, cash)
        invested = invested + _on_dates(t, t.account.invested, dates, 0.0)
        draws = draws + _on_dates(t, t.draws, dates, cash)
        traded.append(
            replace(t, draws=t.draws[:0])
        )  # hundreds of accounts an instrument: only their sum is kept
    trades = _trades_frame(traded)
    equity = _equity_frame(dates, curves, invested, draws, config)
    made = Search(config.backtest.trials, config.backtest.trials_sharpe_variance)
    year = sessions_per_year(sessions_per_week(dates))
    metrics = _metrics(traded, trades, (curves, invested, draws), made, year)
    metrics |= {
        "horizon_sessions": horizon,
        "entry_threshold": config.backtest.entry_threshold,
        "fee_bps": config.backtest.fee_bps,
        "slippage_bps": config.backtest.slippage_bps,
        "initial_cash": config.backtest.initial_cash,
        "first_date": str(dates[0]),
        "last_date": str(dates[-1]),
        "sessions": len(dates),
        "sessions_per_year": year,
        "warnings": warnings + [w for t in traded for w in _warnings(t, config)],
    }
    return BacktestResult(trades=trades, equity=equity, metrics=metrics)


def _trade(config: Config, horizon: int, cash: float, setup: Tradable) -> Traded:
    return trade(setup, config, horizon, cash)


def _by_instrument(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Taken apart once: looking every symbol up among all rows would grow with the square of the instruments."""
    return {str(symbol): rows for symbol, rows in frame.groupby("instrument", sort=False)}


def strategy_equity(
    bars_by_symbol: Mapping[str, BarSeries], replay: pd.DataFrame, forecasts: pd.DataFrame, config: Config
) -> np.ndarray:
    """(sessions,) the strategy's equity curve alone: what tuning needs of a backtest, many times over.

    Equal to the column ``strategy`` of :func:`backtest`.
    """
    horizon = traded_horizon(config)
    found = [tradable(bars, replay, forecasts, horizon) for bars in bars_by_symbol.values()]
    setups = [setup for setup in found if setup is not None]
    if not setups:
        raise InputError("backtest.no_forecasts", f"no out-of-sample forecast for {horizon} sessions", "")
    cash = config.backtest.initial_cash / len(setups)
    dates = np.unique(np.concatenate([s.bars.dates[s.start :] for s in setups]))
    total = np.zeros(len(dates))
    for setup in setups:
        fills = fill(setup, asked(setup, config), config, horizon)
        account = account_of(setup, [fills], config, cash, detail=False)
        total += _align(setup, account.equity, dates, cash)[:, 0]
    return total


def _align(setup: Tradable, values: np.ndarray, dates: np.ndarray, before: float) -> np.ndarray:
    """Values on other dates: the last one known, or ``before`` where the account is not open yet."""
    own = setup.bars.dates[setup.start :]
    at = np.searchsorted(own, dates, side="right") - 1
    aligned = values[np.maximum(at, 0)]
    aligned[at < 0] = before
    return aligned


def _on_dates(traded: Traded, values: np.ndarray, dates: np.ndarray, before: float) -> np.ndarray:
    return _align(traded.setup, values, dates, before)


def _trades_frame(traded: list[Traded]) -> pd.DataFrame:
    parts = []
    for order, t in enumerate(traded):
        bars, fills, booked = t.setup.bars, t.fills[0], t.account.trades[0]
        days = bars.dates.astype("datetime64[us]")
        part = pd.DataFrame(
            {
                "instrument": pd.Series([bars.symbol] * len(fills), dtype="str"),
                "signal_date": days[fills.signal],
                "entry_date": days[fills.entry],
                "entry_price": fills.entry_price,
                "exit_date": days[fills.exit],
                "exit_price": fills.exit_price,
                "exit_reason": pd.Series([EXIT_REASONS[code] for code in fills.reason], dtype="str"),
                "sessions_held": fills.exit - fills.signal,
                "p_continuation": t.setup.p_continuation[fills.signal],
                "floor": t.setup.floor[fills.signal],
                "target": t.setup.target[fills.signal],
                "entry_at_close": fills.entry_at_close,
                **{name: booked[name] for name in TRADE_FIELDS.names or ()},
                "_order": order,
            }
        )
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True).sort_values(["signal_date", "_order"], kind="stable")
    return frame.drop(columns="_order").reset_index(drop=True)


def _equity_frame(
    dates: np.ndarray, curves: np.ndarray, invested: np.ndarray, draws: np.ndarray, config: Config
) -> pd.DataFrame:
    frame = pd.DataFrame({"date": dates.astype("datetime64[us]")})
    for column, name in enumerate(CURVES):
        frame[name] = curves[:, column]
    tail = (1.0 - config.verify.interval) / 2.0
    # whole order statistics, not interpolated ones: bit-identical on every machine
    levels = {"random_median": 0.5, "random_low": tail, "random_high": 1.0 - tail}
    ranked = np.sort(draws, axis=1)
    for name, level in levels.items():
        rank = int(np.floor(level * max(draws.shape[1] - 1, 0) + 0.5))
        frame[name] = ranked[:, rank] if draws.shape[1] else np.full(len(dates), np.nan)
    frame["exposure"] = invested[:, 0] / curves[:, 0]
    return frame


def _metrics(
    traded: list[Traded],
    trades: pd.DataFrame,
    accounts: tuple[np.ndarray, np.ndarray, np.ndarray],
    search: Search,
    year: int,
) -> dict[str, Any]:
    curves, invested, draws = accounts
    strategy = _strategy_metrics(trades, curves[:, 0], invested[:, 0], year)
    strategy["cancelled_entries"] = sum(t.fills[0].cancelled for t in traded)
    strategy["entries_filled_at_close"] = int(trades["entry_at_close"].sum())
    strategy["deflated_sharpe"] = _deflated(curves[:, 0], search, year)
    metrics: dict[str, Any] = {
        "strategy": strategy,
        "buy_and_hold": equity_metrics(curves[:, 1], invested[:, 1], year),
        "unfiltered": equity_metrics(curves[:, 2], invested[:, 2], year)
        | {"trades": sum(len(t.fills[2]) for t in traded)},
        "random_entries": _random_metrics(draws, float(curves[-1, 0]), year),
        "instruments": {},
    }
    own = _by_instrument(trades)
    for t in traded:
        mine = own.get(t.setup.bars.symbol, trades[:0])
        metrics["instruments"][t.setup.bars.symbol] = {
            "strategy": _strategy_metrics(mine, t.account.equity[:, 0], t.account.invested[:, 0], year),
            "buy_and_hold": equity_metrics(t.account.equity[:, 1], t.account.invested[:, 1], year),
            "unfiltered": equity_metrics(t.account.equity[:, 2], t.account.invested[:, 2], year),
        }
    return metrics


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


def _strategy_metrics(
    trades: pd.DataFrame, equity: np.ndarray, invested: np.ndarray, year: int
) -> dict[str, Any]:
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


def _stretches(bars: BarSeries) -> str:
    found = runs(~bars.opens_traded)
    return ", ".join(f"{bars.dates[start]} to {bars.dates[stop - 1]}" for start, stop in found)


def _warnings(traded: Traded, config: Config) -> list[str]:
    symbol, strategy = traded.setup.bars.symbol, traded.fills[0]
    found = []
    late = int(strategy.entry_at_close.sum())
    if late:
        found.append(
            f"{symbol}: {late} of {len(strategy)} entries are filled at the close of the next session, because the"
            f" opens of {_stretches(traded.setup.bars)} are not traded prices"
        )
    if len(strategy) == 0:
        highest = float(np.nanmax(traded.setup.p_continuation))
        found.append(
            f"{symbol}: no trade; the highest p_continuation is {highest:.3f},"
            f" the entry threshold {config.backtest.entry_threshold:g}"
        )
    return found
