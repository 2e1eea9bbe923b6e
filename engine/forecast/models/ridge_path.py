"""What all ridge models have in common: one fit a penalty, from the boldest to the baseline itself.

A model says what its coefficients are fitted to and how far they move a forecast; the path fits them.  Each penalty starts where its
fit of the previous fold ended.  An infinite penalty leaves the coefficients at 0, and with them the baseline as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from engine.forecast.models.learner import PENALTIES, Window, weighted_sum
from engine.forecast.models.minimise import Minimum


class Rows(Protocol):
    """What coefficients are fitted to."""

    def curvature(self) -> np.ndarray:
        """Hessian (d, d) of the unpenalised loss where the coefficients are 0."""


class RidgeCandidates(ABC):
    """Coefficients (C, p + 1, ...) of the candidates of one fold, intercept last; a model adds :meth:`moved`."""

    def __init__(self, coefficients: np.ndarray) -> None:
        self.coefficients = coefficients

    @abstractmethod
    def moved(
        self, coefficients: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """Log-odds (n, horizons, 3) of one candidate; the arguments are those of :meth:`~.learner.Fitted.logits`."""

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        return np.stack([self.moved(c, features, offset, paths) for c in self.coefficients], axis=1)

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        return self.moved(weighted_sum(weights, self.coefficients), features, offset, paths)

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.learner.Fitted`."""
        return {"coefficients": self.coefficients}


R = TypeVar("R", bound=Rows)
C = TypeVar("C", bound=RidgeCandidates)


@dataclass(frozen=True, slots=True)
class Ridge(Generic[R, C]):
    """What tells one ridge model from another.

    Attributes
    ----------
    directions : coefficients of one feature, () for a single number.
    rows : what coefficients are fitted to in a window.
    fit : (rows, Hessian at 0, start (p + 1, ...), penalty) -> where the penalised loss is smallest.
    candidates : coefficients (C, p + 1, ...) -> the candidates.
    """

    directions: tuple[int, ...]
    rows: Callable[[Window], R]
    fit: Callable[[R, np.ndarray, np.ndarray, float], Minimum]
    candidates: Callable[[np.ndarray], C]


class RidgePath(Generic[R, C]):
    """A :class:`~.learner.Learner` of one :class:`Ridge`; ``penalties`` in independent outcomes, the last infinite."""

    def __init__(self, ridge: Ridge[R, C], penalties: Sequence[float] = PENALTIES) -> None:
        self.ridge, self.penalties = ridge, penalties
        self.candidates = len(penalties)
        self._theta: np.ndarray | None = None

    def due(self, rows: int) -> bool:
        """Fitted again for every fold."""
        return True

    def fit(self, window: Window) -> C:
        """Fit all penalties to the window."""
        if self._theta is None:
            self._theta = np.zeros((self.candidates, len(window.features) + 1, *self.ridge.directions))
        rows = self.ridge.rows(window)
        hessian = rows.curvature()
        for theta, penalty in zip(self._theta, self.penalties, strict=True):
            if not np.isinf(penalty):
                theta[:] = self.ridge.fit(rows, hessian, theta, penalty).point.reshape(theta.shape)
        return self.ridge.candidates(self._theta.copy())
