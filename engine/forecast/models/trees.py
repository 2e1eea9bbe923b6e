"""Boosted trees as plain arrays: predictions without scikit-learn, files without code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class TreeModel:
    """``K - 1`` sums of trees, one for each "class k or higher".

    Attributes
    ----------
    share : (K - 1,) log-odds that each sum starts from.
    first_tree : (K,) trees of sum k are ``first_tree[k] .. first_tree[k + 1] - 1``.
    first_node : (trees + 1,) nodes of each tree, in one list.
    feature, threshold, left, right, value, leaf, missing_left : (nodes,); children count from the tree's
        first node; a value at most the threshold, or NaN where ``missing_left``, goes left.
    """

    share: np.ndarray
    first_tree: np.ndarray
    first_node: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    leaf: np.ndarray
    missing_left: np.ndarray

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities (n, K) of rows X (n, p), each row by itself."""
        X = np.ascontiguousarray(X, dtype=np.float64)
        out = np.empty((len(X), len(self.share) + 1))
        _predict(
            X,
            self.share,
            self.first_tree,
            self.first_node,
            self.feature,
            self.threshold,
            self.left,
            self.right,
            self.value,
            self.leaf,
            self.missing_left,
            out,
        )
        return out

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> TreeModel:
        """The model that :meth:`arrays` came from."""
        return cls(**{one.name: arrays[one.name] for one in fields(cls)})


def tree_model(models: Sequence[Any], shares: np.ndarray) -> TreeModel:
    """Arrays of fitted binary ``HistGradientBoostingClassifier`` models; None stands for a constant share."""
    start, first_tree, sizes, nodes = [], [0], [0], []
    for model, share in zip(models, shares, strict=True):
        trees = []
        if model is None:
            p = min(max(float(share), 1e-9), 1.0 - 1e-9)
            start.append(math.log(p / (1.0 - p)))
        else:
            start.append(float(np.ravel(model._baseline_prediction)[0]))
            trees = [predictors[0].nodes for predictors in model._predictors]
        nodes += trees
        sizes += [len(tree) for tree in trees]
        first_tree.append(first_tree[-1] + len(trees))
    whole = {
        name: np.concatenate([tree[name] for tree in nodes]) if nodes else np.zeros(0)
        for name in (
            "feature_idx",
            "num_threshold",
            "left",
            "right",
            "value",
            "is_leaf",
            "missing_go_to_left",
        )
    }
    return TreeModel(
        share=np.array(start),
        first_tree=np.array(first_tree, dtype=np.int64),
        first_node=np.cumsum(sizes, dtype=np.int64),
        feature=whole["feature_idx"].astype(np.int64),
        threshold=whole["num_threshold"].astype(np.float64),
        left=whole["left"].astype(np.int64),
        right=whole["right"].astype(np.int64),
        value=whole["value"].astype(np.float64),
        leaf=whole["is_leaf"].astype(np.bool_),
        missing_left=whole["missing_go_to_left"].astype(np.bool_),
    )


@numba.njit(cache=True, nogil=True)
def _predict(
    X, share, first_tree, first_node, feature, threshold, left, right, value, leaf, missing_left, out
):
    n_classes = len(share) + 1
    for i in range(len(X)):
        before = 1.0
        mass = 0.0
        for k in range(n_classes):
            at_least = 0.0
            if k < n_classes - 1:
                raw = share[k]
                for tree in range(first_tree[k], first_tree[k + 1]):
                    root = first_node[tree]
                    node = root
                    while not leaf[node]:
                        x = X[i, feature[node]]
                        goes_left = missing_left[node] if np.isnan(x) else x <= threshold[node]
                        node = root + (left[node] if goes_left else right[node])
                    raw += value[node]
                at_least = 1.0 / (1.0 + math.exp(min(700.0, -raw)))
            # two sums may cross; the share of the class between them is then next to nothing
            out[i, k] = max(before - at_least, 1e-9)
            mass += out[i, k]
            before = at_least
        for k in range(n_classes):
            out[i, k] /= mass
