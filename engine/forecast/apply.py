"""Saved models on newer bars: the last close of every instrument, and nothing fitted again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel

from engine.config import Config
from engine.errors import ConfigError, RunError
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.calibration.walk import CalibratedTrack
from engine.forecast.folds.calendar import bars_known, calendar_positions, pooled, union_calendar
from engine.forecast.folds.rows import OFFSET_FEATURES, build_track
from engine.forecast.folds.walk import TrackForecast
from engine.forecast.frame import forecast_table
from engine.forecast.inputs import ForecastInput
from engine.forecast.opponents import opponents, with_implied
from engine.forecast.saved import SavedModel
from engine.forecast.walk_forward import GroupForecast

# what a model's answer depends on; instruments, dates and what is done with the answer may differ
_SECTIONS = ("rules", "setup", "outcome", "horizons", "forecast", "seed")


def _differing(name: str, saved: object, asked: object) -> list[str]:
    """The keys of a section in which two configs differ, each with both values."""
    if isinstance(saved, BaseModel) and isinstance(asked, BaseModel):
        return [
            key
            for field in type(saved).model_fields
            for key in _differing(f"{name}.{field}", getattr(saved, field), getattr(asked, field))
        ]
    return [] if saved == asked else [f"{name} ({saved}, the config has {asked})"]


def check_same_question(saved: Config, asked: Config) -> None:
    """Refuse a config whose question, features or classifier are not those of the run that saved the model.

    Raises
    ------
    ConfigError
        ``config.other_model`` names the keys that differ; ``config.drift_not_saved``.
    """
    differ = [
        key for name in _SECTIONS for key in _differing(name, getattr(saved, name), getattr(asked, name))
    ]
    if [one.sha256 for one in saved.plugins] != [one.sha256 for one in asked.plugins]:
        differ.append("version of its plugins")
    if differ:
        raise ConfigError(
            "config.other_model",
            f"the model was fitted with another {', another '.join(differ)}",
            "use the run's own config.yaml, or run this config",
        )
    if asked.forecast.online_recalibration:
        raise ConfigError(
            "config.drift_not_saved",
            "forecast.online_recalibration corrects from outcomes that a saved model has not seen",
            "leave out --model",
        )


def apply_models(
    models: Sequence[SavedModel], instruments: Sequence[ForecastInput], config: Config
) -> pd.DataFrame:
    """The columns of ``forecasts.parquet`` for each instrument's last close.

    The simulation of filtered_history is fitted to the bars that the models' own fold knew; its paths start at the
    volatility of the last close.  An instrument whose last close has no setup has no row.

    Raises
    ------
    RunError
        ``run.no_model_for`` an instrument whose group the run did not have.
    """
    calendar = union_calendar([entry.bars.dates for entry in instruments])
    by_symbol = {entry.bars.symbol: entry for entry in instruments}
    families = {symbol: entry.bars.family for symbol, entry in by_symbol.items()}
    known = {(model.group, model.horizons): model for model in models}
    found = _at_last_close(instruments, calendar, models, config)
    order: list[ForecastInput] = []
    baselines: list[Opponents] = []
    groups = []
    for name, symbols in pooled(families, config.forecast.pooling).items():
        mine = [model for (group, _), model in known.items() if group == name]
        if not mine:
            raise RunError(
                "run.no_model_for",
                f"{', '.join(symbols)}: the run has no model of the group {name!r}",
                f"it has {', '.join(sorted({model.group for model in models}))}",
            )
        members = [by_symbol[symbol] for symbol in symbols]
        at_last = [found[symbol] for symbol in symbols]
        parts = [_answer(model, members, at_last, calendar, config) for model in mine]
        order += members
        baselines += at_last
        groups.append(
            GroupForecast(
                name,
                tuple(forecast for forecast, _ in parts),
                tuple(calibrated for _, calibrated in parts),
                tuple(calibrated.calibrated for _, calibrated in parts),
            )
        )
    return forecast_table(order, baselines, groups, calendar, config)


def _at_last_close(
    instruments: Sequence[ForecastInput],
    calendar: np.ndarray,
    models: Sequence[SavedModel],
    config: Config,
) -> dict[str, Opponents]:
    """Baselines of the last close of each instrument, fitted to what the models' own fold knew."""
    start = max((model.fold_start for model in models), default=calendar[-1])
    refits = []
    for entry in instruments:
        used = np.full(len(entry.bars), -1, dtype=np.int64)
        used[-1] = np.searchsorted(calendar, start)
        refits.append(used)
    known = [
        bars_known(calendar_positions(entry.bars.dates, calendar), used)
        for entry, used in zip(instruments, refits, strict=True)
    ]
    plain = [opponents(entry, bars, calendar, config) for entry, bars in zip(instruments, known, strict=True)]
    found = with_implied(instruments, plain, calendar, refits, config)
    return {entry.bars.symbol: one for entry, one in zip(instruments, found, strict=True)}


def _answer(
    model: SavedModel,
    members: Sequence[ForecastInput],
    baselines: Sequence[Opponents],
    calendar: np.ndarray,
    config: Config,
) -> tuple[TrackForecast, CalibratedTrack]:
    names = [name for name in model.features if name not in OFFSET_FEATURES]
    track = build_track(members, baselines, calendar, names, config.horizons, model.horizons)
    symbols = [track.symbols[i] for i in track.instrument]
    raw, calibrated = model.forecast(track.features, track.offset, track.paths, symbols)
    n = len(track)
    forecast = TrackForecast(
        track,
        np.log(raw),
        np.full(n, model.model.fold.number, dtype=np.int64),
        np.ones(n, dtype=bool),
        (model.model,),
    )
    return forecast, CalibratedTrack(raw, calibrated, ())
