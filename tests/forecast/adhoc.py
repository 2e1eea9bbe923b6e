"""A small stand-in for the replay: levels at fixed distances, a handful of features."""

from __future__ import annotations

import numpy as np

from engine.bars.series import BarSeries
from engine.config import Config, parse_config
from engine.forecast.inputs import ForecastInput, input_of
from engine.rules.indicators import ALL_TIME_HIGH, ATR, RSI, SIGMA, SMA_50, SMA_200, compute_indicators

FEATURES = (
    "rsi_14",
    "distance_50",
    "distance_200",
    "return_5",
    "return_20",
    "return_60",
    "drawdown",
    "never",
)


def adhoc_input(bars: BarSeries, config: Config, atr_away: float = 1.5) -> ForecastInput:
    """Floor and target ``atr_away`` ATR from the close, retest one ATR below the floor."""
    known = compute_indicators(bars)
    close, atr, sigma = bars.close, known[:, ATR], known[:, SIGMA]
    target = close + atr_away * atr
    floor = close - atr_away * atr
    setup = np.column_stack([floor, target, target, target + 0.25 * atr, floor - atr])
    setup[~(sigma > 0) | ~(setup[:, 4] > 0)] = np.nan
    logs = np.log(close)

    def past_return(sessions: int) -> np.ndarray:
        out = np.full(len(bars), np.nan)
        out[sessions:] = (logs[sessions:] - logs[:-sessions]) / (sigma[sessions:] * np.sqrt(sessions))
        return out

    values = {
        "sigma": sigma,
        "rsi_14": known[:, RSI],
        "distance_50": (close - known[:, SMA_50]) / atr,
        "distance_200": (close - known[:, SMA_200]) / atr,
        "return_5": past_return(5),
        "return_20": past_return(20),
        "return_60": past_return(60),
        "drawdown": np.log(close / known[:, ALL_TIME_HIGH]),
        "never": np.full(len(bars), np.nan),
        "bias": np.where(np.isnan(known[:, SMA_50]), np.nan, np.sign(close - known[:, SMA_50])),
        "position": np.where(np.isnan(known[:, SMA_200]), np.nan, (close > known[:, SMA_200]) * 1.0),
    }
    return input_of(bars, values, setup, config)


def adhoc_config(**forecast: object) -> Config:
    """A config with small paths and folds; keys of ``forecast`` are replaced."""
    settings: dict[str, object] = {"min_train_sessions": 700, "refit_sessions": 63, "paths": 200}
    return parse_config(
        {
            "name": "adhoc",
            "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
            "forecast": settings | forecast,
        }
    )
