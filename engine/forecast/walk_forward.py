"""The purged walk-forward: every forecast of a run, each made from what was known at its fold's start.

All instruments of a pooling group share folds by date.  The order of work: baselines, rows in the order
their outcomes become known, one track per horizon, calibration, online recalibration, one table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from engine.config import Config, ForecastConfig
from engine.errors import ConfigError, DataError, InputError
from engine.forecast.baselines.opponents import Opponents, opponents
from engine.forecast.calibration.drift import drift_corrected
from engine.forecast.calibration.walk import CalibratedTrack, calibrate_track
from engine.forecast.folds.calendar import (
    EARLIEST_REFIT,
    Fold,
    known_bars,
    pooled,
    union_calendar,
    walk_forward_folds,
)
from engine.forecast.folds.rows import Track, build_track
from engine.forecast.folds.walk import TrackForecast, forecast_track
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.models import model_named
from engine.kernels.threads import thread_count
from engine.parallel import Crew
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
    """

    frame: pd.DataFrame
    calendar: np.ndarray
    folds: tuple[Fold, ...]
    groups: tuple[GroupForecast, ...]
    features: tuple[str, ...]
    silent: tuple[str, ...] = ()


def walk_forward(
    instruments: Sequence[ForecastInput],
    config: Config,
    *,
    features: Sequence[str] | None = None,
    baselines: Sequence[Opponents] | None = None,
    crew: Crew | None = None,
) -> Forecasts:
    """Forecast every session of every instrument from the first outer fold on.

    The row of date D is the same, to the last bit, whichever later history is given.

    Parameters
    ----------
    instruments : with distinct symbols.
    config : sections ``forecast``, ``outcome``, ``horizons`` and ``seed`` are used.
    features : columns of the replay frame given to the classifier; None: :func:`engine.replay.families.model_features`.
    baselines : of each instrument, where they are known already: :func:`baselines_of` of the union calendar.
    crew : does the pooling groups and horizons; None: this process, horizons in threads.

    Raises
    ------
    DataError
        ``data.too_few_bars`` when no session of any instrument can be forecast; the message names the number
        needed.  ``data.nothing_to_forecast`` when there are enough of them, but none to be forecast has a setup.
    InputError
        ``forecast.duplicate_symbol``, ``forecast.missing_feature``.
    """
    settings = config.forecast
    model = model_named(settings.model)
    if model.needs_events and config.outcome.rule == "terminal":
        raise ConfigError(
            "config.no_events",
            f"forecast.model {settings.model} needs outcomes with events; outcome.rule terminal has none",
            "choose outcome.rule target or band, or another model",
        )
    bars = [entry.bars for entry in instruments]
    names = tuple(model_features(bars) if features is None else features)
    _check_instruments(instruments, names)
    calendar = union_calendar([entry.bars.dates for entry in instruments])
    folds = walk_forward_folds(
        len(calendar),
        min_train_sessions=settings.min_train_sessions,
        refit_sessions=settings.refit_sessions,
        inner_from=max(EARLIEST_REFIT, settings.min_train_sessions // 2),
    )
    # one thread: products of small matrices only wait for each other on more, and bits stay the same
    with threadpool_limits(1, user_api="blas"):
        found = (
            [baselines_of(entry, calendar, config) for entry in instruments]
            if baselines is None
            else list(baselines)
        )
        groups = _forecast_groups(instruments, found, _Question(calendar, folds, names, config), crew)
    frame = forecast_table(instruments, found, groups, calendar, config)
    silent = _silent(instruments, frame, settings)
    return Forecasts(frame, calendar, folds, tuple(groups), names, silent)


def baselines_of(entry: ForecastInput, calendar: np.ndarray, config: Config) -> Opponents:
    """The baselines of one instrument, whose refits are counted on the calendar of all instruments."""
    with threadpool_limits(1, user_api="blas"):
        return opponents(entry, known_bars(entry.bars.dates, calendar, config.forecast), config)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What all groups share."""

    calendar: np.ndarray
    folds: tuple[Fold, ...]
    features: tuple[str, ...]
    config: Config


def _forecast_groups(
    instruments: Sequence[ForecastInput],
    baselines: Sequence[Opponents],
    question: _Question,
    crew: Crew | None,
) -> list[GroupForecast]:
    """The tracks of every group, one after the other, so that few of them are held twice."""
    config = question.config
    place = {entry.bars.symbol: i for i, entry in enumerate(instruments)}
    families = {entry.bars.symbol: entry.bars.family for entry in instruments}
    grouped = {
        name: [place[symbol] for symbol in symbols]
        for name, symbols in pooled(families, config.forecast.pooling).items()
    }
    together = model_named(config.forecast.model).all_horizons
    horizon_sets = [config.horizons] if together else [(h,) for h in config.horizons]

    def track(name: str, horizons: tuple[int, ...]) -> Track:
        members = grouped[name]
        return build_track(
            [instruments[i] for i in members],
            [baselines[i] for i in members],
            question.calendar,
            question.features,
            config.horizons,
            horizons,
        )

    jobs = [(name, horizons) for name in grouped for horizons in horizon_sets]
    done = list(_all_tracks(jobs, track, question, crew))
    groups = []
    for number, name in enumerate(grouped):
        mine = done[number * len(horizon_sets) : (number + 1) * len(horizon_sets)]
        tracks, calibrated, published = zip(*mine, strict=True)
        groups.append(GroupForecast(name, tracks, calibrated, published))
    return groups


_Done = tuple[TrackForecast, CalibratedTrack, np.ndarray]


def _all_tracks(
    jobs: Sequence[tuple[str, tuple[int, ...]]],
    track: Callable[[str, tuple[int, ...]], Track],
    question: _Question,
    crew: Crew | None,
) -> Iterator[_Done]:
    one = partial(_forecast_track, question.folds, question.config)
    if crew is None or crew.workers == 1:
        # tracks are independent and the kernels release the interpreter's lock
        with ThreadPoolExecutor(min(thread_count(), len(question.config.horizons))) as pool:
            for first in range(0, len(jobs), len(question.config.horizons)):
                yield from pool.map(
                    lambda job: one(track(*job)), jobs[first : first + len(question.config.horizons)]
                )
        return
    sent: deque[Track] = deque()

    def tracks() -> Iterator[Track]:
        for job in jobs:
            sent.append(track(*job))
            yield sent[-1]

    names = [f"{name}, {horizons[-1]} sessions" for name, horizons in jobs]
    for forecast, calibrated, published in crew.map(partial(_without_its_track, one), tracks(), names):
        yield replace(forecast, track=sent.popleft()), calibrated, published


def _without_its_track(one: Callable[[Track], _Done], track: Track) -> _Done:
    forecast, calibrated, published = one(track)
    return replace(forecast, track=_NOTHING), calibrated, published  # who sent it has it


_NOTHING: Any = None


def _forecast_track(folds: tuple[Fold, ...], config: Config, track: Track) -> _Done:
    settings = config.forecast
    model = model_named(settings.model)
    with threadpool_limits(1, user_api="blas"):
        forecast = forecast_track(
            track,
            folds,
            model.learner(track.names, track.horizons),
            deviations=model.own_models,
            rolling_sessions=settings.rolling_sessions if settings.window == "rolling" else None,
        )
        result = calibrate_track(forecast, settings.calibrator, forced=settings.force_calibrator)
        published = (
            drift_corrected(forecast, result.calibrated)
            if settings.online_recalibration
            else result.calibrated
        )
    return forecast, result, published


def _check_instruments(instruments: Sequence[ForecastInput], features: Sequence[str]) -> None:
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


def _silent(
    instruments: Sequence[ForecastInput], frame: pd.DataFrame, settings: ForecastConfig
) -> tuple[str, ...]:
    present = set(frame["instrument"].unique())
    silent = tuple(entry.bars.symbol for entry in instruments if entry.bars.symbol not in present)
    if len(silent) == len(instruments):
        longest = max(len(entry.bars) for entry in instruments)
        needed = EARLIEST_REFIT + settings.refit_sessions
        names = ", ".join(silent)
        if longest < needed:
            raise DataError(
                "data.too_few_bars",
                f"not one session of {names} can be forecast; an instrument needs a setup and about "
                f"{needed} sessions of its own, the longest here has {longest}",
                "use a longer history or a later date, or lower forecast.min_train_sessions",
            )
        setups = sum(int(np.isfinite(entry.setup).all(axis=1).sum()) for entry in instruments)
        raise DataError(
            "data.nothing_to_forecast",
            f"{names}: no session to be forecast has a setup (of all {sum(len(e.bars) for e in instruments)}, "
            f"{setups} have one); where prices stand still there is no distance to measure",
            "look at the bars with `engine check`",
        )
    return silent
