"""The walk-forward as a search or a sweep needs it: what a score and a backtest read, and nothing fitted twice.

Every forecast is, to the last bit, that of :func:`engine.forecast.walk_forward.walk_forward`.  Left out are the baselines
that nothing here is scored against; one of them, ``recalibrated``, is fitted as often as the model.  The fits of a track
are kept under the fingerprint of the rows they are fitted to, so a setting that moves nothing the model sees, like the
thresholds of a reading, costs no fit, and a calibrator is tried on the forecasts that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import pandas as pd

from engine.forecast.baselines.opponents import Opponents
from engine.forecast.calibration.walk import CalibratedTrack, CalibrationWalk
from engine.forecast.folds.rows import Track, build_track
from engine.forecast.folds.walk import FoldModel, TrackForecast
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.models import model_named
from engine.forecast.walk_forward import (
    GroupForecast,
    Plan,
    check_instruments,
    corrected,
    fitted,
    fitted_folds,
    published,
    silent_of,
)
from engine.kernels.threads import one_thread, thread_count
from engine.stages.scored import Scored, scored
from engine.stages.store import Store, fingerprint

BASELINES = ("filtered_history",)  # what scores, null studies and entry rules are held against


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What is walked: inputs, how, and the opponents of each group's members in the order of ``plan.groups``."""

    inputs: tuple[ForecastInput, ...]
    plan: Plan
    opponents: Mapping[str, Sequence[Opponents]]

    def members(self, name: str) -> list[ForecastInput]:
        """The inputs of a group."""
        by_symbol = {entry.bars.symbol: entry for entry in self.inputs}
        return [by_symbol[symbol] for symbol in self.plan.groups[name]]


def forecasts(walk: Walk, fits: Store) -> pd.DataFrame:
    """As :attr:`engine.forecast.walk_forward.Forecasts.frame`, with the columns of :data:`BASELINES` only.

    Raises
    ------
    DataError, InputError
        as :func:`engine.forecast.walk_forward.walk_forward`.
    """
    plan = walk.plan
    groups = _groups(walk, fits)
    made = {
        symbol: base
        for name, symbols in plan.groups.items()
        for symbol, base in zip(symbols, walk.opponents[name], strict=True)
    }
    in_order = [made[entry.bars.symbol] for entry in walk.inputs]
    frame = forecast_table(walk.inputs, in_order, groups, plan.calendar, plan.config, BASELINES)
    setups = {entry.bars.symbol: int(np.isfinite(entry.setup).all(axis=1).sum()) for entry in walk.inputs}
    bars = [entry.bars for entry in walk.inputs]
    silent_of(bars, setups, set(frame["instrument"]), plan.config.forecast)
    return frame


def scores(walk: Walk, fits: Store) -> Scored:
    """What the rows of :func:`forecasts` lost, without a frame of them."""
    plan, inputs = walk.plan, walk.inputs
    place = {entry.bars.symbol: i for i, entry in enumerate(inputs)}
    parts = []
    for name, group in zip(plan.groups, _groups(walk, fits), strict=True):
        for forecast, last in zip(group.tracks, group.published, strict=True):
            track = forecast.track
            rows = np.flatnonzero(forecast.forecast & (forecast.fold >= 0))
            table = _table_of(walk, name, track)
            instrument = np.array([place[symbol] for symbol in track.symbols])[track.instrument[rows]]
            for k, sessions in enumerate(track.horizons):
                ours = (last[rows, k], table[rows, k])
                parts.append(
                    (
                        np.full(len(rows), sessions),
                        track.session[rows],
                        instrument,
                        track.codes[rows, k],
                        *ours,
                    )
                )
    horizon, session, instrument, code, p, reference = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((horizon, session, instrument))
    return scored(horizon[order], session[order], code[order], p[order], reference[order])


def skill_by_fold(walk: Walk, fits: Store) -> Iterator[float]:
    """Skill over filtered_history, averaged over the horizons, on the rows up to the end of each outer fold in turn.

    A fold is fitted when its score is asked for.  Folds of which no outcome is known repeat the score before them.
    """
    plan, horizons = walk.plan, list(walk.plan.config.horizons)
    check_instruments(walk.inputs, plan.features)
    tracks = [(name, track) for name in plan.groups for track in _tracks(walk, name)]
    steps = [_steps(plan, track, fits) for _, track in tracks]
    tables = [_table_of(walk, name, track) for name, track in tracks]
    sums = np.zeros((len(horizons), 3))  # losses of the forecast, of filtered_history, and rows
    for fold in plan.folds:
        with one_thread():
            made = [next(one) for one in steps]
        if fold.number < 0:
            continue
        for (_, track), (number, p), table in zip(tracks, made, tables, strict=True):
            for k, horizon in enumerate(track.horizons):
                at = np.flatnonzero((number == fold.number) & (track.codes[:, k] >= 0))
                own = track.codes[at, k]
                losses = [-np.log(source[at, k, own]).sum() for source in (p, table)]
                sums[horizons.index(horizon)] += (*losses, len(at))
        seen = sums[:, 2] > 0
        yield float(np.mean(1.0 - sums[seen, 0] / sums[seen, 1])) if seen.any() else 0.0


def fit_key(plan: Plan, track: Track) -> str:
    """Fingerprint of all that the fits of a track are made from: its rows and, of the settings, model and window."""
    settings = plan.config.forecast
    arrays = [getattr(track, field.name) for field in fields(track)]
    return fingerprint(
        *arrays,
        [[fold.number, fold.start, fold.stop] for fold in plan.folds],
        settings.model,
        [file.sha256 for file in plan.config.plugins],
        settings.rolling_sessions if settings.window == "rolling" else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """A :class:`TrackForecast` without its track: the rows are as large again as everything made from them."""

    logits: np.ndarray
    fold: np.ndarray
    forecast: np.ndarray
    models: tuple[FoldModel, ...]

    def of(self, track: Track) -> TrackForecast:
        """Of the rows it was made from."""
        return TrackForecast(track, self.logits, self.fold, self.forecast, self.models)


def _fit(plan: Plan, track: Track) -> _Fit:
    return _kept(fitted(plan, track))


def _kept(made: TrackForecast) -> _Fit:
    return _Fit(made.logits, made.fold, made.forecast, made.models)


def _tracks(walk: Walk, name: str) -> list[Track]:
    plan = walk.plan
    # paths are of use to models of all horizons at once, and are half of a track
    with_paths = model_named(plan.config.forecast.model).all_horizons
    return [
        build_track(
            walk.members(name),
            walk.opponents[name],
            plan.calendar,
            plan.features,
            plan.config.horizons,
            horizons,
            with_paths=with_paths,
        )
        for horizons in plan.horizon_sets
    ]


def _table_of(walk: Walk, name: str, track: Track) -> np.ndarray:
    """filtered_history (N, horizons, 3) at the rows of a track."""
    columns = [list(walk.plan.config.horizons).index(horizon) for horizon in track.horizons]
    table = np.empty((len(track), len(columns), 3))
    for i, base in enumerate(walk.opponents[name]):
        mine = np.flatnonzero(track.instrument == i)
        table[mine] = base.tables["filtered_history"][track.row[mine]][:, columns]
    return table


def _groups(walk: Walk, fits: Store) -> list[GroupForecast]:
    check_instruments(walk.inputs, walk.plan.features)
    with one_thread():
        return [_group(walk, name, fits) for name in walk.plan.groups]


def _group(walk: Walk, name: str, fits: Store) -> GroupForecast:
    plan, tracks = walk.plan, _tracks(walk, name)
    keys = [fit_key(plan, track) for track in tracks]
    missing = [i for i, key in enumerate(keys) if key not in fits]
    # tracks are independent and the kernels release the interpreter's lock
    with ThreadPoolExecutor(min(thread_count(), max(1, len(missing)))) as pool:
        new = dict(zip(missing, pool.map(partial(fitted, plan), [tracks[i] for i in missing]), strict=True))
    done = []
    for i, (key, track) in enumerate(zip(keys, tracks, strict=True)):
        if i in new:
            forecast = new[i]
            fits.get(key, partial(_kept, forecast))
        else:
            forecast = fits.get(key, partial(_fit, plan, track)).of(track)
        done.append((forecast, *_published(plan, forecast, key, fits)))
    return GroupForecast(name, *zip(*done, strict=True))


def _published(
    plan: Plan, forecast: TrackForecast, key: str, fits: Store
) -> tuple[CalibratedTrack, np.ndarray]:
    def make() -> tuple[CalibratedTrack, np.ndarray]:
        return published(plan, forecast)[1:]

    settings = plan.config.forecast
    how = (settings.calibrator, settings.force_calibrator, settings.online_recalibration)
    return fits.get(fingerprint("published", key, how), make)


def _steps(plan: Plan, track: Track, fits: Store) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Fold number (N,) and published forecast (N, horizons, 3) of the rows forecast so far, after each fold."""
    key = fit_key(plan, track)
    if key in fits:
        forecast = fits.get(key, partial(_fit, plan, track)).of(track)
        whole = forecast.fold, _published(plan, forecast, key, fits)[1]
        yield from (whole for _ in plan.folds)
        return
    settings = plan.config.forecast
    rows = np.flatnonzero((track.session >= plan.folds[0].start) & (track.session < plan.folds[-1].stop))
    walk = CalibrationWalk(track, rows, settings.calibrator, forced=settings.force_calibrator)
    for forecast in fitted_folds(plan, track):
        if len(forecast.models) == len(plan.folds):
            fits.get(key, partial(_kept, forecast))
        yield forecast.fold, corrected(plan, forecast, walk.through(forecast))
