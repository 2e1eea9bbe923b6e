"""Spreads the points of a sweep over a crew; each forecast is made once, whoever needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engine.bars.load import load_all
from engine.config import MOMENTUM_RULES, Config, with_overrides, with_plugins
from engine.errors import EngineError
from engine.parallel import Crew
from engine.stages import Stages, fingerprint, scored_frame
from engine.sweep.folder import SweepFolder
from engine.sweep.measure import of_forecasts, of_trading
from engine.sweep.points import Points
from engine.sweep.result import SweepResult, collected
from engine.tune.null import null_inputs
from engine.tune.skill import mean_skill, skill_blocks, skill_by_horizon

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What is asked: the config that every point starts from, the points, and searches on drawn histories (0: none)."""

    config: Config
    points: Points
    null_draws: int = 0

    def asked(self) -> dict[str, Any]:
        """JSON-able: what a resumed sweep must agree with."""
        axes = {axis.path: axis.said() for axis in self.points.axes}
        return {"over": axes, "points": self.points.count, "null_draws": self.null_draws}


@dataclass(frozen=True, slots=True)
class _Task:
    """Points that share a forecast: those that differ in how it is traded only."""

    stages: Path
    config: Config
    points: tuple[tuple[int, dict[str, Any]], ...]


@with_plugins
def sweep(plan: SweepPlan, folder: SweepFolder, crew: Crew, progress: Progress | None = None) -> SweepResult:
    """Evaluate every point that ``folder`` does not have yet; see :class:`engine.sweep.result.SweepResult`.

    The result does not depend on the crew, nor on how often the sweep was interrupted.
    """
    known = folder.finished()
    tasks, refused = _tasks(plan, folder.stages, known)
    for record in refused:
        folder.add(record)
    done = len(known) + len(refused)
    crew.start()
    for _ in crew.map(_warm, _distinct(tasks)):
        pass
    for records in crew.map(_evaluate, tasks, (f"point {task.points[0][0]}" for task in tasks)):
        for record in records:
            folder.add(record)
        done += len(records)
        if progress is not None:
            progress(done, plan.points.count)
    records_of = folder.finished()
    highest = _null_study(plan, records_of, folder.stages, crew) if plan.null_draws else []
    return collected(plan.points, records_of, highest, plan.config)


def _tasks(
    plan: SweepPlan, stages: Path, known: dict[int, dict[str, Any]]
) -> tuple[list[_Task], list[dict[str, Any]]]:
    """Tasks of the points not known yet, in the order of their first point, and records of points that are no config."""
    groups: dict[str, _Task] = {}
    refused = []
    for point, settings in plan.points:
        if point in known:
            continue
        try:
            config = with_overrides(plan.config, settings)
        except EngineError as error:
            refused.append(_failed(point, settings, error))
            continue
        key = fingerprint(config.model_dump(mode="json", exclude={"backtest"}))
        task = groups.get(key)
        points = (*(() if task is None else task.points), (point, settings))
        groups[key] = _Task(stages, config if task is None else task.config, points)
    return list(groups.values()), refused


def _distinct(tasks: Iterable[_Task]) -> list[_Task]:
    """One task for each simulation of filtered_history that is needed, so that none is made twice."""
    found: dict[str, _Task] = {}
    for task in tasks:
        settings = task.config.model_dump(
            mode="json", include={"rules", "setup", "outcome", "horizons", "seed", "plugins"}
        )
        for name in MOMENTUM_RULES:
            settings["rules"].pop(name)
        forecast = task.config.forecast
        found.setdefault(
            fingerprint(settings, forecast.paths, forecast.refit_sessions, forecast.min_train_sessions), task
        )
    return list(found.values()) if len(found) < len(list(tasks)) else []


# the stages of this process: bars, replays and simulations stay from one task to the next
_held: dict[str, Stages] = {}


def _stages(task: _Task) -> Stages:
    key = str(task.stages)
    if key not in _held:
        _held.clear()
        _held[key] = Stages(load_all(task.config), task.stages)
    return _held[key]


@with_plugins
def _warm(task: _Task) -> None:
    try:
        stages = _stages(task)
        for item in stages.inputs(task.config):
            stages.history(item, task.config)
    except EngineError:  # the points say so themselves
        return


@with_plugins
def _evaluate(task: _Task) -> list[dict[str, Any]]:
    records = []
    try:
        stages = _stages(task)
        forecasts = stages.forecasts(task.config)
        rows = scored_frame(forecasts)
        shared = {
            "question": stages.question(task.config),
            "forecast": stages.forecast_key(task.config),
            "blocks": skill_blocks(rows, task.config.horizons),
            "score": mean_skill(skill_by_horizon(rows)),
        }
        scored = [one.as_list() for one in of_forecasts(forecasts, task.config)]
    except EngineError as error:
        return [_failed(point, settings, error) for point, settings in task.points]
    for point, settings in task.points:
        try:
            config = with_overrides(task.config, settings)
            traded = [one.as_list() for one in of_trading(stages, forecasts, config)]
        except EngineError as error:
            records.append(_failed(point, settings, error))
            continue
        records.append(
            {"point": point, "settings": settings, "reason": None, **shared, "metrics": scored + traded}
        )
    return records


def _failed(point: int, settings: dict[str, Any], error: EngineError) -> dict[str, Any]:
    return {"point": point, "settings": settings, "reason": f"{error.code}: {error.message}", "metrics": []}


def _null_study(
    plan: SweepPlan, records: dict[int, dict[str, Any]], stages: Path, crew: Crew
) -> Sequence[float]:
    """The best score of all forecasts on each of as many histories drawn from filtered_history."""
    first = {
        record["forecast"]: record for record in reversed(list(records.values())) if "forecast" in record
    }
    tasks = [
        _Task(stages, with_overrides(plan.config, record["settings"]), ((record["point"], {}),))
        for record in first.values()
    ]
    highest: list[float] = []
    for draw in range(plan.null_draws):
        scores: Iterator[float | None] = crew.map(partial(_null, draw), tasks)
        highest.append(max((score for score in scores if score is not None), default=0.0))
    return highest


@with_plugins
def _null(draw: int, task: _Task) -> float | None:
    stages = _stages(task)
    try:
        inputs = null_inputs(stages, task.config, draw)
        return mean_skill(skill_by_horizon(stages.scores(inputs, task.config)))
    except EngineError:
        return None
