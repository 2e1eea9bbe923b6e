"""How far the labels behind each fold look: evidence that nothing trained on what it forecasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.forecast.inputs import ForecastInput
from engine.forecast.walk_forward import Forecasts


def training_labels(forecasts: Forecasts, instruments: Sequence[ForecastInput]) -> pd.DataFrame:
    """One row per instrument, horizon and outer fold with training rows.

    Returns
    -------
    Columns fold, instrument, horizon_sessions, start (first date forecast), last_label_end (the date of bar
    t + H of the latest training row t, read from the instrument's own bars, not from the purge itself).
    """
    dates = {entry.bars.symbol: entry.bars.dates for entry in instruments}
    rows = []
    for group in forecasts.groups:
        for forecast in group.tracks:
            track, longest = forecast.track, max(forecast.track.horizons)
            for model in forecast.models:
                if model.fold.number < 0 or not model.rows:
                    continue
                stop = track.known_at(model.fold.start)
                used = slice(stop - model.rows, stop)
                for index, symbol in enumerate(track.symbols):
                    mine = track.row[used][track.instrument[used] == index]
                    if len(mine):
                        rows.append(
                            {
                                "fold": model.fold.number,
                                "instrument": symbol,
                                "horizon_sessions": longest,
                                "start": forecasts.calendar[model.fold.start].astype("datetime64[us]"),
                                "last_label_end": dates[symbol][int(mine.max()) + longest].astype(
                                    "datetime64[us]"
                                ),
                            }
                        )
    columns = ["fold", "instrument", "horizon_sessions", "start", "last_label_end"]
    return pd.DataFrame(rows, columns=columns).astype({"fold": np.int64})
