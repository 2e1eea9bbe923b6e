"""Which regime each row belongs to: volatility tercile, trend, year, family, instrument.

All groups are known at the close the forecast was made: a date's volatility is ranked among the dates of its
own instrument up to itself, never among later ones.  (A group is only looked at after the fact; it still must
not be drawn with hindsight, or a "calm" group would be calm because nothing happened in it.)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engine.errors import InputError

GROUPINGS = ("volatility", "trend", "year", "family", "instrument")
_LEAST_HISTORY = 252  # sessions before a volatility rank means something


def regimes(replay: pd.DataFrame, families: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Groups of every replay row: instrument, date, and one column per grouping (null where unknown).

    ``volatility`` is low, middle or high by the rank of sigma among the instrument's sigmas so far (unknown
    for the first 252); ``trend`` is above_sma_200 or below_sma_200; ``year`` is four digits;
    ``family`` is what ``families`` says of the instrument (symbol -> family; None: unknown).

    Raises
    ------
    InputError
        ``verify.missing_column``.
    """
    missing = [c for c in ("instrument", "date", "close", "sigma", "sma_200") if c not in replay.columns]
    if missing:
        raise InputError("verify.missing_column", f"replay frame has no column {', '.join(missing)}")
    rank = replay.groupby("instrument", sort=False)["sigma"].transform(
        lambda sigma: sigma.expanding(min_periods=_LEAST_HISTORY).rank(pct=True)
    )
    values = rank.to_numpy(dtype=float)
    volatility = np.full(len(replay), None, dtype=object)
    for name, low, high in (("low", 0.0, 1 / 3), ("middle", 1 / 3, 2 / 3), ("high", 2 / 3, 1.0)):
        volatility[(values > low) & (values <= high)] = name
    mean = replay["sma_200"].to_numpy(dtype=float)
    trend = np.full(len(replay), None, dtype=object)
    close = replay["close"].to_numpy(dtype=float)
    trend[close >= mean] = "above_sma_200"
    trend[close < mean] = "below_sma_200"
    return pd.DataFrame(
        {
            "instrument": replay["instrument"].to_numpy(),
            "date": replay["date"].to_numpy(),
            "volatility": volatility,
            "trend": trend,
            "family": replay["instrument"].map(dict(families or {})).to_numpy(dtype=object),
            "year": pd.DatetimeIndex(replay["date"]).year.astype(str).to_numpy(dtype=object),
        }
    )
