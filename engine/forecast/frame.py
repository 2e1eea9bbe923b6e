"""Forecasts as a table: the columns of ``forecasts.parquet``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.config import Config
from engine.forecast.baselines import BASELINES
from engine.forecast.baselines.opponents import Opponents
from engine.forecast.inputs import ForecastInput
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE, SCENARIOS

if TYPE_CHECKING:
    from engine.forecast.walk_forward import GroupForecast

CLASS_ORDER = (CONTINUATION, RANGE, BREAKDOWN)  # order of the columns in the file


def forecast_columns(names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Column names of the forecast table, in order; of the baselines called ``names`` only, unless None."""
    sources = ("p", "raw", *(BASELINES.names if names is None else names))
    tables = [f"{source}_{SCENARIOS[c]}" for source in sources for c in CLASS_ORDER]
    return (
        "instrument",
        "date",
        "horizon_sessions",
        "fold",
        "outcome",
        *tables,
        "p_target_touch",
        "p_retest_touch",
    )


def forecast_table(
    instruments: Sequence[ForecastInput],
    baselines: Sequence[Opponents],
    groups: Sequence[GroupForecast],
    calendar: np.ndarray,
    config: Config,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per instrument, date and horizon of the outer folds, in that order.

    The columns of a baseline that has no forecast are NaN, ``outcome`` missing where unresolved.  Baselines are those
    called ``names``; None: all.
    """
    shown = BASELINES.names if names is None else tuple(names)
    place = {entry.bars.symbol: i for i, entry in enumerate(instruments)}
    parts = []
    for group in groups:
        for forecast, calibrated, published in zip(
            group.tracks, group.calibrated, group.published, strict=True
        ):
            track = forecast.track
            rows = np.flatnonzero(forecast.forecast & (forecast.fold >= 0))
            index = np.array([place[s] for s in track.symbols], dtype=np.int64)[track.instrument[rows]]
            for k, horizon in enumerate(track.horizons):
                parts.append(
                    _part(instruments, baselines, index, track.row[rows], horizon, config, shown)
                    | {
                        "fold": forecast.fold[rows],
                        "code": track.codes[rows, k],
                        "p": published[rows, k],
                        "raw": calibrated.raw[rows, k],
                    }
                )
    merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((merged["horizon"], merged["row"], merged["instrument"]))
    merged = {name: values[order] for name, values in merged.items()}
    return _frame(merged, instruments, shown)


def _part(
    instruments: Sequence[ForecastInput],
    baselines: Sequence[Opponents],
    index: np.ndarray,
    row: np.ndarray,
    horizon: int,
    config: Config,
    names: Sequence[str],
) -> dict[str, np.ndarray]:
    column = list(config.horizons).index(horizon)
    n = len(row)
    part: dict[str, np.ndarray] = {
        "instrument": index,
        "row": row,
        "horizon": np.full(n, horizon, dtype=np.int64),
        "date": np.empty(n, dtype="datetime64[us]"),
        "target_touch": np.empty(n),
        "retest_touch": np.empty(n),
    }
    for name in names:
        part[name] = np.full((n, 3), np.nan)
    part["start"] = np.full((n, 3), np.nan)
    for i, (entry, base) in enumerate(zip(instruments, baselines, strict=True)):
        at = np.flatnonzero(index == i)
        bars = row[at]
        part["date"][at] = entry.bars.dates[bars].astype("datetime64[us]")
        part["target_touch"][at] = base.history.target_touch[bars, horizon - 1]
        part["retest_touch"][at] = base.history.retest_touch[bars, horizon - 1]
        for name in names:
            if name in base.tables:
                part[name][at] = base.tables[name][bars, column]
        part["start"][at] = base.tables[base.start][bars, column]
    return part


def _frame(
    merged: dict[str, np.ndarray], instruments: Sequence[ForecastInput], names: Sequence[str]
) -> pd.DataFrame:
    symbols = np.array([entry.bars.symbol for entry in instruments], dtype=object)
    outcomes = np.array([*SCENARIOS, None], dtype=object)  # code -1 is the last
    columns: dict[str, object] = {
        "instrument": pd.Series(symbols[merged["instrument"]], dtype="str"),
        "date": merged["date"],
        "horizon_sessions": merged["horizon"],
        "fold": merged["fold"],
        "outcome": pd.Series(outcomes[merged["code"]], dtype="str"),
    }
    for source in ("p", "raw", *names):
        for c in CLASS_ORDER:
            columns[f"{source}_{SCENARIOS[c]}"] = merged[source][:, c]
    target, retest = touch_probabilities(
        merged["p"], merged["start"], merged["target_touch"], merged["retest_touch"]
    )
    columns["p_target_touch"] = target
    columns["p_retest_touch"] = retest
    frame = pd.DataFrame(columns)
    assert tuple(frame.columns) == forecast_columns(names)
    return frame


def touch_probabilities(
    p: np.ndarray, baseline: np.ndarray, target_touch: np.ndarray, retest_touch: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Touch probabilities that agree with the scenario table ``p`` (n, 3).

    The baseline gives P(target touched) = P(continuation) + P(touched later or without it).  That second
    part, as a share of the probability left, is kept, and likewise for the retest and breakdown, so a table
    that calls continuation more likely also calls the touch of its target more likely.
    """

    def moved(touch: np.ndarray, scenario: int) -> np.ndarray:
        own, new = baseline[:, scenario], p[:, scenario]
        inside = np.minimum(touch, own)
        outside = (touch - inside) / (1.0 - own)
        return np.clip(new * (inside / own) + (1.0 - new) * outside, 0.0, 1.0)

    return moved(target_touch, CONTINUATION), moved(retest_touch, BREAKDOWN)
