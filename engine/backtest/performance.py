"""Figures of an equity curve and of a list of trades; returns are per session.

A year has as many sessions as its market: 252, or 365 where it trades every day (:mod:`engine.year`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.year import YEAR


def session_returns(equity: np.ndarray) -> np.ndarray:
    """Simple returns between consecutive closes; (n,) equity gives (n - 1,) returns.

    0 from the first close on at which there is nothing left, or less (only short positions can lose more than there is).
    """
    before = equity[:-1]
    if before.min(initial=1.0) > 0:
        return equity[1:] / before - 1.0
    alive = np.cumprod(before > 0) > 0
    return np.where(alive, equity[1:] / np.where(alive, before, 1.0) - 1.0, 0.0)


def sharpe_ratio(returns: np.ndarray, year: int = YEAR) -> float | None:
    """Mean over standard deviation (ddof 1) of session returns, times the root of the year's sessions; cash earns nothing.

    None where there are fewer than two returns or they do not vary (an account that never traded).
    """
    if len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    # equal returns leave a rounding residue, which would pass for a huge ratio
    if deviation <= 1e-12:
        return None
    return float(np.mean(returns)) / deviation * float(np.sqrt(year))


def max_drawdown_percent(equity: np.ndarray) -> float:
    """Deepest fall from a previous peak, in percent of that peak; 0 or negative, below -100 where money is owed."""
    if len(equity) == 0:
        return 0.0
    return 100.0 * float(np.min(equity / np.maximum.accumulate(equity) - 1.0))


def annual_return_percent(equity: np.ndarray, year: int = YEAR) -> float:
    """Compound growth per year of ``year`` sessions, in percent; -100 where the account is lost."""
    if len(equity) < 2:
        return 0.0
    growth = float(equity[-1] / equity[0])
    if growth <= 0.0:
        return -100.0
    return 100.0 * (growth ** (year / (len(equity) - 1)) - 1.0)


def equity_metrics(
    equity: np.ndarray, invested: np.ndarray | None = None, year: int = YEAR
) -> dict[str, float | None]:
    """The figures of one equity curve.

    Parameters
    ----------
    equity : (n,) account value at each close, the first one positive.
    invested : (n,) value of the positions at each close, for ``exposure_percent``.
    year : sessions of a year; the key of the Sharpe ratio names them.
    """
    returns = session_returns(equity)
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    metrics: dict[str, float | None] = {
        "total_return_percent": 100.0 * float(equity[-1] / equity[0] - 1.0),
        "annual_return_percent": annual_return_percent(equity, year),
        "annual_volatility_percent": 100.0 * deviation * float(np.sqrt(year)),
        f"sharpe_{year}": sharpe_ratio(returns, year),
        "max_drawdown_percent": max_drawdown_percent(equity),
    }
    if invested is not None:
        share = np.divide(invested, equity, out=np.zeros(len(equity)), where=equity > 0)
        metrics["exposure_percent"] = 100.0 * float(np.mean(share))
    return metrics


def trade_metrics(
    returns: np.ndarray,
    sessions_held: np.ndarray,
    traded_value: float,
    mean_equity: float,
    sessions: int,
    year: int = YEAR,
) -> dict[str, float | int | None]:
    """The figures of a list of trades; averages over no trades are None.

    Parameters
    ----------
    returns : (trades,) net returns as fractions.
    sessions_held : (trades,) sessions from the signal to the exit.
    traded_value : money bought plus money sold.
    mean_equity, sessions : of the account, for ``turnover_per_year`` = half the traded value over the mean
        equity, per ``year`` sessions.
    """
    count = len(returns)
    gains, losses = float(returns[returns > 0].sum()), float(-returns[returns < 0].sum())
    years = sessions / year
    return {
        "trades": count,
        "win_rate_percent": 100.0 * float(np.mean(returns > 0)) if count else None,
        "average_trade_bps": 1e4 * float(np.mean(returns)) if count else None,
        "best_trade_bps": 1e4 * float(np.max(returns)) if count else None,
        "worst_trade_bps": 1e4 * float(np.min(returns)) if count else None,
        "profit_factor": gains / losses if losses > 0 else None,
        "average_sessions_held": float(np.mean(sessions_held)) if count else None,
        "turnover_per_year": traded_value / 2.0 / mean_equity / years if years > 0 else 0.0,
    }


def certainty_equivalent_percent(equity: np.ndarray, risk_aversion: float, year: int = YEAR) -> float:
    """Yearly return without risk that is worth as much as this equity curve, in percent.

    Power utility to second order: year (mean - risk_aversion / 2 * variance) of session returns (Levy and
    Markowitz, American Economic Review 69(3), 1979).  An account that never trades has 0.
    """
    returns = session_returns(equity)
    if len(returns) < 2:
        return 0.0
    mean, variance = float(np.mean(returns)), float(np.var(returns, ddof=1))
    return 100.0 * year * (mean - 0.5 * risk_aversion * variance)


def month_table(dates: np.ndarray, equity: np.ndarray) -> list[dict[str, Any]]:
    """One row for each year: ``year``, ``months`` (twelve returns in percent, None where there is no session), ``whole``.

    A month is measured from the last close before it, the first one from the first close of the account; the returns of a
    year's months compound to ``whole``.  ``equity`` (n,) is positive on ``dates`` (n,) ``datetime64[D]``; from a value of 0 or
    less on, nothing is measured.
    """
    month = dates.astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.diff(month, append=month[-1] + 1))
    before = np.concatenate([[0], last[:-1]])
    rows: dict[int, dict[str, Any]] = {}
    first: dict[int, int] = {}
    for start, stop in zip(before, last, strict=True):
        year, position = 1970 + int(month[stop]) // 12, int(month[stop]) % 12
        row = rows.setdefault(year, {"year": year, "months": [None] * 12, "whole": None})
        opened = first.setdefault(year, int(start))
        row["months"][position] = _percent(equity[start], equity[stop])
        row["whole"] = _percent(equity[opened], equity[stop])
    return [rows[year] for year in sorted(rows)]


def _percent(start: float, stop: float) -> float | None:
    return 100.0 * float(stop / start - 1.0) if start > 0 else None
