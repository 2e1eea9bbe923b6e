"""What a sweep found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.config import Config, load_config, with_overrides
from engine.errors import RunError
from engine.stages.frames import as_frame
from engine.stages.store import read_arrays
from engine.sweep.folder import POINTS, STAGES, open_sweep
from engine.sweep.points import Points
from engine.tune.verdict.luck import Luck, luck_of_blocks, luck_of_searches

_COLUMNS = ("point", "reason", "question", "metric", "horizon_sessions", "value", "low", "high", "rows")


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """Result of :func:`engine.sweep.sweep.sweep`.

    Attributes
    ----------
    table : one row per point and metric: point, one column per key swept, reason (why a point failed, else null),
        question (a number; points with the same one ask the same), metric, horizon_sessions, value, low, high, rows.
    scores : point -> skill over its own filtered_history, averaged over the horizons.
    questions : how many different ones were asked; raw log loss says nothing across them.
    luck : how good the best of as many points looks without skill; None where the history is too short.
    forecasts : different forecasts behind the points.
    """

    table: pd.DataFrame
    scores: dict[int, float]
    questions: int
    luck: Luck | None
    forecasts: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able summary."""
        best = max(self.scores, key=lambda point: (self.scores[point], -point), default=None)
        return {
            "points": int(self.table["point"].nunique()),
            "failed": int(self.table.loc[self.table["reason"].notna(), "point"].nunique()),
            "questions": self.questions,
            "forecasts": self.forecasts,
            "best_point": best,
            "best_score": None if best is None else self.scores[best],
            "luck": None if self.luck is None else self.luck.to_dict(),
        }


def collected(
    points: Points, records: dict[int, dict[str, Any]], highest: Sequence[float], config: Config
) -> SweepResult:
    """The table of all ``records``, in the order of the points."""
    asked: dict[str, int] = {}
    rows = []
    scores: dict[int, float] = {}
    blocks: dict[str, np.ndarray] = {}
    for point in sorted(records):
        record = records[point]
        number = asked.setdefault(record["question"], len(asked)) if "question" in record else None
        settings = {axis.path: _plain(record["settings"][axis.path]) for axis in points.axes}
        head = {"point": point, **settings, "reason": record["reason"], "question": number}
        if "score" in record:
            scores[point] = float(record["score"])
            blocks.setdefault(record["forecast"], np.array(record["blocks"]))
        metrics = record["metrics"] or [[None] * 6]
        for name, horizon, value, low, high, count in metrics:
            rows.append(head | dict(zip(_COLUMNS[3:], (name, horizon, value, low, high, count), strict=True)))
    columns = ["point", *(axis.path for axis in points.axes), *_COLUMNS[1:]]
    table = pd.DataFrame(rows, columns=columns).astype(
        {
            "point": "int64",
            "reason": "str",
            "question": "Int64",
            "metric": "str",
            "horizon_sessions": "Int64",
            "value": "float64",
            "low": "float64",
            "high": "float64",
            "rows": "Int64",
        }
    )
    return SweepResult(table, scores, len(asked), _luck(blocks, scores, highest, config), len(blocks))


def _luck(
    blocks: dict[str, np.ndarray], scores: dict[int, float], highest: Sequence[float], config: Config
) -> Luck | None:
    if not scores:
        return None
    best, tried = max(scores.values()), len(blocks)
    # points that ask other questions can have a block more or less: the latest are of the same dates, nearly
    common = min(len(one) for one in blocks.values())
    width = min(one.shape[1] for one in blocks.values())
    stacked = np.array([one[len(one) - common :, :width] for one in blocks.values()])
    luck = luck_of_blocks(stacked, best, config.seed, tried)
    if highest:
        effective = float(tried) if luck is None else luck.effective_trials
        return luck_of_searches(np.array(highest), best, tried, effective)
    return luck


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def sweep_point(path: Path) -> tuple[Config, pd.DataFrame]:
    """Config and forecasts of one point, ``SWEEP/NUMBER``.

    Raises
    ------
    RunError
        ``sweep.not_found``, ``sweep.no_point``.
    """
    folder = open_sweep(path.parent)
    record = folder.finished().get(int(path.name)) if path.name.isdigit() else None
    arrays = None
    if record is not None and "forecast" in record:
        arrays = read_arrays(path.parent / STAGES / "forecast" / f"{record['forecast']}.npz")
    if record is None or arrays is None:
        raise RunError(
            "sweep.no_point",
            f"{path}: the sweep has no forecast of such a point",
            f"points are numbered from 0, see {POINTS}; one that failed has none",
        )
    config = load_config(path.parent / "config.yaml")
    frame = as_frame(arrays, list(folder.manifest["data"]))
    return with_overrides(config, record["settings"]), frame
