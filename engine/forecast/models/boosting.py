"""Gradient-boosted trees on the features and the baseline's log-odds, never less likely for a nearer level.

Trees have no offset to be shrunk to, so the baseline enters twice: as a feature, and as the far end of a
blend (a grid of shares of the boosted log-odds, down to 0) that is weighed like the penalties of the other
models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from engine.forecast.models.learner import Window
from engine.forecast.models.logistic_kernels import log_rows
from engine.forecast.models.offset_logistic import class_codes
from engine.forecast.models.trees import TreeModel, tree_model
from engine.forecast.probabilities import FLOOR

SHARES = (1.0, 0.5, 0.25, 0.1, 0.0)

# feature -> direction in which "class k or higher" moves as the feature grows: farther targets make
# continuation less likely, farther floors make breakdown less likely
RISING = ("baseline_log_odds_continuation",)
FALLING = ("baseline_log_odds_breakdown",)
_UPPER_DISTANCES = ("target_distance", "ceiling_distance", "distance_target", "distance_ceiling")
_LOWER_DISTANCES = ("floor_distance", "distance_floor")


class ScenarioBoosting(ClassifierMixin, BaseEstimator):
    """Histogram gradient boosting of ordered classes with monotone constraints.

    One binary model for each "class k or higher" (Frank and Hall, A simple approach to ordinal
    classification, 2001): scikit-learn has no monotone constraints for several classes at once.

    Parameters
    ----------
    monotone : (K - 1, p) or (p,) entries -1, 0 or 1: how P(class k or higher) may move with each feature;
        None: free.
    iterations, learning_rate, leaves, smallest_leaf, ridge : of the trees.
    classes : lowest to highest; None takes the sorted classes of ``y``.

    Attributes
    ----------
    classes_ : (K,). models_ : K - 1 fitted models, None where one side never occurred.
    trees_ : the same as plain arrays, which is what predictions are made from.

    NaN in X is a value of its own; infinity is refused.
    """

    def __init__(
        self,
        monotone: Any = None,
        *,
        iterations: int = 40,
        learning_rate: float = 0.08,
        leaves: int = 6,
        smallest_leaf: int = 20,
        ridge: float = 50.0,
        classes: tuple[Any, ...] | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.monotone = monotone
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.smallest_leaf = smallest_leaf
        self.ridge = ridge
        self.classes = classes
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ScenarioBoosting:
        """Fit on X (n, p) and ordered classes y (n,)."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        weighted = sample_weight is not None
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        self.classes_, codes = class_codes(y, self.classes)
        total = float(weight.sum())
        self.shares_ = np.array(
            [float(weight[codes >= k].sum()) / total for k in range(1, len(self.classes_))]
        )
        self.models_: list[HistGradientBoostingClassifier | None] = []
        for k in range(1, len(self.classes_)):
            above = codes >= k
            if above[weight > 0].all() or not above[weight > 0].any():
                self.models_.append(None)
                continue
            model = HistGradientBoostingClassifier(
                max_iter=self.iterations,
                learning_rate=self.learning_rate,
                max_leaf_nodes=self.leaves,
                min_samples_leaf=self.smallest_leaf,
                l2_regularization=self.ridge,
                monotonic_cst=self._constraints(k - 1, X.shape[1]),
                early_stopping=False,
                random_state=self.random_state,
            )
            # small fits: more threads would only wait for each other
            with threadpool_limits(1, user_api="openmp"):
                self.models_.append(model.fit(X, above, sample_weight=weight if weighted else None))
        self.trees_ = tree_model(self.models_, self.shares_)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (n, K), rows sum to 1."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        return self.trees_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, (n,)."""
        p = self.predict_proba(X)
        return self.classes_[np.argmax(p, axis=1)]

    def _constraints(self, model: int, p: int) -> np.ndarray | None:
        if self.monotone is None:
            return None
        constraints = np.asarray(self.monotone)
        return constraints if constraints.ndim == 1 else constraints[model]


class BoostingCandidates:
    """Blends of the boosted log-odds with the baseline's; the last share is 0."""

    def __init__(self, model: TreeModel) -> None:
        self.model = model

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        boosted = self._boosted(features)
        return np.stack([self._blend(share, boosted, offset) for share in SHARES], axis=1)

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        share = 0.0
        for weight, one in zip(weights, SHARES, strict=True):
            share += float(weight) * one
        return self._blend(share, self._boosted(features), offset)

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`; what trees say is no sum over features."""
        return np.zeros((3, len(features)))

    def arrays(self) -> dict[str, Any]:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return {"kind": "boosting", "model": self.model}

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
        self.smallest_leaf = 5 * horizon_sessions
        self._rows = 0
        self._folds = 0

    def due(self, rows: int) -> bool:
        """Trees are slow to fit: again only once the window has grown by a fifth, or after eight folds."""
        self._folds += 1
        return rows >= 1.2 * self._rows or self._folds >= 8

    def fit(self, window: Window) -> BoostingCandidates:
        """Fit to the window."""
        self._rows, self._folds = window.features.shape[1], 0
        model = ScenarioBoosting(self.monotone, smallest_leaf=self.smallest_leaf, classes=(0, 1, 2))
        # rows count alike: weights make the binning fifty times slower
        model.fit(np.ascontiguousarray(window.features.T), np.ascontiguousarray(window.codes[:, 0]))
        return BoostingCandidates(model.trees_)


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
