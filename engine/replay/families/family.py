"""What a feature family is: columns of the replay, those the classifier sees, and the words for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.bars.series import BarSeries


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a family may be computed from: everything known at each close, filled up to the last bar asked for.

    Attributes
    ----------
    bars : n sessions.
    indicators, momentum, features, setup, reading : (n, k) float64 as in :class:`engine.replay.replay.Replay`.
    """

    bars: BarSeries
    indicators: np.ndarray
    momentum: np.ndarray
    features: np.ndarray
    setup: np.ndarray
    reading: np.ndarray


Fill = Callable[[Known, int, int, np.ndarray], None]


@dataclass(frozen=True, slots=True)
class FeatureFamily:
    """One line of the registry.

    Attributes
    ----------
    name : of the family.
    columns : what it adds to the replay, each float64, dimensionless, NaN where unknown.
    seen : the columns of the replay that the classifier is given for it; known at every close that has a setup and
        a 200-day mean.
    phrases : column, or fact, to its words above and below its usual value.
    facts : column to the fact it is part of, where several columns are one fact to a reader.
    fill : ``fill(known, start, stop, out)`` writes rows ``start .. stop - 1`` of ``out`` (n, len(columns)); row i may
        depend on rows up to i only, which the audit tests.  None: the replay's own passes write the columns.
    wants : whether a series has what the family is computed from; where it has not, there are no columns.  None: always.
    """

    name: str
    columns: tuple[str, ...]
    seen: tuple[str, ...]
    phrases: Mapping[str, tuple[str, str]]
    facts: Mapping[str, str] = field(default_factory=dict)
    fill: Fill | None = None
    wants: Callable[[BarSeries], bool] | None = None
