"""Equal log pool of the width-only regression and boosted trees: the mean of their log-odds, nothing to tune.

Candidate c is the pool of both models' c-th candidates, so the last one is the baseline.  Both are fitted again when the
trees are due, because they share one scale of the features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.forecast.models.boosting import SHARES, BoostingCandidates, BoostingLearner
from engine.forecast.models.learner import PENALTIES, Model, Window
from engine.forecast.models.offset_logistic import LinearCandidates
from engine.forecast.models.trees import TreeModel
from engine.forecast.models.width import width_path

_LINEAR, _TREES = "linear_", "trees_"


class PooledCandidates:
    """Means of two models' log-odds."""

    def __init__(self, linear: LinearCandidates, trees: BoostingCandidates) -> None:
        self.linear, self.trees = linear, trees

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        both = [one.logits(features, offset, paths) for one in (self.linear, self.trees)]
        return 0.5 * both[0] + 0.5 * both[1]

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        both = [one.mixed(weights, features, offset, paths) for one in (self.linear, self.trees)]
        return 0.5 * both[0] + 0.5 * both[1]

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`; the regression's half, for what trees say is no sum."""
        return 0.5 * self.linear.contributions(weights, features)

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.learner.Fitted`."""
        return {_LINEAR + name: values for name, values in self.linear.arrays().items()} | {
            _TREES + name: values for name, values in self.trees.arrays().items()
        }


class PoolLearner:
    """Both learners, fitted to the same windows."""

    def __init__(self, names: Sequence[str], horizon_sessions: int) -> None:
        assert len(PENALTIES) == len(SHARES)
        self.candidates = len(SHARES)
        self.linear, self.trees = width_path(), BoostingLearner(names, horizon_sessions)

    def due(self, rows: int) -> bool:
        """When the trees are."""
        return self.trees.due(rows)

    def fit(self, window: Window) -> PooledCandidates:
        """Fit both to the window."""
        return PooledCandidates(self.linear.fit(window), self.trees.fit(window))


def _rebuilt(arrays: Mapping[str, np.ndarray], horizons: tuple[int, ...]) -> PooledCandidates:
    def under(prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}

    return PooledCandidates(
        LinearCandidates(under(_LINEAR)["coefficients"]),
        BoostingCandidates(TreeModel.of(under(_TREES))),
    )


MODEL = Model(learner=lambda names, horizons: PoolLearner(names, horizons[-1]), rebuilt=_rebuilt)
