"""What is measured at one point, each figure with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.chance.resample import DEVIATION, DRAWDOWN, FLAT, GROWTH, MEAN, resampled_figures
from engine.backtest.performance import (
    annual_return_percent,
    certainty_equivalent_percent,
    max_drawdown_percent,
    session_returns,
    sharpe_ratio,
)
from engine.backtest.strategy import setups_of, strategy_of, traded_horizon
from engine.config import Config
from engine.errors import InputError
from engine.kernels.blocks import resampled_positions
from engine.kernels.streams import luck_lots
from engine.stages import Stages
from engine.tune.skill import BLOCK_HORIZONS
from engine.verify.rows import columns_of, outcome_codes
from engine.verify.skill.ratio_interval import ratio_intervals
from engine.verify.skill.scores import score_table

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
    horizon = traded_horizon(config)
    try:
        setups = setups_of(stages.bars, stages.replay_frame(config), forecasts, horizon)
    except InputError:  # no forecast of the traded horizon
        return []
    made = strategy_of(setups, config)
    equity, year, aversion = made.equity, made.year, config.tune.risk_aversion
    returns, trades = session_returns(equity), int(made.metrics["trades"])
    drawn = _figures(returns, year, aversion, config.seed)
    tail = (1.0 - config.verify.interval) / 2.0
    values = {
        "annual_return_percent": annual_return_percent(equity, year),
        "sharpe": sharpe_ratio(returns, year),
        "max_drawdown_percent": max_drawdown_percent(equity),
        "certainty_equivalent_percent": certainty_equivalent_percent(equity, aversion, year),
    }
    found = []
    for name, value in values.items():
        known = drawn[name][np.isfinite(drawn[name])]
        ends = (
            tuple(np.quantile(known, [tail, 1.0 - tail])) if len(known) > RESAMPLED / 2 else (np.nan, np.nan)
        )
        found.append(_measured(name, horizon, np.nan if value is None else value, ends, trades))
    for name in ("trades", "win_rate_percent", "exposure_percent"):
        value = made.metrics.get(name)
        found.append(_measured(name, horizon, np.nan if value is None else value, (np.nan, np.nan), trades))
    return found


def _figures(returns: np.ndarray, year: int, aversion: float, seed: int) -> dict[str, np.ndarray]:
    """Each figure of trading in ``RESAMPLED`` accounts; NaN where it is not defined."""
    n = len(returns)
    draws = _positions(n, seed) if n >= 2 * _BLOCK else np.empty((0, n), dtype=np.int64)
    figures = resampled_figures(returns[:, None], draws)[:, 0]
    growth, mean, deviation = figures[:, GROWTH], figures[:, MEAN], figures[:, DEVIATION]
    varies = deviation > FLAT
    ratio = np.where(varies, mean / np.where(varies, deviation, 1.0) * np.sqrt(year), np.nan)
    return {
        "annual_return_percent": 100.0 * (growth ** (year / n) - 1.0),
        "sharpe": ratio,
        "max_drawdown_percent": 100.0 * figures[:, DRAWDOWN],
        "certainty_equivalent_percent": 100.0 * year * (mean - 0.5 * aversion * deviation**2),
    }


@lru_cache(maxsize=4)
def _positions(n: int, seed: int) -> np.ndarray:
    rng = luck_lots(seed)
    return np.array([resampled_positions(0, n, _BLOCK, rng) for _ in range(RESAMPLED)])


def _measured(name: str, horizon: int, value: float, ends: tuple[float, float], rows: int) -> Measured:
    low, high = (None if not np.isfinite(end) else float(end) for end in ends)
    return Measured(name, horizon, float(value) if np.isfinite(value) else None, low, high, rows)
