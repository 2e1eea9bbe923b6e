"""What the walk-forward is given about each instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.bars.series import BarSeries
from engine.config import Config
from engine.outcomes.outcomes import Outcomes, label
from engine.replay.replay import Replay


@dataclass(frozen=True, slots=True, eq=False)
class ForecastInput:
    """One instrument: its bars, what was known at every close, and what came of each.

    Attributes
    ----------
    bars : n bars.
    known : name -> (n,) float64, the replay's columns of numbers, one row per bar from bar 0; NaN where unknown.
    setup : (n, 5) float64, columns :data:`engine.question.SETUP`; NaN where undefined.
    outcomes : of the same n bars, for the horizons of the config.
    """

    bars: BarSeries
    known: Mapping[str, np.ndarray]
    setup: np.ndarray
    outcomes: Outcomes


def forecast_input(replay: Replay) -> ForecastInput:
    """Label the setups of a replay and put them beside it; this is where outcomes come in."""
    return input_of(replay.bars, replay.known, replay.setup, replay.config)


def input_of(
    bars: BarSeries, known: Mapping[str, np.ndarray], setup: np.ndarray, config: Config
) -> ForecastInput:
    """The same from arrays that no replay made; see :class:`ForecastInput` for their shapes."""
    return ForecastInput(bars, known, setup, label(bars, setup, config.horizons, config.outcome))
