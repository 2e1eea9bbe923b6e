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

from typing import Any

import numpy as np
import pandas as pd

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
    curve_figures,
)
from engine.backtest.chance.decision import decision_curves
from engine.backtest.chance.intervals import interval
from engine.backtest.chance.resample import resampled_figures, resampled_positions, resampled_sums
from engine.backtest.comparisons import every_setup
from engine.backtest.frames import on_dates
from engine.backtest.performance import session_returns
from engine.backtest.random_entries import random_candidates
from engine.backtest.trading import Traded, rules_of
from engine.config import Config
from engine.kernels.streams import verify_seed
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON

THRESHOLDS = 100
FEWEST_TRADES = 10
_MOST_ACCOUNTS, _FEWEST_DRAWS = 4_000, 20
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
    own = [every_setup(t.plans, t.place, sides=False, sized=True) for t in traded]
    found = []
    for t, trades, limits in zip(traded, own, rules, strict=True):
        keys = np.empty(len(trades))
        for i, p in enumerate(t.plans):
            mine = trades.when[:, 3] == i
            keys[mine] = p.score[trades.bar[mine]]
        found.append(accounts_of(t.place, trades, keys, levels, limits))
    equity, gross = (_together(traded, found, name, dates) for name in ("equity", "gross"))
    counts = np.sum([f.counts for f in found], axis=0)
    measured = _figures(counts, curve_figures(equity, gross), len(dates) - 1, year)
    positions = _positions(len(dates) - 1, config, horizon)
    drawn = _resampled(equity, gross, _by_date(traded, own, found, dates), positions, year)
    random = _random(traded, found, rules, dates, config, year, _draws(traded, draws))
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


def _together(traded: list[Traded], found: list[Accounts], name: str, dates: np.ndarray) -> np.ndarray:
    """(k, D) sum over the accounts on their common dates."""
    total = np.zeros((len(found[0].counts), len(dates)))
    for t, f in zip(traded, found, strict=True):
        values = getattr(f, name).T
        total += on_dates(t.place.dates, values, dates, values[0] if name == "equity" else 0.0).T
    return total


def _positions(sessions: int, config: Config, horizon: int) -> np.ndarray:
    block = min(float(BLOCKS_PER_HORIZON * horizon), float(max(sessions, 1)))
    return resampled_positions(
        max(sessions, 1), block, config.backtest.curve_draws, verify_seed(config.seed, horizon, "returns")
    )


def _by_date(traded: list[Traded], own: list[Any], found: list[Accounts], dates: np.ndarray) -> np.ndarray:
    """(3, k, D) trades, hits and net returns by the date of the signal."""
    out = np.zeros((3, len(found[0].counts), len(dates)))
    for t, trades, f in zip(traded, own, found, strict=True):
        at = np.searchsorted(dates, t.place.dates)[trades.when[:, 0]]
        made = np.isfinite(f.earned)
        net = np.where(made, f.earned, 0.0)
        for part, values in enumerate((made, net > 0, net)):
            for k in range(len(values)):
                out[part, k] += np.bincount(at, weights=values[k].astype(np.float64), minlength=len(dates))
    return out


def _resampled(
    equity: np.ndarray, gross: np.ndarray, by_date: np.ndarray, positions: np.ndarray, year: int
) -> dict[str, np.ndarray]:
    """The figures (draws, k) in resampled histories."""
    k, sessions = len(equity), positions.shape[1]
    returns = np.stack([session_returns(row) for row in equity], axis=1)
    moments = resampled_figures(returns, positions)
    share = np.divide(gross, equity, out=np.zeros_like(gross), where=equity > 0)
    columns = np.concatenate([*by_date, share])[:, :sessions].T
    sums = resampled_sums(columns, positions).reshape(len(positions), 4, k)
    counts = np.stack([sums[:, 0], sums[:, 1], sums[:, 2]], axis=-1)
    curves = np.concatenate([moments, (sums[:, 3] / sessions)[..., None]], axis=-1)
    return _figures(counts, curves, sessions, year)


def _random(
    traded: list[Traded],
    found: list[Accounts],
    rules: list[Any],
    dates: np.ndarray,
    config: Config,
    year: int,
    draws: int,
) -> dict[str, np.ndarray]:
    """The figures (draws, k) of random entries at the rate of each threshold."""
    trades = [every_setup(t.plans, t.place, sides=True) for t in traded]
    units = [
        random_candidates(t.plans, c, draws, config.seed, use="curve")
        for t, c in zip(traded, trades, strict=True)
    ]
    lone = len(traded) == 1 and len(traded[0].plans) == 1 and rules[0].one
    quick = LoneFigures(traded[0].place, trades[0], rules[0]) if lone else None
    counts, curves = [], []
    for draw in range(draws):
        parts = []
        for t, c, f, u, limits in zip(traded, trades, found, units, rules, strict=True):
            rate = f.counts[:, ASKED] / np.maximum(f.counts[:, FREE], 1.0)
            level = np.where(rate > 0, 1.0 - rate, np.inf)
            if quick is not None:
                count, curve = quick(1.0 - u[draw], level)
                break
            parts.append(accounts_of(t.place, c, 1.0 - u[draw], level, limits))
        else:
            count = np.sum([part.counts for part in parts], axis=0)
            curve = curve_figures(*(_together(traded, parts, name, dates) for name in ("equity", "gross")))
        counts.append(count)
        curves.append(curve)
    shape = (draws, THRESHOLDS, 5)
    return _figures(np.reshape(counts, shape), np.reshape(curves, shape), len(dates) - 1, year)


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
