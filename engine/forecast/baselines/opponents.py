"""The forecasts to be beaten of one instrument, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.forecast.baselines.filtered_history import FilteredHistory, MoreVariances


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What the mixtures lost on the dates of one instrument.

    Attributes
    ----------
    made : (n,) bool, both regressions have a forecast.
    losses : (n, shares) float64; NaN where they have not, or the horizon is not over.
    session, ends : (n,) calendar session of each date, and the one on which its horizon ends.
    """

    made: np.ndarray
    losses: np.ndarray
    session: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Opponents:
    """Baselines of one instrument.

    Attributes
    ----------
    history : the strongest simulation that the config gives, for sessions 1 .. longest horizon: what the classifier
        starts from.
    start : name of the baseline that it is.
    tables : name -> (n, len(horizons), 3) float64, NaN where a baseline has no forecast.
    trial : how the forecasts of volatility with what options say have done, where ``forecast.variance_inputs`` names
        series.
    more : what options say, and its share, once :func:`with_implied` has weighed it.
    """

    history: FilteredHistory
    start: str
    tables: dict[str, np.ndarray]
    trial: Trial | None = None
    more: MoreVariances | None = None
