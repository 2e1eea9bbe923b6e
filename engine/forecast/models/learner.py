"""One interface for all classifiers of the walk-forward.

A learner is fitted once per fold to rows whose outcome is known, and gives several candidate forecasts of
increasing caution; the last candidate is always the baseline itself.  Logits have the shape
``(rows, candidates, horizons, 3)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from engine.forecast.models.offset_logistic import LinearPath

# ridge penalties of the candidates, in independent outcomes; the last leaves the baseline as it is
PENALTIES = (100.0, 400.0, 1600.0, 6400.0, np.inf)
DEVIATION_PENALTIES = (400.0, 1600.0, 6400.0, np.inf)
# Where a price goes is far less predictable than how far: the prior standard deviation of a coefficient that
# tilts the table up or down is half of one that widens or narrows it
DIRECTION_FACTOR = 4.0
# fits are repeated for every fold and penalty: a hundred-millionth of a nat per outcome is exact enough
FOLD_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Training rows: standardised features (p, n), offset (n, horizons, 3), codes (n, horizons), weight (n,).

    ``paths`` (n, longest, 3), ``event_session`` and ``event_code`` (n,) serve models of all horizons.
    """

    features: np.ndarray
    offset: np.ndarray
    codes: np.ndarray
    weight: np.ndarray
    paths: np.ndarray
    event_session: np.ndarray
    event_code: np.ndarray


class Fitted(Protocol):
    """Candidates of one fold."""

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """Log-odds of every candidate, (n, candidates, horizons, 3)."""

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """Log-odds of the weighted candidates, (n, horizons, 3)."""

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """What each of the features (p,) adds to the log-odds of each class, (3, p); zeros where it is no sum."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays that rebuild the candidates."""


class Learner(Protocol):
    """Makes :class:`Fitted`; may keep state between folds to start the next fit where the last one ended."""

    candidates: int

    def due(self, rows: int) -> bool:
        """False where the model of the previous fold serves this one too; asked once per fold."""

    def fit(self, window: Window) -> Fitted:
        """Fit all candidates to the window."""


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier that a config can name.

    Attributes
    ----------
    learner : (names of the features, horizons of the track) -> a fresh learner.
    rebuilt : (arrays of :meth:`Fitted.arrays`, horizons of the track) -> the candidates.
    all_horizons : one model answers all horizons; else there is one for each.
    own : -> what each instrument of a pooled group is fitted with beyond the group's model, shrunk to it; None: nothing.
    needs_events : it is fitted to the session of the first event, which the outcome rule ``terminal`` has not.
    """

    learner: Callable[[Sequence[str], tuple[int, ...]], Learner]
    rebuilt: Callable[[Mapping[str, np.ndarray], tuple[int, ...]], Fitted]
    all_horizons: bool = False
    own: Callable[[], LinearPath] | None = None
    needs_events: bool = False


def weighted_sum(weights: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Sum of the candidates (C, ...) times their weights (C,), one after the other so that the bits are fixed."""
    total = np.zeros(candidates.shape[1:])
    for weight, candidate in zip(weights, candidates, strict=True):
        total += weight * candidate
    return total
