"""The decision curve: precision, recall and net benefit of acting on a probability, at 100 thresholds.

Whoever acts where continuation (or breakdown) is given at least the probability t holds a missed one to be worth (1 - t) / t false
alarms.  Net benefit counts both in one unit, per hundred decisions:

    net benefit = 100 (true - false t / (1 - t)) / decisions

Vickers and Elkin, "Decision curve analysis", Medical Decision Making 26(6), 2006.  Beside it stand the net benefit of acting on
filtered history, and of acting always; never acting has 0.  Outcomes are those of the forecast's own horizon, so nothing here
knows of fills and costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.backtest.chance.intervals import interval
from engine.backtest.chance.resample import resampled_sums
from engine.backtest.trading import Traded
from engine.config import Config
from engine.kernels.streams import entry_units
from engine.scenarios import BREAKDOWN, CONTINUATION, SCENARIOS

LEVELS = (np.arange(100) + 0.5) / 100.0
FIGURES = (
    "acted_percent",
    "precision_percent",
    "recall_percent",
    "net_benefit",
    "net_benefit_filtered_history",
    "net_benefit_always",
)


def decision_curves(
    traded: list[Traded], config: Config, dates: np.ndarray, positions: np.ndarray
) -> pd.DataFrame:
    """Both curves as a tidy table with the columns of :mod:`engine.backtest.chance.thresholds`; bands as there.

    Parameters
    ----------
    dates : (D,) of the accounts. positions : (draws, D - 1) resampled dates.
    """
    plans = [p for t in traded for p in t.plans]
    rows = [p.setup.eligible & (p.setup.outcome >= 0) for p in plans]
    when = np.concatenate(
        [np.searchsorted(dates, p.setup.bars.dates[r]) for p, r in zip(plans, rows, strict=True)]
    )
    if not len(when):
        return pd.DataFrame()
    came = np.concatenate([p.setup.outcome[r] for p, r in zip(plans, rows, strict=True)])
    table = np.concatenate([p.setup.table[r] for p, r in zip(plans, rows, strict=True)])
    simulated = np.concatenate([p.setup.filtered_history[r] for p, r in zip(plans, rows, strict=True)])
    units = np.concatenate(
        [
            entry_units(config.seed, f"{p.setup.bars.symbol}/decision", p.setup.bars.dates, len(positions))[
                :, r
            ]
            for p, r in zip(plans, rows, strict=True)
        ],
        axis=1,
    )
    parts = []
    for scenario in (CONTINUATION, BREAKDOWN):
        happened = came == scenario
        sums = _by_date(when, happened, (table[:, scenario], simulated[:, scenario]), len(dates))
        measured = _figures(sums.sum(axis=0))
        drawn = _figures(resampled_sums(sums[: positions.shape[1]], positions))
        random = _random(measured["acted_percent"] / 100.0, happened, units)
        parts += [
            _part(SCENARIOS[scenario], name, measured, drawn, random, config.verify.interval)
            for name in FIGURES
        ]
    return pd.concat(parts, ignore_index=True)


def _by_date(
    when: np.ndarray, happened: np.ndarray, forecasts: tuple[np.ndarray, ...], dates: int
) -> np.ndarray:
    """(D, 402) by date: acted and right at each level, for two forecasters; decisions, and those that came true."""
    columns = []
    for probability in forecasts:
        acted = probability[:, None] >= LEVELS  # NaN compares False
        columns += [acted, acted & happened[:, None]]
    columns += [np.ones((len(when), 1), dtype=bool), happened[:, None]]
    out = np.zeros((dates, 402))
    order = np.argsort(when, kind="stable")
    days, first = np.unique(when[order], return_index=True)
    out[days] = np.add.reduceat(np.concatenate(columns, axis=1)[order], first, axis=0, dtype=np.float64)
    return out


def _figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """By name, figures (..., 100) from sums (..., 402); NaN where nothing was acted on, or nothing came true."""
    acted, right, acted_too, right_too = (sums[..., i * 100 : (i + 1) * 100] for i in range(4))
    decisions, came = sums[..., 400:401], sums[..., 401:402]
    odds = LEVELS / (1.0 - LEVELS)

    def benefit(acted: np.ndarray, right: np.ndarray) -> np.ndarray:
        return 100.0 * (right - (acted - right) * odds) / decisions

    values = (
        100.0 * acted / decisions,
        100.0 * right / np.where(acted > 0, acted, np.nan),
        np.broadcast_to(100.0 * right / np.where(came > 0, came, np.nan), acted.shape),
        benefit(acted, right),
        benefit(acted_too, right_too),
        benefit(decisions, came),
    )
    return dict(zip(FIGURES, values, strict=True))


def _random(rate: np.ndarray, happened: np.ndarray, units: np.ndarray) -> dict[str, np.ndarray]:
    """Figures (draws, 100) of acting at random at each level's rate (100,)."""
    n = len(happened)
    sums = np.zeros((len(units), 402))
    for draw, own in enumerate(units):
        order = np.argsort(own, kind="stable")
        right = np.concatenate([[0], np.cumsum(happened[order])])
        acted = np.searchsorted(own[order], rate)
        sums[draw, :100], sums[draw, 100:200] = acted, right[acted]
    sums[:, 400], sums[:, 401] = n, happened.sum()
    return _figures(sums)


def _part(
    curve: str,
    name: str,
    measured: dict[str, np.ndarray],
    drawn: dict[str, np.ndarray],
    random: dict[str, np.ndarray],
    coverage: float,
) -> pd.DataFrame:
    band = [interval(column, coverage) for column in drawn[name].T]
    own = name in ("acted_percent", "precision_percent", "recall_percent", "net_benefit")
    nothing = {"low": None, "high": None}
    chance = [interval(column, coverage) if own else nothing for column in random[name].T]
    middle = [interval(column, 0.0)["low"] if own else None for column in random[name].T]
    return pd.DataFrame(
        {
            "curve": pd.Series([curve] * len(LEVELS), dtype="str"),
            "threshold": LEVELS,
            "figure": pd.Series([name] * len(LEVELS), dtype="str"),
            "value": measured[name],
            "low": np.array([b["low"] for b in band], dtype=np.float64),
            "high": np.array([b["high"] for b in band], dtype=np.float64),
            "random_low": np.array([b["low"] for b in chance], dtype=np.float64),
            "random_median": np.array(middle, dtype=np.float64),
            "random_high": np.array([b["high"] for b in chance], dtype=np.float64),
        }
    )
