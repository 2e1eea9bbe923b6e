"""Scores, skill, calibration, power and noise floors of any table of dated probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.errors import DataError
from engine.judge.levels import history_of, place_of, resolve
from engine.judge.table import ForecastTable
from engine.kernels.streams import horizon_seed
from engine.verify.calibration.calibration import diagram_table, drawn_at
from engine.verify.calibration.calibration_error import expected_calibration_error
from engine.verify.calibration.joint import joint_test
from engine.verify.calibration.joint_words import joint_metrics
from engine.verify.calibration.null import null_draws_of_classes
from engine.verify.calibration.race import questions
from engine.verify.calibration.reliability import blocks, decompose
from engine.verify.overlap import Windows
from engine.verify.plain import plain
from engine.verify.skill.block_length import optimal_block_length
from engine.verify.skill.bootstrap import BLOCKS_PER_HORIZON
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.ratio_interval import skill_interval
from engine.verify.skill.scores import brier, log_loss
from engine.verify.standing import standing_windows

CLIMATOLOGY, HISTORY = "climatology", "filtered_history"


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What can be said about a table.

    Attributes
    ----------
    metrics : JSON-able: ``classes``, ``rows_left_out`` (not resolved yet), ``calibration_test`` (as in a run's
        metrics), ``notes``, and ``horizons`` -> rows, effective_rows (windows without overlap), first_date, last_date, base_rates, scores
        (forecaster -> log_loss_nats, brier), skill (baseline -> log_loss_skill, low, high, brier_skill, brier_low,
        brier_high, dm_p_value, brier_dm_p_value), calibration (class -> mean_forecast, frequency, mcb, mcb_floor_mean, mcb_floor_q95,
        mcb_p_value, dsc, ece, ece_floor_mean, ece_floor_q95).
    diagrams : horizon -> class -> its reliability diagram.
    """

    metrics: dict[str, Any]
    diagrams: dict[int, dict[str, Diagram]]


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """The CORP diagram of one class.

    Attributes
    ----------
    table : columns forecast (distinct, ascending), observed, band_low, band_high, rows, as verification has them.
    forecasts : (n,) the probabilities themselves.
    """

    table: pd.DataFrame
    forecasts: np.ndarray


@dataclass(frozen=True, slots=True)
class _How:
    """Draws of the nulls, their seed, and the coverage of intervals and bands."""

    draws: int
    seed: int
    coverage: float


def judge(
    table: ForecastTable,
    bars: BarSeries | None = None,
    *,
    draws: int = 999,
    paths: int = 1000,
    seed: int = 7,
    coverage: float = 0.90,
) -> Judgement:
    """Judge forecasts.

    Parameters
    ----------
    bars : of the one instrument; they give the calendar and, where the table has levels, the outcomes and
        filtered_history of the same questions.  Without bars every weekday is taken for a session, and several
        instruments for copies of one (the widest null).

    Raises
    ------
    DataError
        ``judge.no_rows`` where nothing is resolved; as :mod:`engine.judge.levels`.
    """
    history = None
    if table.levels is not None and bars is not None:
        table = resolve(table, bars)
        history = history_of(table, bars, paths=paths, seed=seed)
    elif table.levels is not None and not (table.codes >= 0).any():
        raise DataError("judge.no_bars", "levels cannot be resolved without bars", "pass --bars FILE")
    resolved = table.codes >= 0
    if not resolved.any():
        raise DataError("judge.no_rows", "no row has an outcome yet", "wait, or add outcomes")
    start, which, windows = _windows(table, bars)
    climate = _climatology(table, start)
    asked: dict[int, tuple[object, object, Windows]] = {}
    horizons: dict[str, Any] = {}
    diagrams: dict[int, dict[str, Diagram]] = {}
    judged = 0
    for horizon in np.unique(table.horizons[resolved]).tolist():
        mine = np.flatnonzero(resolved & (table.horizons == horizon))
        if history is not None:
            mine = mine[np.isfinite(history[mine]).all(axis=1)]
        if not len(mine):
            continue
        own = Windows(start[mine], which[mine], windows.sessions, windows.factor)
        said, codes = table.probabilities[mine], table.codes[mine]
        against = {CLIMATOLOGY: climate[mine]} | ({} if history is None else {HISTORY: history[mine]})
        asked[horizon] = (said, codes, own)
        judged += len(mine)
        how = _How(draws, seed, coverage)
        classes, diagrams[horizon] = _calibration(said, codes, own, horizon, table.classes, how)
        horizons[str(horizon)] = {
            "rows": len(mine), "effective_rows": _apart(start[mine], which[mine], horizon),
            "first_date": str(table.dates[mine[0]]), "last_date": str(table.dates[mine[-1]]),
            "base_rates": dict(zip(table.classes, np.bincount(codes, minlength=said.shape[1]) / len(mine), strict=True)),
            **_scores(said, codes, against, start[mine], horizon, coverage),
            "calibration": classes,
        }  # fmt: skip
    if not asked:
        raise DataError(
            "judge.no_rows", "no resolved row has a filtered_history to be compared with",
            "the bars must begin two years before the first forecast",
        )  # fmt: skip
    names = list(dict.fromkeys(table.instruments.tolist()))
    test = joint_test(
        questions(asked), draws=draws, seed=seed, coverage=coverage, power_draws=max(draws // 3, 99)
    )
    metrics = {
        "classes": list(table.classes),
        "interval_coverage": coverage,
        "rows_left_out": len(table) - judged,
        "horizons": horizons,
        "calibration_test": joint_metrics(test, table.classes, [name or "all" for name in names]),
        "notes": _notes(table, bars, horizons),
    }
    return Judgement(plain(metrics), diagrams)


def _windows(table: ForecastTable, bars: BarSeries | None) -> tuple[np.ndarray, np.ndarray, Windows]:
    names, which = np.unique(table.instruments.astype(str), return_inverse=True)
    if bars is not None:
        # sessions before the first forecast, or behind the end of the last horizon, are in no window
        place = place_of(table, bars)
        start = place - place.min()
        sessions = np.arange(min(len(bars) - place.min(), start.max() + table.horizons.max() + 1))
    else:
        days = np.arange(table.dates.min(), table.dates.max() + 1)
        days = days[np.is_busday(days) | np.isin(days, table.dates)]
        start, sessions = np.searchsorted(days, table.dates), np.arange(len(days))
    windows = Windows(start, which, (sessions,) * len(names), np.ones((len(names), 1)))
    return start.astype(np.int64), which.astype(np.int64), windows


def _climatology(table: ForecastTable, start: np.ndarray) -> np.ndarray:
    """(n, K) frequencies of what had come true by each date at the same horizon, one of each class added."""
    out = np.empty_like(table.probabilities)
    width = len(table.classes)
    for horizon in np.unique(table.horizons):
        mine = np.flatnonzero(table.horizons == horizon)
        known = mine[table.codes[mine] >= 0]
        by_date = np.argsort(start[known], kind="stable")
        counts = np.cumsum(np.eye(width)[table.codes[known[by_date]]], axis=0)
        counts = 1.0 + np.concatenate([np.zeros((1, width)), counts])
        place = np.searchsorted(start[known[by_date]] + horizon, start[mine], side="right")
        out[mine] = counts[place] / counts[place].sum(axis=1, keepdims=True)
    return out


def _scores(
    said: np.ndarray,
    codes: np.ndarray,
    against: dict[str, np.ndarray],
    start: np.ndarray,
    horizon: int,
    coverage: float,
) -> dict[str, Any]:
    def both(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return log_loss(p, codes), brier(p, codes)

    own = both(said)
    _, date = np.unique(start, return_inverse=True)
    # forecasts made once a month do not overlap as daily ones do: 5 H sessions are that many dates
    dense = (date.max() + 1) / (start.max() - start.min() + 1)
    scores = {"forecast": {"log_loss_nats": own[0].mean(), "brier": own[1].mean()}}
    skill: dict[str, Any] = {}
    for name, p in against.items():
        theirs = both(p)
        scores[name] = {"log_loss_nats": theirs[0].mean(), "brier": theirs[1].mean()}
        line: dict[str, Any] = {}
        for score, a, b in zip(("log_loss", "brier"), own, theirs, strict=True):
            low = high = p_value = value = float("nan")
            if np.isfinite(a).all() and np.isfinite(b).all():
                sums = [np.bincount(date, weights=x) for x in (a, b)]
                gap = sums[0] - sums[1]
                block = max(BLOCKS_PER_HORIZON * horizon * dense, 1.0)
                if len(gap) >= 10:
                    block = max(block, optimal_block_length(gap))
                low, high = skill_interval(sums[0], sums[1], block, coverage=coverage)
                p_value, value = diebold_mariano(gap, block).p_value, 1.0 - a.mean() / b.mean()
            prefix = "" if score == "log_loss" else "brier_"
            line |= {
                f"{score}_skill": value, f"{prefix}low": low, f"{prefix}high": high, f"{prefix}dm_p_value": p_value
            }  # fmt: skip
        skill[name] = line
    return {"scores": scores, "skill": skill}


def _calibration(
    said: np.ndarray,
    codes: np.ndarray,
    windows: Windows,
    horizon: int,
    names: tuple[str, ...],
    how: _How,
) -> tuple[dict[str, dict[str, float]], dict[str, Diagram]]:
    columns = [np.ascontiguousarray(said[:, k]) for k in range(said.shape[1])]
    curves = [blocks(p, (codes == k).astype(np.int64)) for k, p in enumerate(columns)]
    nulls = null_draws_of_classes(
        columns,
        standing_windows(windows, horizon, said, codes),
        horizon,
        draws=how.draws,
        seed=horizon_seed(how.seed, horizon),
        at=[drawn_at(curve, p) for curve, p in zip(curves, columns, strict=True)],
        figures="no_smooth",
    )
    out, diagrams = {}, {}
    for k, name in enumerate(names):
        happened = (codes == k).astype(np.int64)
        parts = decompose(columns[k], happened)
        diagrams[name] = Diagram(diagram_table(curves[k], nulls[k], how.coverage), columns[k])
        floors = {
            f"{figure}_floor_{end}": value
            for figure, statistic in (("mcb", "mcb_brier"), ("ece", "ece"))
            for end, value in (
                ("mean", nulls[k].values[statistic].mean()),
                ("q95", np.quantile(nulls[k].values[statistic], 0.95)),
            )
        }
        out[name] = {
            "mean_forecast": columns[k].mean(), "frequency": happened.mean(),
            "mcb": parts.mcb, "dsc": parts.dsc, "mcb_p_value": nulls[k].p_value("mcb_brier", parts.mcb),
            "ece": expected_calibration_error(columns[k], happened, 10), **floors,
        }  # fmt: skip
    return out, diagrams


def _apart(start: np.ndarray, which: np.ndarray, horizon: int) -> float:
    """How many windows of ``horizon`` sessions from ``start`` on share no session: rows / H of daily forecasts, all of them of
    forecasts a horizon apart; summed over instruments."""
    count = 0
    for one in np.unique(which):
        places = np.sort(start[which == one])
        row = 0
        while row < len(places):
            count += 1
            row = int(np.searchsorted(places, places[row] + horizon))
    return float(count)


def _notes(table: ForecastTable, bars: BarSeries | None, horizons: dict[str, Any]) -> list[str]:
    notes = []
    resolved = table.codes >= 0
    hit = table.probabilities[np.flatnonzero(resolved), table.codes[resolved]]
    if (hit <= 0).any():
        notes.append(
            f"{int((hit <= 0).sum())} outcomes had been called impossible (probability 0): the log loss is infinite, "
            "read the Brier score."
        )
    few = [h for h, line in horizons.items() if line["effective_rows"] < 20]
    if few:
        notes.append(
            f"Fewer than 20 windows that do not overlap at {', '.join(few)} sessions: too few to say much."
        )
    if bars is None:
        notes.append("Sessions are taken to be weekdays; bars would give the market's own calendar.")
        if len(set(table.instruments.tolist())) > 1:
            notes.append(
                "Instruments are taken to move as one, because without bars it is not known how they do."
            )
    return notes
