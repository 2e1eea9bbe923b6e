"""Skill against each baseline, with an interval that knows about overlap, for the whole and by regime.

    skill = 1 - mean score of the forecast / mean score of the baseline

0 is no better than the baseline, 1 is perfect.  Numerator and denominator come from the same rows; an interval holds
the skills that the Diebold-Mariano test would not reject (:mod:`engine.verify.skill.ratio_interval`), so the two never
contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.verify.overlap import places_of
from engine.verify.rows import Rows
from engine.verify.skill.bootstrap import expected_block, sums
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.ratio_interval import ratio_intervals
from engine.verify.skill.regimes import GROUPINGS
from engine.verify.skill.scores import SCORES, score_table

SKILL_COLUMNS = (
    "horizon_sessions", "baseline", "grouping", "group", "rows", "effective_rows",
    "log_loss_skill", "log_loss_skill_low", "log_loss_skill_high",
    "brier_skill", "brier_skill_low", "brier_skill_high",
    "rps_skill", "rps_skill_low", "rps_skill_high",
    "log_loss_difference_nats", "dm_statistic", "dm_p_value",
)  # fmt: skip
_NAMES = ("log_loss", "brier", "rps")


@dataclass(frozen=True, slots=True)
class Skill:
    """Mean scores per forecaster, for the whole and by group, and the skill table.

    Attributes
    ----------
    scores : forecaster -> score -> mean over all rows.
    group_scores : (grouping, group) -> the same over its rows; empty groups are absent.
    table : columns :data:`SKILL_COLUMNS`.
    block_sessions : dates over which neighbours are taken to depend on each other, the bandwidth of intervals and tests.
    """

    scores: dict[str, dict[str, float]]
    group_scores: dict[tuple[str, str], dict[str, dict[str, float]]]
    table: pd.DataFrame
    block_sessions: float


def skill(
    rows: Rows,
    groups: pd.DataFrame | None = None,
    *,
    forecaster: str = "model",
    coverage: float,
) -> Skill:
    """Skill of ``forecaster`` against everybody else in ``rows``.

    Parameters
    ----------
    groups : regimes of the rows, aligned with them: one column per grouping, null for no group.
    coverage : of the intervals.

    The table has one row per baseline, grouping and group (grouping ``all``, group ``all`` first; the columns
    of :data:`SKILL_COLUMNS`).  Diebold-Mariano is reported for the whole only and works on the
    sums per date, as the skill does.  An interval is NaN where a group has fewer than two bandwidths of dates.
    """
    tables = {name: score_table(p, rows.codes) for name, p in rows.probabilities.items()}
    baselines = [name for name in tables if name != forecaster]
    values = np.column_stack([tables[forecaster], *(tables[name] for name in baselines)])
    labels, cells = _cells(groups, len(rows))
    daily = {name: _by_date(tables[forecaster][:, 0] - tables[name][:, 0], rows) for name in baselines}
    finite = [d for d in daily.values() if np.isfinite(d).all()]
    block = expected_block(rows.horizon, finite)
    with np.errstate(invalid="ignore", over="ignore"):
        observed = sums(values, cells, len(labels))
    width = len(SCORES)
    means = {
        label: {
            name: {
                score: float(observed[cell, k * width + j] / observed[cell, -1])
                for j, score in enumerate(SCORES)
            }
            for k, name in enumerate([forecaster, *baselines])
        }
        for cell, label in enumerate(labels)
        if observed[cell, -1] > 0
    }
    interval = _intervals(values, rows, cells, len(labels), block, coverage)
    records = []
    for k, name in enumerate(baselines, start=1):
        for cell, (grouping, group) in enumerate(labels):
            size = int(observed[cell, -1])
            record: dict[str, object] = {
                "horizon_sessions": rows.horizon, "baseline": name, "grouping": grouping, "group": group,
                "rows": size, "effective_rows": size / rows.horizon,
            }  # fmt: skip
            for j, score in enumerate(_NAMES):
                record[f"{score}_skill"] = float(
                    1.0 - loss_ratio(observed[cell, j], observed[cell, k * width + j])
                )
                low, high = interval[cell](j, k * width + j)
                record[f"{score}_skill_low"], record[f"{score}_skill_high"] = low, high
            record["log_loss_difference_nats"] = float(
                (observed[cell, 0] - observed[cell, k * width]) / max(size, 1)
            )
            if cell == 0 and np.isfinite(daily[name]).all():
                test = diebold_mariano(daily[name], block)
                record["dm_statistic"], record["dm_p_value"] = test.statistic, test.p_value
            else:
                record["dm_statistic"] = record["dm_p_value"] = float("nan")
            records.append(record)
    return Skill(
        scores=means.pop(labels[0]),
        group_scores=means,
        table=pd.DataFrame(records, columns=list(SKILL_COLUMNS)),
        block_sessions=block,
    )


def loss_ratio(score: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """``score / reference``, 1 - skill; NaN where the reference is 0 (nothing to beat), infinite or NaN."""
    score, reference = np.asarray(score, dtype=float), np.asarray(reference, dtype=float)
    out = np.full(np.broadcast(score, reference).shape, np.nan)
    usable = np.isfinite(reference) & (reference > 0) & np.isfinite(score)
    np.divide(score, reference, out=out, where=usable)
    return out


def _by_date(difference: np.ndarray, rows: Rows) -> np.ndarray:
    """Sums per date, in units of the mean number of rows a date has."""
    return np.bincount(rows.date_index, weights=difference, minlength=rows.dates) * (rows.dates / len(rows))


def _intervals(
    values: np.ndarray, rows: Rows, cells: np.ndarray, cell_count: int, block: float, coverage: float
) -> list[Callable[[int, int], tuple[float, float]]]:
    """Per cell, the interval of the skill of one column of ``values`` over another."""
    out: list[Callable[[int, int], tuple[float, float]]] = [
        lambda one, other: (float("nan"),) * 2
    ] * cell_count
    for column in cells.T:
        for cell, mine in enumerate(places_of(column, cell_count)):
            if not len(mine):
                continue
            date = rows.date_index[mine]
            by_date = np.column_stack(
                [np.bincount(date, weights=v, minlength=rows.dates) for v in values[mine].T]
            )
            used = np.bincount(date, minlength=rows.dates) > 0
            out[cell] = ratio_intervals(by_date, block, coverage=coverage, used=used)
    return out


def _cells(groups: pd.DataFrame | None, rows: int) -> tuple[list[tuple[str, str]], np.ndarray]:
    labels = [("all", "all")]
    columns = [np.zeros(rows, np.int64)]
    for grouping in GROUPINGS:
        if groups is None or grouping not in groups.columns:
            continue
        codes, names = pd.factorize(groups[grouping], sort=True)
        if grouping in ("family", "instrument") and len(names) < 2:
            continue
        columns.append(np.where(codes >= 0, codes + len(labels), -1).astype(np.int64))
        labels.extend((grouping, str(name)) for name in names)
    return labels, np.column_stack(columns)
