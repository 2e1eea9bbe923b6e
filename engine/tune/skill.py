"""Skill over filtered_history, as searches and sweeps read it from what the rows of a walk-forward lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.stages import Scored

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


def skill_by_horizon(scored: Scored) -> dict[int, HorizonSkill]:
    """Horizon -> skill; only horizons with rows."""
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


def daily_skill(scored: Scored) -> np.ndarray:
    """(dates,) share of the reference's mean loss that each date saves, averaged over horizons and rows of the date.

    Its mean is :func:`mean_skill` where every date has as many rows.
    """
    saved = np.empty(len(scored.loss))
    for horizon in np.unique(scored.horizon):
        mine = scored.horizon == horizon
        saved[mine] = (scored.reference[mine] - scored.loss[mine]) / scored.reference[mine].mean()
    total, count = np.bincount(scored.date, weights=saved), np.bincount(scored.date)
    found: np.ndarray = total / count
    return found


def skill_blocks(scored: Scored, horizons: Sequence[int]) -> list[list[float]]:
    """Per block of 5 H consecutive dates: what is saved and what the reference loses, for each horizon in turn.

    Blocks are of the dates of the rows, so trials that answer the same question have the same blocks.  Six digits: a
    study keeps this for every trial.
    """
    size = BLOCK_HORIZONS * max(horizons)
    block = np.minimum(scored.date // size, max(int(scored.date.max() + 1) // size - 1, 0))
    columns = []
    for horizon in horizons:
        mine = scored.horizon == horizon
        for values in (scored.reference - scored.loss, scored.reference):
            columns.append(np.bincount(block[mine], weights=values[mine], minlength=int(block.max()) + 1))
    return [[float(f"{value:.6g}") for value in row] for row in np.column_stack(columns)]
