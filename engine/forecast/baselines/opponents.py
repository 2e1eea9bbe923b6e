"""The forecasts to be beaten, side by side, for every session of one instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.config import Config
from engine.forecast.baselines.analyst import analyst
from engine.forecast.baselines.climatology import climatology
from engine.forecast.baselines.filtered_history import FilteredHistory, filtered_history
from engine.forecast.baselines.random_walk import random_walk
from engine.forecast.baselines.same_reading import same_reading
from engine.forecast.inputs import ForecastInput
from engine.rules.reading import reading_code

# sessions: filtered_history starts long before the first forecast, so that training rows have an offset
EARLIEST_REFIT = 252


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
    horizons: Sequence[int] = config.horizons
    bars, frame = entry.bars, entry.frame
    defined = ~np.isnan(entry.setup).any(axis=1)
    history = filtered_history(
        bars,
        entry.setup,
        known,
        max(horizons),
        config.outcome,
        config.forecast.paths,
        config.seed,
        rows=defined & (known > 0),
    )
    codes = entry.outcomes.codes
    tables = {
        "climatology": climatology(codes, horizons),
        "same_reading": same_reading(
            codes, reading_code(frame["bias"].to_numpy(), frame["position"].to_numpy()), horizons
        ),
        "random_walk": random_walk(
            bars.close, entry.setup, frame["sigma"].to_numpy(dtype=np.float64), horizons, config.outcome
        ),
        "filtered_history": np.stack([history.probabilities[:, h - 1] for h in horizons], axis=1),
    }
    if config.forecast.analyst is not None:
        tables["analyst"] = analyst(config.forecast.analyst, len(bars), len(horizons))
    return Opponents(history, tables)
