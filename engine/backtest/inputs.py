"""What the backtest needs of one instrument, taken from the replay and the forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.errors import InputError
from engine.scenarios import BREAKDOWN, CONTINUATION, SCENARIOS


@dataclass(frozen=True, slots=True, eq=False)
class Tradable:
    """One instrument, ready to be traded; arrays have one value per bar.

    Attributes
    ----------
    bars : n bars.
    floor, target : (n,) the setup of each date, NaN where there is none.
    table : (n, 3) out-of-sample probabilities for the traded horizon, in the order of ``SCENARIOS``; NaN where there
        are none.
    filtered_history : (n, 3) the same of filtered historical simulation.
    sigma : (n,) daily volatility known at each close, NaN where it is not given.
    outcome : (n,) int8 position in ``SCENARIOS`` of what came within the horizon, -1 where not resolved.  For scoring
        only: nothing that decides on a trade reads it.
    start : index of the first bar with a forecast; the account opens at its close.
    """

    bars: BarSeries
    floor: np.ndarray
    target: np.ndarray
    table: np.ndarray
    filtered_history: np.ndarray
    sigma: np.ndarray
    outcome: np.ndarray
    start: int

    @property
    def p_continuation(self) -> np.ndarray:
        """(n,) probability of continuation."""
        return self.table[:, CONTINUATION]

    @property
    def p_breakdown(self) -> np.ndarray:
        """(n,) probability of breakdown."""
        return self.table[:, BREAKDOWN]

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
    floor, target, sigma = (np.full(n, np.nan) for _ in range(3))
    at = _positions(bars, setups["date"], "replay")
    floor[at] = setups["floor"].to_numpy(dtype=np.float64)
    target[at] = setups["target_low"].to_numpy(dtype=np.float64)
    if "sigma" in setups:
        sigma[at] = setups["sigma"].to_numpy(dtype=np.float64)
    at = _positions(bars, rows["date"], "forecasts")
    table, simulated = (_table(rows, at, n, source) for source in ("p", "filtered_history"))
    outcome = np.full(n, -1, dtype=np.int8)
    if "outcome" in rows:
        outcome[at] = pd.Index(SCENARIOS).get_indexer(pd.Index(rows["outcome"]))
    known = np.flatnonzero(np.isfinite(table[:, CONTINUATION]))
    if len(known) == 0:
        return None
    return Tradable(
        bars=bars,
        floor=floor,
        target=target,
        table=table,
        filtered_history=simulated,
        sigma=sigma,
        outcome=outcome,
        start=int(known[0]),
    )


def _table(rows: pd.DataFrame, at: np.ndarray, n: int, source: str) -> np.ndarray:
    """(n, 3) probabilities of one forecaster; NaN in columns that the frame does not have."""
    table = np.full((n, len(SCENARIOS)), np.nan)
    for code, scenario in enumerate(SCENARIOS):
        if f"{source}_{scenario}" in rows:
            table[at, code] = rows[f"{source}_{scenario}"].to_numpy(dtype=np.float64)
    return table


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
