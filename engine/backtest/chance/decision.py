"""The decision curve: precision, recall and net benefit of acting on a probability, at 100 thresholds.

Whoever acts where continuation (or breakdown) is given at least the probability t holds a missed one to be worth (1 - t) / t false
alarms.  Net benefit counts both in one unit, per hundred decisions:

    net benefit = 100 (true - false t / (1 - t)) / decisions

Vickers and Elkin, "Decision curve analysis", Medical Decision Making 26(6), 2006.  Beside it stand the net benefit of acting on
filtered history, and of acting always; never acting has 0.  Outcomes are those of the forecast's own horizon, so nothing here
knows of fills and costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.backtest.chance.intervals import interval
from engine.backtest.chance.resample import resampled_sums
from engine.backtest.plan import Plan
from engine.backtest.trading import Traded
from engine.config import Config
from engine.kernels.streams import entry_units
from engine.scenarios import BREAKDOWN, CONTINUATION, SCENARIOS

LEVELS = (np.arange(100) + 0.5) / 100.0
_SCENARIOS = (CONTINUATION, BREAKDOWN)
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
    asked = [_asked(p, dates) for t in traded for p in t.plans]
    if not any(len(one.when) for one in asked):
        return pd.DataFrame()
    measured, drawn = [], []
    for scenario in _SCENARIOS:
        sums = np.zeros((len(dates), 402))
        for one in asked:
            _add_by_date(one, scenario, sums)
        measured.append(_figures(sums.sum(axis=0)))
        drawn.append(_figures(resampled_sums(sums[: positions.shape[1]], positions)))
    rates = [figures["acted_percent"] / 100.0 for figures in measured]
    random = _random(rates, asked, config.seed, len(positions))
    parts = []
    for k, scenario in enumerate(_SCENARIOS):
        parts += [
            _part(SCENARIOS[scenario], name, measured[k], drawn[k], random[k], config.verify.interval)
            for name in FIGURES
        ]
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One instrument's closes with a forecast and a known outcome, n of them.

    Attributes
    ----------
    symbol, bars : its name, and the dates of all its bars.
    row : (n,) bars. when : (n,) position of their dates among those of the accounts.
    came : (n,) outcome. forecasts : (n, 3) of the model and of filtered history.
    """

    symbol: str
    bars: np.ndarray
    row: np.ndarray
    when: np.ndarray
    came: np.ndarray
    forecasts: tuple[np.ndarray, np.ndarray]


def _asked(p: Plan, dates: np.ndarray) -> _Asked:
    setup = p.setup
    row = np.flatnonzero(setup.eligible & (setup.outcome >= 0))
    when = np.searchsorted(dates, setup.bars.dates[row])
    tables = (setup.table[row], setup.filtered_history[row])
    return _Asked(setup.bars.symbol, setup.bars.dates, row, when, setup.outcome[row], tables)


def _add_by_date(one: _Asked, scenario: int, out: np.ndarray) -> None:
    """Add to ``out`` (D, 402) by date: acted and right at each level, for two forecasters; decisions, and those that came true."""
    happened = (one.came == scenario)[:, None]
    columns = []
    for table in one.forecasts:
        acted = table[:, scenario, None] >= LEVELS  # NaN compares False
        columns += [acted, acted & happened]
    columns += [np.ones_like(happened), happened]
    out[one.when] += np.concatenate(columns, axis=1)  # an instrument has one close a date


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


def _random(
    rates: list[np.ndarray], asked: list[_Asked], seed: int, draws: int
) -> list[dict[str, np.ndarray]]:
    """For each scenario figures (draws, 100) of acting at random at each level's rate, of ``rates`` (100,) each."""
    sums = np.zeros((len(rates), draws, 402))
    for one in asked:  # counts, so that the sum over instruments has no rounding
        units = entry_units(seed, f"{one.symbol}/decision", one.bars, draws)[:, one.row]
        came = [np.zeros(len(one.row) + 1, dtype=np.int64) for _ in rates]
        happened = [one.came == scenario for scenario in _SCENARIOS]
        for draw, own in enumerate(units):
            order = np.argsort(own, kind="stable")
            ascending = own[order]
            for k, rate in enumerate(rates):
                np.cumsum(happened[k][order], out=came[k][1:])
                acted = np.searchsorted(ascending, rate)
                sums[k, draw, :100] += acted
                sums[k, draw, 100:200] += came[k][acted]
        for k in range(len(rates)):
            sums[k, :, 400] += len(one.row)
            sums[k, :, 401] += happened[k].sum()
    return [_figures(one) for one in sums]


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
