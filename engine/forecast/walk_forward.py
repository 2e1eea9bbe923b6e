"""The purged walk-forward: every forecast of a run, each made from what was known at its fold's start.

All instruments of a pooling group share folds by date.  The order of work: baselines, rows in the order
their outcomes become known, one track per horizon, calibration, online recalibration, one table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import Config, ForecastConfig, with_plugins
from engine.errors import ConfigError, DataError, InputError
from engine.forecast.baselines.filtered_history import MoreVariances
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.calibration.drift import drift_corrected
from engine.forecast.calibration.walk import CalibratedTrack, calibrate_track
from engine.forecast.folds.calendar import (
    EARLIEST_REFIT,
    Fold,
    calendar_positions,
    known_bars,
    latest_refit,
    pooled,
    refit_starts,
    union_calendar,
    walk_forward_folds,
)
from engine.forecast.folds.rows import Track, build_track
from engine.forecast.folds.walk import TrackForecast, forecast_folds
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.models import model_named
from engine.forecast.opponents import GroupInput, group_tables, opponents, with_group_tables, with_implied
from engine.kernels.threads import carried, one_thread, thread_count
from engine.replay.families import model_features


@dataclass(frozen=True, slots=True, eq=False)
class GroupForecast:
    """Forecasts of one pooling group: one entry per track (one track per horizon, or one for all)."""

    name: str
    tracks: tuple[TrackForecast, ...]
    calibrated: tuple[CalibratedTrack, ...]
    published: tuple[np.ndarray, ...]  # (N, horizons, 3) probabilities as they stand in the table


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Result of :func:`walk_forward`.

    Attributes
    ----------
    frame : the columns of ``forecasts.parquet``, one row per instrument, date and horizon.
    calendar : union calendar; fold starts count its sessions.
    folds : inner (negative) and outer folds.
    groups : fitted models and out-of-sample forecasts of each pooling group.
    features : names of the model features given by the replay.
    silent : symbols whose own history is too short for a single forecast; the others are forecast all the
        same, so that the table of an early date does not depend on an instrument that had just begun.
    more : symbol to what options say of it, where ``forecast.variance_inputs`` names series.
    """

    frame: pd.DataFrame
    calendar: np.ndarray
    folds: tuple[Fold, ...]
    groups: tuple[GroupForecast, ...]
    features: tuple[str, ...]
    silent: tuple[str, ...] = ()
    more: Mapping[str, MoreVariances | None] = field(default_factory=dict)


@with_plugins
def walk_forward(
    instruments: Sequence[ForecastInput],
    config: Config,
    *,
    features: Sequence[str] | None = None,
    baselines: Sequence[Opponents] | None = None,
) -> Forecasts:
    """Forecast every session of every instrument from the first outer fold on.

    The row of date D is the same, to the last bit, whichever later history is given.

    Parameters
    ----------
    instruments : with distinct symbols.
    config : sections ``forecast``, ``outcome``, ``horizons`` and ``seed`` are used.
    features : columns of the replay frame given to the classifier; None: :func:`engine.replay.families.model_features`.
    baselines : of each instrument, where they are known already (:func:`baselines_of`).

    Raises
    ------
    DataError
        ``data.too_few_bars`` when no session of any instrument can be forecast; the message names the number
        needed.  ``data.nothing_to_forecast`` when there are enough of them, but none to be forecast has a setup.
    InputError
        ``forecast.duplicate_symbol``, ``forecast.missing_feature``.
    """
    plan = plan_of([entry.bars for entry in instruments], config, features)
    check_instruments(instruments, plan.features)
    # one thread: products of small matrices only wait for each other on more, and bits stay the same
    with one_thread():
        made = [baselines_of(entry, plan) for entry in instruments] if baselines is None else list(baselines)
        place = {entry.bars.symbol: i for i, entry in enumerate(instruments)}
        groups = []
        for name, symbols in plan.groups.items():
            members = [place[symbol] for symbol in symbols]
            entries = [instruments[i] for i in members]
            mine = weighed(plan, entries, [made[i] for i in members])
            known = (entries, mine)
            # tracks are independent and the kernels release the interpreter's lock
            with ThreadPoolExecutor(min(thread_count(), len(plan.horizon_sets))) as pool:
                found = pool.map(carried(partial(forecast_horizons, plan, *known)), plan.horizon_sets)
                groups.append(GroupForecast(name, *zip(*found, strict=True)))
                tables = list(pool.map(carried(partial(tables_of_group, plan, *known)), plan.horizon_sets))
            complete = with_group_tables(mine, plan.horizon_sets, tables)
            for i, base in zip(members, complete, strict=True):
                made[i] = base
    frame = forecast_table(instruments, made, groups, plan.calendar, config)
    setups = {entry.bars.symbol: int(np.isfinite(entry.setup).all(axis=1).sum()) for entry in instruments}
    silent = silent_of(
        [entry.bars for entry in instruments], setups, set(frame["instrument"]), config.forecast
    )
    more = {entry.bars.symbol: base.more for entry, base in zip(instruments, made, strict=True)}
    return Forecasts(frame, plan.calendar, plan.folds, tuple(groups), plan.features, silent, more)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What all groups share.

    Attributes
    ----------
    calendar, folds, features : as in :class:`Forecasts`.
    groups : name -> symbols, as ``forecast.pooling`` says.
    horizon_sets : the horizons of each track; one track each, except for models that forecast all at once.
    config : of the run.
    """

    calendar: np.ndarray
    folds: tuple[Fold, ...]
    features: tuple[str, ...]
    groups: dict[str, list[str]]
    horizon_sets: tuple[tuple[int, ...], ...]
    config: Config


@with_plugins
def plan_of(bars: Sequence[BarSeries], config: Config, features: Sequence[str] | None = None) -> Plan:
    """How the walk-forward goes through these instruments; see :func:`walk_forward` for parameters and errors."""
    settings = config.forecast
    model = model_named(settings.model)
    eventful = [name for name in (settings.model, *settings.models) if model_named(name).needs_events]
    if eventful and config.outcome.rule == "terminal":
        raise ConfigError(
            "config.no_events",
            f"forecast.model {eventful[0]} needs outcomes with events; outcome.rule terminal has none",
            "choose outcome.rule target or band, or another model",
        )
    calendar = union_calendar([series.dates for series in bars])
    folds = walk_forward_folds(
        len(calendar),
        min_train_sessions=settings.min_train_sessions,
        refit_sessions=settings.refit_sessions,
        inner_from=max(EARLIEST_REFIT, settings.min_train_sessions // 2),
    )
    groups = pooled({series.symbol: series.family for series in bars}, settings.pooling)
    apart = tuple((horizon,) for horizon in config.horizons)
    sets = (config.horizons,) if model.all_horizons else apart
    names = tuple(model_features(bars) if features is None else features)
    return Plan(calendar, folds, names, groups, sets, config)


def baselines_of(entry: ForecastInput, plan: Plan) -> Opponents:
    """The baselines of one instrument, whose refits are counted on the calendar of all instruments."""
    with one_thread():
        return opponents(
            entry,
            known_bars(entry.bars.dates, plan.calendar, plan.config.forecast),
            plan.calendar,
            plan.config,
        )


def weighed(plan: Plan, members: Sequence[ForecastInput], baselines: Sequence[Opponents]) -> list[Opponents]:
    """The baselines of a group's members with what options say, where the config names it."""
    starts = refit_starts(len(plan.calendar), plan.config.forecast)
    refits = [latest_refit(calendar_positions(one.bars.dates, plan.calendar), starts) for one in members]
    return with_implied(members, baselines, plan.calendar, refits, plan.config)


def tables_of_group(
    plan: Plan, members: Sequence[ForecastInput], baselines: Sequence[Opponents], horizons: tuple[int, ...]
) -> dict[str, list[np.ndarray]]:
    """The baselines that are fitted to a group as a whole, for the horizons of one track."""
    with one_thread():
        return group_tables(GroupInput(members, baselines, plan.calendar, plan.folds, horizons, plan.config))


def forecast_horizons(
    plan: Plan, members: Sequence[ForecastInput], baselines: Sequence[Opponents], horizons: tuple[int, ...]
) -> tuple[TrackForecast, CalibratedTrack, np.ndarray]:
    """One track of a group: its forecasts, the same calibrated, and as they are published (N, horizons, 3)."""
    with one_thread():
        return published(plan, fitted(plan, track_of(plan, members, baselines, horizons)))


def track_of(
    plan: Plan, members: Sequence[ForecastInput], baselines: Sequence[Opponents], horizons: tuple[int, ...]
) -> Track:
    """The rows that one model is fitted to and forecasts."""
    return build_track(members, baselines, plan.calendar, plan.features, plan.config.horizons, horizons)


@with_plugins
def fitted(plan: Plan, track: Track) -> TrackForecast:
    """The track forecast fold by fold, before any calibration; of the config only model and window are used."""
    return deque(fitted_folds(plan, track), maxlen=1).pop()


def fitted_folds(plan: Plan, track: Track) -> Iterator[TrackForecast]:
    """The same after each fold; see :func:`~.folds.walk.forecast_folds`."""
    settings = plan.config.forecast
    model = model_named(settings.model)
    return forecast_folds(
        track,
        plan.folds,
        model.learner(track.names, track.horizons),
        own_learner=model.own,
        rolling_sessions=settings.rolling_sessions if settings.window == "rolling" else None,
    )


@with_plugins
def published(plan: Plan, forecast: TrackForecast) -> tuple[TrackForecast, CalibratedTrack, np.ndarray]:
    """The same with its calibrated forecasts, and those that stand in the table."""
    settings = plan.config.forecast
    result = calibrate_track(forecast, settings.calibrator, forced=settings.force_calibrator)
    return forecast, result, corrected(plan, forecast, result)


def corrected(plan: Plan, forecast: TrackForecast, result: CalibratedTrack) -> np.ndarray:
    """What stands in the table (N, horizons, 3): calibrated, and corrected for drift where the config says so."""
    if not plan.config.forecast.online_recalibration:
        return result.calibrated
    return drift_corrected(forecast, result.calibrated)


def check_instruments(instruments: Sequence[ForecastInput], features: Sequence[str]) -> None:
    """Refuse a symbol that is given twice, and a feature that is missing; see :func:`walk_forward`."""
    seen: set[str] = set()
    for entry in instruments:
        symbol = entry.bars.symbol
        if symbol in seen:
            raise InputError(
                "forecast.duplicate_symbol", f"symbol {symbol!r} appears twice", "name each once"
            )
        seen.add(symbol)
        missing = [name for name in features if name not in entry.known]
        if missing:
            raise InputError(
                "forecast.missing_feature", f"{symbol}: the replay has no column {', '.join(missing)}"
            )


def silent_of(
    bars: Sequence[BarSeries], setups: Mapping[str, int], present: Collection[str], settings: ForecastConfig
) -> tuple[str, ...]:
    """Symbols without a forecast; ``setups`` counts the sessions of each that have a setup.

    Raises
    ------
    DataError
        See :func:`walk_forward`.
    """
    silent = tuple(series.symbol for series in bars if series.symbol not in present)
    if len(silent) == len(bars):
        longest = max(len(series) for series in bars)
        needed = EARLIEST_REFIT + settings.refit_sessions
        names = ", ".join(silent)
        if longest < needed:
            raise DataError(
                "data.too_few_bars",
                f"not one session of {names} can be forecast; an instrument needs a setup and about "
                f"{needed} sessions of its own, the longest here has {longest}",
                "use a longer history or a later date, or lower forecast.min_train_sessions",
            )
        raise DataError(
            "data.nothing_to_forecast",
            f"{names}: no session to be forecast has a setup (of all {sum(map(len, bars))}, "
            f"{sum(setups.values())} have one); where prices stand still there is no distance to measure",
            "look at the bars with `engine check`",
        )
    return silent
