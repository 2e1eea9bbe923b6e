"""Baselines that are fitted walk-forward to a whole pooling group; what they are given, and the one there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.config import Config
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.folds.calendar import Fold
from engine.forecast.folds.rows import build_track
from engine.forecast.folds.walk import forecast_track
from engine.forecast.inputs import ForecastInput
from engine.forecast.models.logistic_kernels import softmax_rows
from engine.forecast.models.offset_logistic import MODEL
from engine.forecast.probabilities import floor_probabilities


@dataclass(frozen=True, slots=True, eq=False)
class GroupInput:
    """What a baseline of a whole pooling group may look at.

    ``members`` and their ``opponents`` are in one order; ``folds`` count sessions of the union ``calendar``.
    ``horizons`` are those asked for.
    """

    members: Sequence[ForecastInput]
    opponents: Sequence[Opponents]
    calendar: np.ndarray
    folds: tuple[Fold, ...]
    horizons: tuple[int, ...]
    config: Config


def recalibrated(seen: GroupInput) -> list[np.ndarray]:
    """(n, horizons, 3) of each member; NaN before the first fold and where the opponent has no forecast."""
    settings, horizons = seen.config.forecast, seen.horizons
    tables = [np.full((len(entry.bars), len(horizons), 3), np.nan) for entry in seen.members]
    for k, horizon in enumerate(horizons):
        track = build_track(
            seen.members,
            seen.opponents,
            seen.calendar,
            (),
            seen.config.horizons,
            (horizon,),
            with_paths=False,
        )
        found = forecast_track(
            track,
            seen.folds,
            MODEL.learner(track.names, track.horizons),
            own_learner=MODEL.own,
            rolling_sessions=settings.rolling_sessions if settings.window == "rolling" else None,
        )
        rows = np.flatnonzero(found.forecast)
        p = floor_probabilities(softmax_rows(np.ascontiguousarray(found.logits[rows, 0])))
        for index, table in enumerate(tables):
            mine = track.instrument[rows] == index
            table[track.row[rows[mine]], k] = p[mine]
    return tables
