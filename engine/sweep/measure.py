"""What is measured at one point, each figure with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.backtest import backtest, traded_horizon
from engine.backtest.performance import (
    annual_return_percent,
    certainty_equivalent_percent,
    max_drawdown_percent,
    session_returns,
    sharpe_ratio,
)
from engine.config import Config, with_overrides
from engine.errors import InputError
from engine.kernels.blocks import resampled_positions
from engine.kernels.streams import luck_lots
from engine.stages import Stages
from engine.tune.skill import BLOCK_HORIZONS
from engine.verify.rows import columns_of, outcome_codes
from engine.verify.skill.ratio_interval import ratio_intervals
from engine.verify.skill.scores import score_table
from engine.year import sessions_per_week, sessions_per_year

RESAMPLED = 200  # accounts behind the interval of a figure of trading
_BLOCK = 20  # sessions: about a month, longer than a trade is held
_SKILLS = ("log_loss_skill", "brier_skill", "rps_skill")


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure: ``horizon`` is 0 where it is of no horizon; None where a value or an end is not defined."""

    metric: str
    horizon: int
    value: float | None
    low: float | None
    high: float | None
    rows: int

    def as_list(self) -> list[Any]:
        """For a file of lines."""
        return [self.metric, self.horizon, self.value, self.low, self.high, self.rows]


def of_forecasts(forecasts: pd.DataFrame, config: Config) -> list[Measured]:
    """Log loss, and skill over filtered_history in three scores, of each horizon."""
    found = []
    for horizon in config.horizons:
        rows = forecasts[forecasts["horizon_sessions"] == horizon]
        codes = outcome_codes(rows["outcome"])
        tables = [rows[columns_of(name)].to_numpy(np.float64) for name in ("model", "filtered_history")]
        used = (codes >= 0) & np.isfinite(tables[0][:, 0]) & np.isfinite(tables[1][:, 0])
        n = int(used.sum())
        if not n:
            continue
        scores = [score_table(table[used], codes[used]) for table in tables]
        _, date = np.unique(rows["date"].to_numpy()[used], return_inverse=True)
        columns = np.column_stack([*scores, np.ones(n)])
        by_date = np.column_stack([np.bincount(date, weights=column) for column in columns.T])
        interval = ratio_intervals(by_date, float(BLOCK_HORIZONS * horizon), coverage=config.verify.interval)
        low, high = (1.0 - end for end in reversed(interval(0, columns.shape[1] - 1)))
        found.append(_measured("log_loss_nats", horizon, float(scores[0][:, 0].mean()), (low, high), n))
        for j, name in enumerate(_SKILLS):
            value = 1.0 - float(scores[0][:, j].sum() / scores[1][:, j].sum())
            found.append(_measured(name, horizon, value, interval(j, j + len(_SKILLS)), n))
    return found


def of_trading(stages: Stages, forecasts: pd.DataFrame, config: Config) -> list[Measured]:
    """The strategy's account; intervals from accounts whose sessions are resampled in blocks of a month."""
    quiet = {
        f"backtest.{name}": 0
        for name in ("random_entries", "curve_draws")
        if name in type(config.backtest).model_fields
    }
    try:
        traded = backtest(stages.bars, stages.replay_frame(config), forecasts, with_overrides(config, quiet))
    except InputError:  # no forecast of the traded horizon
        return []
    equity = traded.equity["strategy"].to_numpy(np.float64)
    dates = traded.equity["date"].to_numpy().astype("datetime64[D]")
    year = sessions_per_year(sessions_per_week(dates))
    aversion = config.tune.risk_aversion
    drawn = _accounts(equity, config.seed)
    tail = (1.0 - config.verify.interval) / 2.0
    horizon, trades = traded_horizon(config), int(traded.metrics["strategy"]["trades"])
    found = []
    for name, figure in (
        ("annual_return_percent", lambda account: annual_return_percent(account, year)),
        ("sharpe", lambda account: sharpe_ratio(session_returns(account), year)),
        ("max_drawdown_percent", max_drawdown_percent),
        (
            "certainty_equivalent_percent",
            lambda account: certainty_equivalent_percent(account, aversion, year),
        ),
    ):
        values = [value for value in map(figure, drawn) if value is not None]
        ends = (
            tuple(np.quantile(values, [tail, 1.0 - tail]))
            if len(values) > RESAMPLED / 2
            else (np.nan, np.nan)
        )
        value = figure(equity)
        found.append(_measured(name, horizon, np.nan if value is None else value, ends, trades))
    for name in ("trades", "win_rate_percent", "exposure_percent"):
        value = traded.metrics["strategy"].get(name)
        found.append(_measured(name, horizon, np.nan if value is None else value, (np.nan, np.nan), trades))
    return found


def _accounts(equity: np.ndarray, seed: int) -> np.ndarray:
    returns = session_returns(equity)
    if len(returns) < 2 * _BLOCK:
        return np.empty((0, len(equity)))
    growth = np.cumprod(1.0 + returns[_positions(len(returns), seed)], axis=1)
    return np.column_stack([np.ones(len(growth)), growth])


@lru_cache(maxsize=4)
def _positions(n: int, seed: int) -> np.ndarray:
    rng = luck_lots(seed)
    return np.array([resampled_positions(0, n, _BLOCK, rng) for _ in range(RESAMPLED)])


def _measured(name: str, horizon: int, value: float, ends: tuple[float, float], rows: int) -> Measured:
    low, high = (None if not np.isfinite(end) else float(end) for end in ends)
    return Measured(name, horizon, float(value) if np.isfinite(value) else None, low, high, rows)
