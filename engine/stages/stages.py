"""Replay, filtered_history and forecasts of any config on one set of bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import Config
from engine.forecast.baselines.filtered_history import FilteredHistory
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.folds.calendar import known_bars, union_calendar
from engine.forecast.inputs import ForecastInput, input_of
from engine.forecast.opponents.all import history_of, opponents
from engine.forecast.walk_forward import Plan, plan_of, weighed
from engine.replay.replay import Replay, replay
from engine.stages.frames import as_arrays, as_frame
from engine.stages.scored import Scored
from engine.stages.store import Store, fingerprint
from engine.stages.walk import BASELINES, Walk, forecasts, scores, skill_by_fold

_KEPT = 8  # replays and simulations kept in memory; forecasts are small, and four times as many are


class Stages:
    """The stages on ``bars``; see :mod:`engine.stages`.

    Parameters
    ----------
    bars : by symbol, as loaded; every config that is asked for must be about them.
    folder : where simulations and forecasts are kept for other processes and later ones; None: in memory only.
    """

    def __init__(self, bars: Mapping[str, BarSeries], folder: Path | None = None) -> None:
        self.bars = dict(bars)
        self._prints = {symbol: series.fingerprint() for symbol, series in self.bars.items()}
        self._replays = Store(_KEPT)
        self._inputs = Store(_KEPT)
        self._histories = Store(_KEPT * max(1, len(self.bars)), folder and folder / "history")
        self._frames = Store(4 * _KEPT)
        self._forecasts = Store(2, folder and folder / "forecast")
        self._fits = Store(8 * _KEPT * max(1, len(self.bars)))
        self._weighed = Store(_KEPT * max(1, len(self.bars)))

    def replays(self, config: Config) -> dict[str, Replay]:
        """Every instrument replayed."""
        key = fingerprint("replay", _part(config, "rules", "setup", "plugins"))
        return self._replays.get(
            key, lambda: {symbol: replay(series, config) for symbol, series in self.bars.items()}
        )

    def inputs(self, config: Config) -> tuple[ForecastInput, ...]:
        """What the walk-forward is given."""
        key = fingerprint("inputs", self._question(config))

        def make() -> tuple[ForecastInput, ...]:
            found = self.replays(config).values()
            return tuple(input_of(one.bars, one.known, one.setup, config) for one in found)

        return self._inputs.get(key, make)

    def replay_frame(self, config: Config) -> pd.DataFrame:
        """Instrument, date, floor, target and sigma of every session: what a backtest reads of a replay."""
        found = self.replays(config).values()
        columns = ["instrument", "date", "floor", "target_low", "sigma"]
        return pd.concat([one.frame[columns] for one in found], ignore_index=True)

    def question(self, config: Config) -> str:
        """Fingerprint of every setup and what came of it: equal where two configs ask the same."""
        inputs = self.inputs(config)
        return fingerprint(
            *(
                part
                for item in inputs
                for part in (item.bars.symbol, item.setup, item.outcomes.codes, list(config.horizons))
            )
        )

    def forecasts(self, config: Config) -> pd.DataFrame:
        """The walk-forward's frame: as ``forecasts.parquet``."""
        return self._frames.get(self.forecast_key(config), lambda: self._stored_forecasts(config))

    def forecast_key(self, config: Config) -> str:
        """Fingerprint of everything that a forecast is made from."""
        settings = _part(config, "forecast", "seed")
        settings["forecast"].pop(
            "interval_draws"
        )  # intervals are shown to readers; no forecast depends on them
        return fingerprint("forecast", self._question(config), settings, self._prints)

    def walk(self, inputs: Sequence[ForecastInput], config: Config) -> pd.DataFrame:
        """Forecast ``inputs`` of this config, or with other outcomes; see :mod:`engine.stages.walk`."""
        return forecasts(self._walk(inputs, config), self._fits)

    def scores(self, inputs: Sequence[ForecastInput], config: Config) -> Scored:
        """What its rows lost."""
        return scores(self._walk(inputs, config), self._fits)

    def skill_by_fold(self, inputs: Sequence[ForecastInput], config: Config) -> Iterator[float]:
        """What the same is worth up to the end of each fold; see :func:`engine.stages.walk.skill_by_fold`."""
        return skill_by_fold(self._walk(inputs, config), self._fits)

    def _walk(self, inputs: Sequence[ForecastInput], config: Config) -> Walk:
        plan = plan_of([item.bars for item in inputs], config)
        by_symbol = {item.bars.symbol: item for item in inputs}
        groups = {
            name: self._opponents(plan, [by_symbol[symbol] for symbol in symbols])
            for name, symbols in plan.groups.items()
        }
        return Walk(tuple(inputs), plan, groups)

    def _opponents(self, plan: Plan, members: Sequence[ForecastInput]) -> list[Opponents]:
        config, calendar = plan.config, plan.calendar
        known = [known_bars(item.bars.dates, calendar, config.forecast) for item in members]

        def make() -> list[Opponents]:
            return [
                opponents(
                    item, bars_known, calendar, config, self._history(item, bars_known, config), BASELINES
                )
                for item, bars_known in zip(members, known, strict=True)
            ]

        if not config.forecast.variance_inputs:
            return make()
        keys = [self._history_key(item, at, config) for item, at in zip(members, known, strict=True)]
        key = fingerprint("weighed", keys, config.forecast.variance_inputs, config.forecast.pooling)
        return self._weighed.get(key, lambda: weighed(plan, members, make()))

    def _stored_forecasts(self, config: Config) -> pd.DataFrame:
        symbols = list(self.bars)

        def make() -> dict[str, np.ndarray]:
            return as_arrays(self.walk(self.inputs(config), config), symbols)

        return as_frame(self._forecasts.arrays(self.forecast_key(config), make), symbols)

    def history(self, entry: ForecastInput, config: Config) -> FilteredHistory:
        """The simulation of one of the inputs of ``config``."""
        calendar = union_calendar([series.dates for series in self.bars.values()])
        return self._history(entry, known_bars(entry.bars.dates, calendar, config.forecast), config)

    def _history(self, entry: ForecastInput, known: np.ndarray, config: Config) -> FilteredHistory:
        make = partial(_history_arrays, entry, known, config)
        return FilteredHistory(**self._histories.arrays(self._history_key(entry, known, config), make))

    def _history_key(self, entry: ForecastInput, known: np.ndarray, config: Config) -> str:
        return fingerprint(
            "history",
            self._prints[entry.bars.symbol],
            entry.setup,
            known,
            max(config.horizons),
            _part(config, "outcome", "seed"),
            config.forecast.paths,
        )

    def _question(self, config: Config) -> dict[str, Any]:
        return _part(config, "rules", "setup", "outcome", "horizons", "plugins")


def _history_arrays(entry: ForecastInput, known: np.ndarray, config: Config) -> dict[str, np.ndarray]:
    history = history_of(entry, known, config)
    return {field.name: getattr(history, field.name) for field in fields(FilteredHistory)}


def _part(config: Config, *sections: str) -> dict[str, Any]:
    return config.model_dump(mode="json", include=set(sections))
