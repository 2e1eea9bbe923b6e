"""One interface for all classifiers of the walk-forward.

A learner is fitted once per fold to rows whose outcome is known, and gives several candidate forecasts of
increasing caution; the last candidate is always the baseline itself.  Logits have the shape
``(rows, candidates, horizons, 3)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.forecast.folds.selection import DIRECTION_FACTOR
from engine.forecast.models.logistic_kernels import curvature, linear_logits
from engine.forecast.models.offset_logistic import fit_theta

# fits are repeated for every fold and penalty: a hundred-millionth of a nat per outcome is exact enough
FOLD_TOLERANCE = 1e-8

# orthonormal directions in which a table of scenarios can move: up or down, and wide or narrow
SCENARIO_CONTRASTS = np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]]) / np.sqrt([2.0, 6.0])


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

    def arrays(self) -> dict[str, Any]:
        """Plain arrays and numbers that rebuild the model."""


class Learner(Protocol):
    """Makes :class:`Fitted`; may keep state between folds to start the next fit where the last one ended."""

    candidates: int

    def due(self, rows: int) -> bool:
        """False where the model of the previous fold serves this one too; asked once per fold."""

    def fit(self, window: Window) -> Fitted:
        """Fit all candidates to the window."""


def weighted_sum(weights: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Sum of the candidates (C, ...) times their weights (C,), one after the other so that the bits are fixed."""
    total = np.zeros(candidates.shape[1:])
    for weight, candidate in zip(weights, candidates, strict=True):
        total += weight * candidate
    return total


@dataclass(frozen=True, slots=True, eq=False)
class LinearCandidates:
    """Coefficients (candidates, p + 1, 3) of models with one horizon, intercept last."""

    coefficients: np.ndarray

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`Fitted`."""
        out = np.empty((offset.shape[0], len(self.coefficients), 1, 3))
        block = np.empty((offset.shape[0], 3))
        base = np.ascontiguousarray(offset[:, 0])
        for c, coefficients in enumerate(self.coefficients):
            linear_logits(features, coefficients, base, block)
            out[:, c, 0] = block
        return out

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`Fitted`."""
        out = np.empty((offset.shape[0], 3))
        linear_logits(
            features, weighted_sum(weights, self.coefficients), np.ascontiguousarray(offset[:, 0]), out
        )
        return out[:, None]

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`Fitted`."""
        return (weighted_sum(weights, self.coefficients)[:-1] * features[:, None]).T

    def arrays(self) -> dict[str, Any]:
        """See :class:`Fitted`."""
        return {"kind": "linear", "coefficients": self.coefficients}


class OffsetLogisticLearner:
    """Ridge path of offset logistic regressions, each penalty warm-started from the previous fold."""

    def __init__(
        self,
        penalties: tuple[float, ...],
        tolerance: float = FOLD_TOLERANCE,
        direction_factor: float = DIRECTION_FACTOR,
    ) -> None:
        self.penalties = penalties
        self.candidates = len(penalties)
        self.tolerance = tolerance
        self._factors = np.array([direction_factor, 1.0])
        self._basis = SCENARIO_CONTRASTS
        self._theta: np.ndarray | None = None

    def due(self, rows: int) -> bool:
        """Fitted again for every fold."""
        return True

    def fit(self, window: Window) -> LinearCandidates:
        """Fit all penalties to the window."""
        shape = (len(window.features) + 1, 2)
        if self._theta is None:
            self._theta = np.zeros((self.candidates, *shape))
        rows = window.features.shape[1]
        offset = np.ascontiguousarray(window.offset[:, 0])
        codes = np.ascontiguousarray(window.codes[:, 0])
        hessian = curvature(window.features, rows, offset, window.weight, self._basis)
        for c, penalty in enumerate(self.penalties):
            if np.isinf(penalty):
                continue  # stays at 0: the offset itself
            fitted = fit_theta(
                window.features,
                rows,
                offset,
                codes,
                window.weight,
                self._basis,
                self._theta[c],
                hessian,
                penalty,
                factors=self._factors,
                tolerance=self.tolerance,
            )
            self._theta[c] = fitted.point.reshape(shape)
        return LinearCandidates(self._theta @ self._basis.T)
