"""Skill over filtered_history, as searches and sweeps read it from a forecasts frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.errors import DataError
from engine.scenarios import SCENARIOS

BLOCK_HORIZONS = 5  # horizons in one block of dates: as long as the blocks of every bootstrap of scores


@dataclass(frozen=True, slots=True)
class HorizonSkill:
    """Mean log loss of forecast and filtered_history on the rows that both have and whose outcome is known."""

    loss: float
    reference: float
    rows: int

    @property
    def skill(self) -> float:
        """1 - loss / reference."""
        return 1.0 - self.loss / self.reference


def skill_by_horizon(rows: pd.DataFrame) -> dict[int, HorizonSkill]:
    """Horizon -> skill; only horizons with rows.

    Raises
    ------
    DataError
        ``tune.no_rows`` where no row has a known outcome.
    """
    scored = _scored(rows)
    found = {}
    for horizon in np.unique(scored.horizon):
        mine = scored.horizon == horizon
        found[int(horizon)] = HorizonSkill(
            float(scored.loss[mine].mean()), float(scored.reference[mine].mean()), int(mine.sum())
        )
    return found


def mean_skill(found: dict[int, HorizonSkill]) -> float:
    """Skill averaged over the horizons."""
    return float(np.mean([line.skill for line in found.values()]))


def daily_skill(rows: pd.DataFrame) -> np.ndarray:
    """(dates,) share of the reference's mean loss that each date saves, averaged over horizons and rows of the date.

    Its mean is :func:`mean_skill` where every date has as many rows.
    """
    scored = _scored(rows)
    saved = np.empty(len(scored.loss))
    for horizon in np.unique(scored.horizon):
        mine = scored.horizon == horizon
        saved[mine] = (scored.reference[mine] - scored.loss[mine]) / scored.reference[mine].mean()
    total, count = np.bincount(scored.date, weights=saved), np.bincount(scored.date)
    found: np.ndarray = total / count
    return found


def skill_blocks(rows: pd.DataFrame, horizons: Sequence[int]) -> list[list[float]]:
    """Per block of 5 H consecutive dates: what is saved and what the reference loses, for each horizon in turn.

    Blocks are of the dates of the frame, so trials that answer the same question have the same blocks.  Six digits: a
    study keeps this for every trial.
    """
    scored = _scored(rows)
    size = BLOCK_HORIZONS * max(horizons)
    block = np.minimum(scored.date // size, max(int(scored.date.max() + 1) // size - 1, 0))
    columns = []
    for horizon in horizons:
        mine = scored.horizon == horizon
        for values in (scored.reference - scored.loss, scored.reference):
            columns.append(np.bincount(block[mine], weights=values[mine], minlength=int(block.max()) + 1))
    return [[float(f"{value:.6g}") for value in row] for row in np.column_stack(columns)]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    horizon: np.ndarray
    date: np.ndarray
    loss: np.ndarray
    reference: np.ndarray


def _scored(rows: pd.DataFrame) -> _Scored:
    code = pd.Index(SCENARIOS).get_indexer(pd.Index(rows["outcome"]))
    tables = [
        rows[[f"{name}_{scenario}" for scenario in SCENARIOS]].to_numpy(dtype=np.float64)
        for name in ("p", "filtered_history")
    ]
    used = (code >= 0) & np.isfinite(tables[0][:, 0]) & np.isfinite(tables[1][:, 0])
    if not used.any():
        raise DataError("tune.no_rows", "no out-of-sample row has a known outcome", "use a longer history")
    at = np.flatnonzero(used)
    loss, reference = (-np.log(table[at, code[at]]) for table in tables)
    _, date = np.unique(rows["date"].to_numpy()[at], return_inverse=True)
    return _Scored(rows["horizon_sessions"].to_numpy()[at], date, loss, reference)
