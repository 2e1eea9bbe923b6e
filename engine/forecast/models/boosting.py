"""Gradient-boosted trees on the features and the baseline's log-odds, never less likely for a nearer level.

Trees have no offset to be shrunk to, so the baseline enters twice: as a feature, and as the far end of a
blend (a grid of shares of the boosted log-odds, down to 0) that is weighed like the penalties of the other
models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from engine.forecast.models.learner import Model, Window
from engine.forecast.models.logistic_kernels import log_rows
from engine.forecast.models.trees import TreeModel, tree_model
from engine.forecast.probabilities import FLOOR
from engine.scenarios import SCENARIOS

SHARES = (1.0, 0.5, 0.25, 0.1, 0.0)

# feature -> direction in which "class k or higher" moves as the feature grows: farther targets make
# continuation less likely, farther floors make breakdown less likely
RISING = ("baseline_log_odds_continuation",)
FALLING = ("baseline_log_odds_breakdown",)
_UPPER_DISTANCES = ("target_distance", "ceiling_distance", "distance_target", "distance_ceiling")
_LOWER_DISTANCES = ("floor_distance", "distance_floor")


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How trees are grown: their number, the step of each, their size, and how hard their leaves are shrunk."""

    smallest_leaf: int = 20
    iterations: int = 40
    learning_rate: float = 0.08
    leaves: int = 6
    ridge: float = 50.0


def fit_trees(
    features: np.ndarray, codes: np.ndarray, monotone: np.ndarray | None, settings: TreeSettings
) -> TreeModel:
    """One binary model for each "class k or higher", k = 1, 2.

    Frank and Hall, A simple approach to ordinal classification (2001): scikit-learn has no monotone constraints for
    several classes at once.

    Parameters
    ----------
    features : (n, p); NaN is a value of its own, infinity is refused.
    codes : (n,) scenarios; one that never occurs has next to no probability.
    monotone : (2, p) entries -1, 0 or 1: how P(class k or higher) may move with each feature; None: free.
    """
    models: list[HistGradientBoostingClassifier | None] = []
    shares = np.array([float(np.mean(codes >= k)) for k in range(1, len(SCENARIOS))])
    for k in range(1, len(SCENARIOS)):
        above = codes >= k
        if above.all() or not above.any():
            models.append(None)
            continue
        model = HistGradientBoostingClassifier(
            max_iter=settings.iterations,
            learning_rate=settings.learning_rate,
            max_leaf_nodes=settings.leaves,
            min_samples_leaf=settings.smallest_leaf,
            l2_regularization=settings.ridge,
            monotonic_cst=None if monotone is None else monotone[k - 1],
            early_stopping=False,
            random_state=0,
        )
        # small fits: more threads would only wait for each other
        with threadpool_limits(1, user_api="openmp"):
            models.append(model.fit(features, above))
    return tree_model(models, shares)


class BoostingCandidates:
    """Blends of the boosted log-odds with the baseline's; the last share is 0."""

    def __init__(self, model: TreeModel) -> None:
        self.model = model

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        boosted = self._boosted(features)
        return np.stack([self._blend(share, boosted, offset) for share in SHARES], axis=1)

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        share = 0.0
        for weight, one in zip(weights, SHARES, strict=True):
            share += float(weight) * one
        return self._blend(share, self._boosted(features), offset)

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`; what trees say is no sum over features."""
        return np.zeros((3, len(features)))

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.learner.Fitted`."""
        return self.model.arrays()

    def _boosted(self, features: np.ndarray) -> np.ndarray:
        if features.shape[1] == 0:
            return np.empty((0, 1, 3))
        return log_rows(self.model.predict_proba(features.T), FLOOR)[:, None]

    @staticmethod
    def _blend(share: float, boosted: np.ndarray, offset: np.ndarray) -> np.ndarray:
        return offset.copy() if share == 0.0 else (1.0 - share) * offset + share * boosted


class BoostingLearner:
    """Boosting on the features of a track; ``names`` tell which are distances."""

    def __init__(self, names: Sequence[str], horizon_sessions: int) -> None:
        self.candidates = len(SHARES)
        self.monotone = monotone_constraints(names)
        # a leaf must hold a few independent outcomes, not a few neighbouring days
        self.settings = TreeSettings(smallest_leaf=5 * horizon_sessions)
        self._rows = 0
        self._folds = 0

    def due(self, rows: int) -> bool:
        """Trees are slow to fit: again only once the window has grown by a fifth, or after eight folds."""
        self._folds += 1
        return rows >= 1.2 * self._rows or self._folds >= 8

    def fit(self, window: Window) -> BoostingCandidates:
        """Fit to the window."""
        self._rows, self._folds = window.features.shape[1], 0
        # rows count alike: weights make the binning fifty times slower
        trees = fit_trees(
            np.ascontiguousarray(window.features.T),
            np.ascontiguousarray(window.codes[:, 0]),
            self.monotone,
            self.settings,
        )
        return BoostingCandidates(trees)


MODEL = Model(
    learner=lambda names, horizons: BoostingLearner(names, horizons[-1]),
    rebuilt=lambda arrays, horizons: BoostingCandidates(TreeModel.of(arrays)),
)


def monotone_constraints(names: Sequence[str]) -> np.ndarray:
    """Constraints (2, p) for the models "range or higher" and "continuation" from the feature names."""
    out = np.zeros((2, len(names)), dtype=np.int64)
    for j, name in enumerate(names):
        if name in RISING:
            out[1, j] = 1
        elif name in FALLING:
            out[0, j] = -1
        elif name.startswith(_UPPER_DISTANCES):
            out[1, j] = -1
        elif name.startswith(_LOWER_DISTANCES):
            out[0, j] = 1
    return out
