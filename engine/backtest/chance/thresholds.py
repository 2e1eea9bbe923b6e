"""The threshold curve: what every other threshold would have earned, and how much of its peak is luck.

At each of 100 thresholds, evenly spaced from the lowest to the highest number that the entry rule gave, the strategy is traded as
a whole: same sizes, limits, exits and costs.  Each figure stands between two bands:

low, high             the same account in histories resampled in blocks of at least five horizons;
random_low, _high     accounts with entries at random, at each threshold as often as the strategy asks at it when it is free to.

The best threshold is the one with the highest Sharpe ratio among those with ``FEWEST_TRADES`` trades or more.  A draw of random
entries is traded at all thresholds too, and its own best one taken: ``p_value`` is the share of draws, the strategy counted as
one of them, whose best is at least as good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.cash import AccountRules
from engine.backtest.cash.many import (
    ASKED,
    DEVIATION,
    DRAWDOWN,
    EARNED,
    EXPOSURE,
    FREE,
    GROWTH,
    HITS,
    MEAN,
    TRADES,
    Accounts,
    LoneFigures,
    accounts_of,
    add_accounts,
    curve_figures,
)
from engine.backtest.chance.decision import decision_curves
from engine.backtest.chance.intervals import interval
from engine.backtest.chance.resample import resampled_figures, resampled_positions, resampled_sums
from engine.backtest.comparisons import every_setup, random_candidates
from engine.backtest.frames import on_dates
from engine.backtest.performance import session_returns
from engine.backtest.trading import Traded, rules_of
from engine.config import Config
from engine.kernels.streams import verify_seed
from engine.kernels.threads import in_threads
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON

THRESHOLDS = 100
FEWEST_TRADES = 10
_MOST_ACCOUNTS, _FEWEST_DRAWS = 4_000, 20
_TOGETHER = 1_000  # accounts of random entries whose numbers are held at once
COLUMNS = (
    "curve",
    "threshold",
    "figure",
    "value",
    "low",
    "high",
    "random_low",
    "random_median",
    "random_high",
)


def threshold_curve(
    traded: list[Traded], config: Config, horizon: int, year: int
) -> tuple[pd.DataFrame, dict[str, Any] | None]:
    """The curve as a tidy table, and what its peak is worth.

    Returns
    -------
    frame : ``COLUMNS``, one row for each curve (``account``, and the decision curves of
        :mod:`engine.backtest.chance.decision`), threshold and figure; NaN where a figure is not defined.
    summary : ``best`` (threshold, sharpe, trades; None where no threshold has trades enough), ``p_value``, ``draws``; None where
        ``curve_draws`` is 0 or no number was given to any close.
    """
    draws = config.backtest.curve_draws
    scores = np.concatenate([p.score[p.setup.eligible] for t in traded for p in t.plans])
    scores = scores[np.isfinite(scores)]
    if not draws or not len(scores):
        return pd.DataFrame(columns=list(COLUMNS)), None
    levels = np.linspace(scores.min(), scores.max(), THRESHOLDS)
    dates = np.unique(np.concatenate([t.place.dates for t in traded]))
    cash = [float(t.equity[0, 0]) for t in traded]
    rules = [rules_of(config, money) for money in cash]
    sums = _Sums.empty(len(dates))
    counts = np.stack(
        [_strategy(t, levels, limits, dates, sums) for t, limits in zip(traded, rules, strict=True)]
    )
    measured = _figures(counts.sum(axis=0), curve_figures(sums.equity, sums.gross), len(dates) - 1, year)
    positions = _positions(len(dates) - 1, config, horizon)
    drawn = _resampled(sums, positions, year)
    random = _random(traded, counts, rules, dates, config, year, _draws(traded, draws))
    frame = pd.concat(
        [
            _rows("account", levels, measured, drawn, random, config.verify.interval),
            decision_curves(traded, config, dates, positions),
        ],
        ignore_index=True,
    )
    return frame, _best(levels, measured, random, year)


def _draws(traded: list[Traded], wanted: int) -> int:
    """Draws of random entries: with several instruments no more than so many of them together, and none where that is too few."""
    instruments = sum(len(t.plans) for t in traded)
    affordable = wanted if instruments == 1 else min(wanted, _MOST_ACCOUNTS // instruments)
    return affordable if affordable >= min(wanted, _FEWEST_DRAWS) else 0


def names(year: int) -> tuple[str, ...]:
    """The figures of the account's curve, in order."""
    return (
        "trades",
        "hit_rate_percent",
        "average_trade_bps",
        "annual_return_percent",
        f"sharpe_{year}",
        "max_drawdown_percent",
        "exposure_percent",
    )


def _figures(counts: np.ndarray, curves: np.ndarray, sessions: int, year: int) -> dict[str, np.ndarray]:
    """By name, figures (..., k) from counts (..., k, 5) and curves (..., k, 5); NaN where there is no trade to speak of."""
    trades = counts[..., TRADES]
    some = np.where(trades > 0, trades, np.nan)
    flat = curves[..., DEVIATION] <= 1e-12
    ratio = curves[..., MEAN] / np.where(flat, np.nan, curves[..., DEVIATION]) * np.sqrt(year)
    values = (
        trades,
        100.0 * counts[..., HITS] / some,
        1e4 * counts[..., EARNED] / some,
        100.0 * (curves[..., GROWTH] ** (year / max(sessions, 1)) - 1.0),
        ratio,
        100.0 * curves[..., DRAWDOWN],
        100.0 * curves[..., EXPOSURE],
    )
    return dict(zip(names(year), values, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Over the accounts, on their common dates: values of the accounts and of their positions (k, D) each, and (3, k, D)
    trades, hits and net returns by the date of the signal.  Of an instrument nothing is kept."""

    equity: np.ndarray
    gross: np.ndarray
    by_date: np.ndarray

    @classmethod
    def empty(cls, dates: int) -> _Sums:
        values = (THRESHOLDS, dates)
        return cls(np.zeros(values), np.zeros(values), np.zeros((3, *values)))


def _strategy(
    t: Traded, levels: np.ndarray, limits: AccountRules, dates: np.ndarray, sums: _Sums
) -> np.ndarray:
    """Trade one account at every level and add it to ``sums``; returns its counts (k, 5)."""
    trades = every_setup(t.plans, t.place, sides=False, sized=True)
    keys = np.empty(len(trades))
    for i, p in enumerate(t.plans):
        mine = trades.when[:, 3] == i
        keys[mine] = p.score[trades.bar[mine]]
    found = accounts_of(t.place, trades, keys, levels, limits)
    _add(t, found, dates, sums.equity, sums.gross)
    at = np.searchsorted(dates, t.place.dates)[trades.when[:, 0]]
    made = np.isfinite(found.earned)
    net = np.where(made, found.earned, 0.0)
    for part, values in enumerate((made, net > 0, net)):
        for k in range(len(values)):
            weights = values[k].astype(np.float64)
            sums.by_date[part, k] += np.bincount(at, weights=weights, minlength=len(dates))
    return found.counts


def _add(t: Traded, found: Accounts, dates: np.ndarray, equity: np.ndarray, gross: np.ndarray) -> None:
    """Add an account's values to ``equity`` and ``gross`` (k, D) on the common dates."""
    equity += on_dates(t.place.dates, found.equity.T, dates, found.equity[:, 0]).T
    gross += on_dates(t.place.dates, found.gross.T, dates, 0.0).T


def _positions(sessions: int, config: Config, horizon: int) -> np.ndarray:
    block = min(float(BLOCKS_PER_HORIZON * horizon), float(max(sessions, 1)))
    return resampled_positions(
        max(sessions, 1), block, config.backtest.curve_draws, verify_seed(config.seed, horizon, "returns")
    )


def _resampled(sums: _Sums, positions: np.ndarray, year: int) -> dict[str, np.ndarray]:
    """The figures (draws, k) in resampled histories."""
    equity, gross = sums.equity, sums.gross
    k, sessions = len(equity), positions.shape[1]
    returns = np.stack([session_returns(row) for row in equity], axis=1)
    moments = resampled_figures(returns, positions)
    share = np.divide(gross, equity, out=np.zeros_like(gross), where=equity > 0)
    columns = np.concatenate([*sums.by_date, share])[:, :sessions].T
    found = resampled_sums(columns, positions).reshape(len(positions), 4, k)
    counts = np.stack([found[:, 0], found[:, 1], found[:, 2]], axis=-1)
    curves = np.concatenate([moments, (found[:, 3] / sessions)[..., None]], axis=-1)
    return _figures(counts, curves, sessions, year)


def _random(
    traded: list[Traded],
    counts: np.ndarray,
    rules: list[AccountRules],
    dates: np.ndarray,
    config: Config,
    year: int,
    draws: int,
) -> dict[str, np.ndarray]:
    """The figures (draws, k) of random entries at the rate of each threshold; ``counts`` (accounts, k, 5) of the strategy."""
    trades = [every_setup(t.plans, t.place, sides=True) for t in traded] if draws else []
    rate = counts[..., ASKED] / np.maximum(counts[..., FREE], 1.0)
    level = np.where(rate > 0, 1.0 - rate, np.inf)
    lone = draws and len(traded) == 1 and len(traded[0].plans) == 1 and rules[0].one
    quick = LoneFigures(traded[0].place, trades[0], rules[0]) if lone else None
    found: list[tuple[np.ndarray, np.ndarray]] = []
    together = max(1, _TOGETHER // len(traded))
    for first in range(0, draws, together):
        # of all draws the numbers of all instruments would be a hundred megabytes; drawing them again is cheap
        units = [
            1.0 - random_candidates(t.plans, c, draws, config.seed, use="curve")[first : first + together]
            for t, c in zip(traded, trades, strict=True)
        ]

        def one_draw(draw: int, units: list[np.ndarray] = units) -> tuple[np.ndarray, np.ndarray]:
            if quick is not None:
                return quick(units[0][draw], level[0])
            equity, gross = np.zeros((2, THRESHOLDS, len(dates)))
            total = np.zeros((THRESHOLDS, 5))
            for t, c, u, own, limits in zip(traded, trades, units, level, rules, strict=True):
                if len(t.place.dates) == len(dates):
                    total += add_accounts(t.place, c, u[draw], own, limits, equity, gross)
                    continue
                part = accounts_of(t.place, c, u[draw], own, limits)
                _add(t, part, dates, equity, gross)
                total += part.counts
            return total, curve_figures(equity, gross)

        found += in_threads(one_draw, range(len(units[0])))
    shape = (draws, THRESHOLDS, 5)
    counted, curves = (np.reshape([one[k] for one in found], shape) for k in (0, 1))
    return _figures(counted, curves, len(dates) - 1, year)


def _rows(
    curve: str,
    levels: np.ndarray,
    measured: dict[str, np.ndarray],
    drawn: dict[str, np.ndarray],
    random: dict[str, np.ndarray],
    coverage: float,
) -> pd.DataFrame:
    parts = []
    for name, values in measured.items():
        band = [interval(column, coverage) for column in drawn[name].T]
        chance = [interval(column, coverage) for column in random[name].T]
        middle = [interval(column, 0.0)["low"] for column in random[name].T]
        parts.append(
            pd.DataFrame(
                {
                    "curve": pd.Series([curve] * len(levels), dtype="str"),
                    "threshold": levels,
                    "figure": pd.Series([name] * len(levels), dtype="str"),
                    "value": values,
                    "low": np.array([b["low"] for b in band], dtype=np.float64),
                    "high": np.array([b["high"] for b in band], dtype=np.float64),
                    "random_low": np.array([b["low"] for b in chance], dtype=np.float64),
                    "random_median": np.array(middle, dtype=np.float64),
                    "random_high": np.array([b["high"] for b in chance], dtype=np.float64),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _best(
    levels: np.ndarray, measured: dict[str, np.ndarray], random: dict[str, np.ndarray], year: int
) -> dict[str, Any]:
    def worth(figures: dict[str, np.ndarray]) -> np.ndarray:
        enough = (figures["trades"] >= FEWEST_TRADES) & np.isfinite(figures[f"sharpe_{year}"])
        return np.where(enough, figures[f"sharpe_{year}"], -np.inf)

    mine = worth(measured)
    luck = worth(random).max(axis=-1) if len(random["trades"]) else np.empty(0)
    k = int(np.argmax(mine))
    facts = {"thresholds": len(levels), "draws": len(luck), "fewest_trades": FEWEST_TRADES}
    if not np.isfinite(mine[k]):
        return {"best": None, "p_value": None} | facts
    best = {
        "threshold": float(levels[k]),
        f"sharpe_{year}": float(mine[k]),
        "trades": int(measured["trades"][k]),
    }
    # the strategy counts as one of the draws, so the value is never 0
    p_value = float((1 + np.sum(luck >= mine[k])) / (1 + len(luck))) if len(luck) else None
    return {"best": best, "p_value": p_value} | facts
