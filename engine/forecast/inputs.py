"""What the walk-forward is given about each instrument."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.bars.series import BarSeries
from engine.config import Config
from engine.outcomes.outcomes import Outcomes, label
from engine.question import SETUP


@dataclass(frozen=True, slots=True, eq=False)
class ForecastInput:
    """One instrument: its bars, the replay of every date, and what came of each.

    Attributes
    ----------
    bars : n bars.
    frame : replay frame, one row per bar from bar 0; NaN where a feature is unknown.
    setup : (n, 5) floor, ceiling, target_low, target_high, retest; NaN where undefined.
    outcomes : of the same n bars, for the horizons of the config.
    """

    bars: BarSeries
    frame: pd.DataFrame
    setup: np.ndarray
    outcomes: Outcomes


def forecast_input(bars: BarSeries, frame: pd.DataFrame, config: Config) -> ForecastInput:
    """Label the setups of a replay frame and put them beside it; this is where outcomes come in."""
    # an own, writeable copy: pandas hands out views of either kind, and kernels are compiled for one
    setup = np.array(frame[list(SETUP)], dtype=np.float64, order="C")
    return ForecastInput(bars, frame, setup, label(bars, setup, config.horizons, config.outcome))
