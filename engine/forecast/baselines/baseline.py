"""What a baseline is: a forecast to be beaten, with the words for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.config import Config

if TYPE_CHECKING:
    from engine.forecast.baselines.filtered_history import FilteredHistory
    from engine.forecast.inputs import ForecastInput


@dataclass(frozen=True, slots=True, eq=False)
class BaselineInput:
    """What a baseline may look at: one instrument, the config, and the simulations, without and with what options say."""

    entry: ForecastInput
    history: FilteredHistory
    implied: FilteredHistory | None
    config: Config


@dataclass(frozen=True, slots=True)
class Baseline:
    """One forecast to be beaten.

    Attributes
    ----------
    name : in the config, in the columns ``<name>_<scenario>`` of the forecasts, and in metrics.
    label, short, meaning : heading of a column; the same where there is hardly room; what it knows.
    order : place among the baselines in everything a reader sees, lowest first.
    forecast : -> (n, horizons of the config, 3) float64 in the order of :data:`engine.scenarios.SCENARIOS`, one row
        per bar, from what was known at its close; NaN where it has no forecast.  None where the config has none.
    together : a function, or ``package.module:function``, where it is fitted walk-forward to all instruments of a pooling group:
        :class:`engine.forecast.opponents.GroupInput` -> a list with a table as above of each; made after ``forecast`` of every
        baseline.  A saved model has no such baseline.
    in_table : it has a column in the table of a date.
    """

    name: str
    label: str
    short: str
    meaning: str
    order: int
    forecast: Callable[[BaselineInput], np.ndarray | None]
    together: str | Callable[[Any], Sequence[np.ndarray]] = ""
    in_table: bool = True
