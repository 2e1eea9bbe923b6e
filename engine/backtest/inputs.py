"""What the backtest needs of one instrument, taken from the replay and the forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Tradable:
    """One instrument, ready to be traded; arrays have one value per bar.

    Attributes
    ----------
    bars : n bars.
    floor, target : (n,) the setup of each date, NaN where there is none.
    p_continuation : (n,) out-of-sample probability for the traded horizon, NaN where there is none.
    start : index of the first bar with a forecast; the account opens at its close.
    """

    bars: BarSeries
    floor: np.ndarray
    target: np.ndarray
    p_continuation: np.ndarray
    start: int

    @property
    def eligible(self) -> np.ndarray:
        """(n,) bool, True where a setup and an out-of-sample forecast exist."""
        return np.isfinite(self.floor) & np.isfinite(self.target) & np.isfinite(self.p_continuation)


def tradable(
    bars: BarSeries, replay: pd.DataFrame, forecasts: pd.DataFrame, horizon_sessions: int
) -> Tradable | None:
    """Line up one instrument's bars, setups and out-of-sample forecasts; None where it has no forecast.

    Rows of a forecast without a fold (null or negative) were made in sample and are not traded.

    Raises
    ------
    InputError
        ``backtest.unknown_date`` (a row on a date without a bar) or ``backtest.duplicate_date``.
    """
    n = len(bars)
    setups = replay[replay["instrument"] == bars.symbol]
    rows = forecasts[
        (forecasts["instrument"] == bars.symbol) & (forecasts["horizon_sessions"] == horizon_sessions)
    ]
    if "fold" in rows:
        rows = rows[rows["fold"].notna() & (rows["fold"] >= 0)]
    floor, target, probability = (np.full(n, np.nan) for _ in range(3))
    at = _positions(bars, setups["date"], "replay")
    floor[at] = setups["floor"].to_numpy(dtype=np.float64)
    target[at] = setups["target_low"].to_numpy(dtype=np.float64)
    at = _positions(bars, rows["date"], "forecasts")
    probability[at] = rows["p_continuation"].to_numpy(dtype=np.float64)
    known = np.flatnonzero(np.isfinite(probability))
    if len(known) == 0:
        return None
    return Tradable(bars=bars, floor=floor, target=target, p_continuation=probability, start=int(known[0]))


def _positions(bars: BarSeries, dates: pd.Series, what: str) -> np.ndarray:
    days = dates.to_numpy().astype("datetime64[D]")
    at = np.searchsorted(bars.dates, days)
    missing = (at == len(bars)) | (bars.dates[np.minimum(at, len(bars) - 1)] != days)
    if missing.any():
        raise InputError(
            "backtest.unknown_date",
            f"{bars.symbol}: the {what} have a row on {days[int(np.argmax(missing))]}, which has no bar",
            "pass the bars that the replay and the forecasts were made from",
        )
    if len(np.unique(at)) != len(at):
        raise InputError(
            "backtest.duplicate_date",
            f"{bars.symbol}: the {what} have two rows on one date",
            "pass one row per instrument and date (and horizon)",
        )
    return at
