"""What a run finds out about one pooling group: its forecasts, its models, its last tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import with_plugins
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.calibration.walk import CalibratedTrack
from engine.forecast.challengers import with_challengers
from engine.forecast.folds.rows import Track
from engine.forecast.folds.walk import TrackForecast
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.opponents import with_group_tables
from engine.forecast.saved import ModelParts, model_parts
from engine.forecast.training_labels import training_labels
from engine.forecast.walk_forward import (
    Forecasts,
    GroupForecast,
    Plan,
    forecast_horizons,
    tables_of_group,
    weighed,
)
from engine.members.part import Part, Source
from engine.members.study import baselines_in, entry_of, touch_in
from engine.replay.families.context import CONTEXT
from engine.scenarios import SCENARIOS
from engine.table.around.attach import with_around
from engine.table.explain.explain import explain
from engine.table.explain.explanation import Explanation
from engine.table.fill import table_of
from engine.table.scenario import Scenario
from engine.table.story.background import Background
from engine.table.touch.book import LevelTouches, group_touch

PAIRED = ("instrument", "date", "horizon_sessions", "outcome", *(f"p_{name}" for name in SCENARIOS))


@dataclass(frozen=True, slots=True, eq=False)
class GroupTask:
    """One track of a group, or (``horizons`` None) the levels of its members' books.

    Attributes
    ----------
    name : of the group.
    bars, sources : of each member, the latter its :func:`engine.members.study.study`.
    """

    name: str
    bars: dict[str, BarSeries]
    sources: dict[str, Source]
    horizons: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class TrackFit:
    """One track, without what it was fitted to.

    Attributes
    ----------
    forecast, calibrated, published : as in :class:`engine.forecast.walk_forward.GroupForecast`; of the track only
        which rows it has.
    model : what is kept of the last model.
    labels : as :func:`engine.forecast.training_labels.training_labels` gives them.
    explained : symbol -> what stands beside the forecast of its last close.
    baselines : those that are fitted to the group as a whole, name -> table of each member.
    without_context : as ``published``, fitted without the features from context; None where there are none.
    """

    forecast: TrackForecast
    calibrated: CalibratedTrack
    published: np.ndarray
    model: ModelParts
    labels: pd.DataFrame
    explained: dict[str, Explanation]
    baselines: dict[str, list[np.ndarray]]
    without_context: np.ndarray | None = None


@with_plugins
def fit(plan: Plan, task: GroupTask) -> TrackFit | dict[str, LevelTouches]:
    """Do one :class:`GroupTask`."""
    parts = {symbol: Part(source) for symbol, source in task.sources.items()}
    try:
        if task.horizons is None:
            touches = {symbol: touch_in(part) for symbol, part in parts.items()}
            return group_touch(touches, plan.calendar, plan.config)
        return _fit_track(plan, task, parts, task.horizons)
    finally:
        for part in parts.values():
            part.close()


def _fit_track(plan: Plan, task: GroupTask, parts: Mapping[str, Part], horizons: tuple[int, ...]) -> TrackFit:
    settings = plan.config.forecast
    members = [entry_of(parts[symbol], bars, plan.config.horizons) for symbol, bars in task.bars.items()]
    baselines = weighed(plan, members, [baselines_in(parts[symbol]) for symbol in task.bars])
    done = forecast_horizons(plan, members, baselines, horizons)
    forecast, calibrated, published = done
    group = GroupForecast(task.name, (forecast,), (calibrated,), (published,))
    more = {symbol: base.more for symbol, base in zip(task.bars, baselines, strict=True)}
    alone = Forecasts(pd.DataFrame(), plan.calendar, plan.folds, (group,), plan.features, more=more)
    past, held = (
        {
            (symbol, len(bars) - 1): parts[symbol].array(name)
            for symbol, bars in task.bars.items()
            if name in parts[symbol].names
        }
        for name in ("past", "held")
    )
    last = {symbol: bars.dates[-1] for symbol, bars in task.bars.items()}
    explained = explain(alone, members, plan.config, list(last.items()), past, held)
    return TrackFit(
        forecast=replace(forecast, track=_rows_only(forecast.track), logits=_EMPTY, models=()),
        calibrated=replace(calibrated, calibrated=_EMPTY, calibrators=()),
        published=published,
        model=model_parts(
            task.name, forecast, calibrated, plan.calendar, settings.model, settings.calibrator
        ),
        labels=training_labels(alone, members),
        explained={symbol: explained[symbol, day] for symbol, day in last.items()},
        baselines=tables_of_group(plan, members, baselines, horizons),
        without_context=_without_context(plan, members, baselines, horizons),
    )


def _without_context(
    plan: Plan, members: list[ForecastInput], baselines: list[Opponents], horizons: tuple[int, ...]
) -> np.ndarray | None:
    """What would have been published had nobody looked at context: the other side of the question what it adds."""
    left = tuple(name for name in plan.features if name not in CONTEXT.seen)
    if left == plan.features:
        return None
    return forecast_horizons(replace(plan, features=left), members, baselines, horizons)[2]


_EMPTY = np.empty(0)


def _rows_only(track: Track) -> Track:
    """Which rows there are, without what a model is fitted to."""
    return replace(
        track,
        features=_EMPTY,
        offset=_EMPTY,
        paths=_EMPTY,
        event_session=_EMPTY,
        event_code=_EMPTY,
        fit_weight=_EMPTY,
        evidence_weight=_EMPTY,
    )


@dataclass(frozen=True, slots=True, eq=False)
class GroupResult:
    """A finished group.

    Attributes
    ----------
    forecasts : the rows of forecasts.parquet of each member that has any.
    tables : of each member's last close.
    models, labels : of each track.
    without_context : instrument, date, horizon, outcome and ``p_*`` of the forecasts without context; None where there is
        none.
    """

    forecasts: dict[str, pd.DataFrame]
    tables: dict[str, Scenario]
    models: list[ModelParts]
    labels: list[pd.DataFrame]
    without_context: pd.DataFrame | None = None


@with_plugins
def finish_group(
    plan: Plan, task: GroupTask, tracks: list[TrackFit], touch: Mapping[str, LevelTouches]
) -> GroupResult:
    """Put the tracks of a group together."""
    parts = {symbol: Part(source) for symbol, source in task.sources.items()}
    config = plan.config
    names = {instrument.symbol: instrument.name for instrument in config.instruments}
    forecasts: dict[str, pd.DataFrame] = {}
    tables: dict[str, Scenario] = {}
    group = GroupForecast(
        task.name,
        tuple(track.forecast for track in tracks),
        tuple(track.calibrated for track in tracks),
        tuple(track.published for track in tracks),
    )
    try:
        members = [entry_of(parts[symbol], bars, config.horizons) for symbol, bars in task.bars.items()]
        baselines = weighed(plan, members, [baselines_in(parts[symbol]) for symbol in task.bars])
        baselines = with_group_tables(baselines, plan.horizon_sets, [track.baselines for track in tracks])
        frame = forecast_table(members, baselines, [group], plan.calendar, config)
        frame = with_challengers(frame, plan, members, baselines)
        plain = [track.without_context for track in tracks]
        without = None
        if all(published is not None for published in plain):
            other = replace(group, published=tuple(p for p in plain if p is not None))
            without = forecast_table(members, baselines, [other], plan.calendar, config)[list(PAIRED)]
        del members, baselines
        own = {str(symbol): rows for symbol, rows in frame.groupby("instrument", sort=False)}
        for symbol, bars in task.bars.items():
            if symbol in own:
                forecasts[symbol] = own[symbol].reset_index(drop=True)
            table = table_of(
                bars,
                parts[symbol].frame("last"),
                parts[symbol].frame("book"),
                own.get(symbol, frame[:0]),
                name=names[symbol],
                explained=_joined([track.explained[symbol] for track in tracks], touch[symbol]),
                background=Background.of(parts[symbol].values["background"], config.outcome),
            )
            tables[symbol] = with_around(table, bars, config)
    finally:
        for part in parts.values():
            part.close()
    return GroupResult(
        forecasts, tables, [track.model for track in tracks], [track.labels for track in tracks], without
    )


def _joined(explained: list[Explanation], touch: LevelTouches) -> Explanation:
    """All horizons; the analogues are those of the longest."""
    found = Explanation(analogues=explained[-1].analogues, level_touch=touch, opponent=explained[-1].opponent)
    for one in explained:
        found.intervals.update(one.intervals)
        found.differences.update(one.differences)
        found.attributions.update(one.attributions)
        found.shares.extend(one.shares)
        found.reliability.update(one.reliability)
        found.effective_rows.update(one.effective_rows)
    return found
