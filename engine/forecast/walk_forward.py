"""The purged walk-forward: every forecast of a run, each made from what was known at its fold's start.

All instruments of a pooling group share folds by date.  The order of work: baselines, rows in the order
their outcomes become known, one track per horizon, calibration, online recalibration, one table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from engine.config import Config, ForecastConfig
from engine.errors import ConfigError, DataError, InputError
from engine.forecast.baselines.opponents import EARLIEST_REFIT, Opponents, opponents
from engine.forecast.calibration.drift import drift_corrected
from engine.forecast.calibration.walk import CalibratedTrack, calibrate_track
from engine.forecast.folds.calendar import (
    Fold,
    bars_known,
    calendar_positions,
    refit_starts,
    union_calendar,
    walk_forward_folds,
)
from engine.forecast.folds.rows import Track, build_track
from engine.forecast.folds.selection import PENALTIES
from engine.forecast.folds.walk import TrackForecast, forecast_track
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.models.boosting import BoostingLearner
from engine.forecast.models.hazard import HazardLearner
from engine.forecast.models.learner import Learner, OffsetLogisticLearner
from engine.forecast.models.ordinal import OrdinalLearner
from engine.kernels.threads import thread_count


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
    progress: Callable[[float], None] | None = None,
) -> Forecasts:
    """Forecast every session of every instrument from the first outer fold on.

    The row of date D is the same, to the last bit, whichever later history is given.

    Parameters
    ----------
    instruments : with distinct symbols.
    config : sections ``forecast``, ``outcome``, ``horizons`` and ``seed`` are used.
    features : columns of the replay frame given to the classifier; None: :func:`engine.replay.families.model_features`.
    progress : called with the share of work done, 0 to 1.

    Raises
    ------
    DataError
        ``data.too_few_bars`` when no session of any instrument can be forecast; the message names the number
        needed.  ``data.nothing_to_forecast`` when there are enough of them, but none to be forecast has a setup.
    InputError
        ``forecast.duplicate_symbol``, ``forecast.missing_feature``.
    """
    settings = config.forecast
    if settings.model == "hazard" and config.outcome.rule == "terminal":
        raise ConfigError(
            "config.no_events",
            "forecast.model hazard needs outcomes with events; outcome.rule terminal has none",
            "choose outcome.rule target or band, or another model",
        )
    names = _model_features() if features is None else tuple(features)
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
        return _walk_forward(instruments, config, names, calendar, folds, progress or (lambda share: None))


def _walk_forward(
    instruments: Sequence[ForecastInput],
    config: Config,
    names: tuple[str, ...],
    calendar: np.ndarray,
    folds: tuple[Fold, ...],
    report: Callable[[float], None],
) -> Forecasts:
    settings = config.forecast
    baselines = []
    for entry in instruments:
        known = known_bars(entry, calendar, settings)
        baselines.append(opponents(entry, known, config))
        report(0.5 * len(baselines) / len(instruments))
    grouped = _groups(instruments, settings.pooling)
    done, groups = 0, []
    for name, members in grouped.items():
        groups.append(
            _forecast_group(
                name,
                [instruments[i] for i in members],
                [baselines[i] for i in members],
                calendar,
                folds,
                names,
                config,
            )
        )
        done += len(members)
        report(0.5 + 0.5 * done / len(instruments))
    frame = forecast_table(instruments, baselines, groups, calendar, config)
    silent = _silent(instruments, frame, settings)
    return Forecasts(frame, calendar, folds, tuple(groups), names, silent)


def _forecast_group(
    name: str,
    members: list[ForecastInput],
    baselines: list[Opponents],
    calendar: np.ndarray,
    folds: tuple[Fold, ...],
    features: tuple[str, ...],
    config: Config,
) -> GroupForecast:
    settings = config.forecast
    together = settings.model == "hazard"
    horizon_sets = [config.horizons] if together else [(h,) for h in config.horizons]

    def one_track(horizons: tuple[int, ...]) -> tuple[TrackForecast, CalibratedTrack, np.ndarray]:
        track = build_track(members, baselines, calendar, features, config.horizons, horizons)
        forecast = forecast_track(
            track,
            folds,
            make_learner(config, track),
            deviations=settings.model == "offset_logistic",
            rolling_sessions=settings.rolling_sessions if settings.window == "rolling" else None,
        )
        result = calibrate_track(forecast, settings.calibrator, forced=settings.force_calibrator)
        if settings.online_recalibration:
            return forecast, result, drift_corrected(forecast, result.calibrated)
        return forecast, result, result.calibrated

    # tracks are independent and the kernels release the interpreter's lock
    with ThreadPoolExecutor(min(thread_count(), len(horizon_sets))) as pool:
        tracks, calibrated, published = zip(*pool.map(one_track, horizon_sets), strict=True)
    return GroupForecast(name, tracks, calibrated, published)


def make_learner(config: Config, track: Track) -> Learner:
    """The classifier that ``config.forecast.model`` names."""
    model = config.forecast.model
    if model == "offset_logistic":
        return OffsetLogisticLearner(PENALTIES)
    if model == "ordinal":
        return OrdinalLearner(PENALTIES)
    if model == "hazard":
        return HazardLearner(PENALTIES, track.horizons)
    if model == "boosting":
        return BoostingLearner(track.names, track.horizons[-1])
    raise InputError("forecast.unknown_model", f"no model is called {model!r}")


def _model_features() -> tuple[str, ...]:
    from engine.replay.families import model_features

    return model_features()


def known_bars(entry: ForecastInput, calendar: np.ndarray, settings: ForecastConfig) -> np.ndarray:
    """How many of its own bars the fit used at each row has seen; ``calendar`` (of all instruments) counts refits."""
    starts = refit_starts(
        len(calendar),
        min_train_sessions=settings.min_train_sessions,
        refit_sessions=settings.refit_sessions,
        earliest=EARLIEST_REFIT,
    )
    return bars_known(calendar_positions(entry.bars.dates, calendar), starts)


def _groups(instruments: Sequence[ForecastInput], pooling: str) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for index, entry in enumerate(instruments):
        name = {"none": entry.bars.symbol, "family": entry.bars.family, "all": "all"}[pooling]
        groups.setdefault(name, []).append(index)
    return groups


def _check_instruments(instruments: Sequence[ForecastInput], features: Sequence[str]) -> None:
    seen: set[str] = set()
    for entry in instruments:
        symbol = entry.bars.symbol
        if symbol in seen:
            raise InputError(
                "forecast.duplicate_symbol", f"symbol {symbol!r} appears twice", "name each once"
            )
        seen.add(symbol)
        missing = [name for name in features if name not in entry.frame.columns]
        if missing:
            raise InputError(
                "forecast.missing_feature", f"{symbol}: the replay frame has no column {', '.join(missing)}"
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
