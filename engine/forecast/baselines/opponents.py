"""The forecasts to be beaten, side by side, for every session of one instrument."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.config import Config
from engine.forecast.baselines import BASELINES, BaselineInput
from engine.forecast.baselines.filtered_history import FilteredHistory, filtered_history
from engine.forecast.inputs import ForecastInput


@dataclass(frozen=True, slots=True, eq=False)
class Opponents:
    """Baselines of one instrument.

    Attributes
    ----------
    history : ``filtered_history`` for sessions 1 .. longest horizon.
    tables : name -> (n, len(horizons), 3) float64, NaN where a baseline has no forecast.
    """

    history: FilteredHistory
    tables: dict[str, np.ndarray]


def opponents(entry: ForecastInput, known: np.ndarray, config: Config) -> Opponents:
    """All baselines of one instrument; ``known[t]`` bars were there when the fit used at ``t`` was made."""
    history = filtered_history(
        entry.bars,
        entry.setup,
        known,
        max(config.horizons),
        config.outcome,
        config.forecast.paths,
        config.seed,
        rows=~np.isnan(entry.setup).any(axis=1) & (known > 0),
    )
    seen = BaselineInput(entry, history, config)
    tables = {baseline.name: baseline.forecast(seen) for baseline in BASELINES}
    return Opponents(history, {name: table for name, table in tables.items() if table is not None})
