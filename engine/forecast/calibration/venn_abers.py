"""``venn_abers``: isotonic regression at a new score with the new label set to 0 and to 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from engine.errors import InputError
from engine.forecast.calibration.calibrator import (
    FEWEST_FOR_STEPS,
    CalibratorKind,
    sound_probabilities,
    sound_rows,
)
from engine.forecast.probabilities import floor_probabilities
from engine.kernels.pool import add_to_blocks


class VennAbersCalibrator:
    """Inductive Venn-Abers per class: isotonic regression with the new date labelled both ways.

    The two answers ``p0 <= p1`` are merged to ``p1 / (1 - p0 + p1)`` (the minimax choice for log loss) and
    the classes are renormalised.

    Source: Vovk and Petej, Venn-Abers predictors (2014); Vovk, Petej and Fedorova (2015).
    """

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> VennAbersCalibrator:
        """Keeps the calibration scores."""
        self.p_, self.codes_, self.weight_ = sound_rows(p, codes, sample_weight)
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Merged probabilities, floored and renormalised."""
        p = sound_probabilities(p)
        merged = np.empty(p.shape)
        for k in range(p.shape[1]):
            pairs = venn_abers_pairs(self.p_[:, k], self.codes_ == k, p[:, k], self.weight_)
            merged[:, k] = pairs[:, 1] / (1.0 - pairs[:, 0] + pairs[:, 1])
        return floor_probabilities(merged)

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.calibrator.Calibrator`."""
        return {"p": self.p_, "codes": self.codes_, "weight": self.weight_}


def _rebuilt(arrays: Mapping[str, np.ndarray]) -> VennAbersCalibrator:
    fitted = VennAbersCalibrator()
    fitted.p_, fitted.codes_, fitted.weight_ = arrays["p"], arrays["codes"], arrays["weight"]
    return fitted


VENN_ABERS = CalibratorKind(make=VennAbersCalibrator, rebuilt=_rebuilt, fewest=FEWEST_FOR_STEPS)


def venn_abers_pairs(scores: Any, positive: Any, new_scores: Any, sample_weight: Any = None) -> np.ndarray:
    """Lower and upper probability of the positive class at each new score.

    Parameters
    ----------
    scores : (n,) calibration scores.
    positive : (n,) True where the class came true.
    new_scores : (m,).
    sample_weight : (n,) weights of the calibration rows; the new row has weight 1.

    Returns
    -------
    (m, 2) float64, columns p0 and p1 with ``p0 <= p1``.  NaN is refused.

    Source: Vovk, Petej and Fedorova, Large-scale probabilistic predictors with and without guarantees of
    validity (2015).

    >>> venn_abers_pairs([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1], [0.5]).round(3).tolist()
    [[0.333, 0.667]]
    """
    scores = np.asarray(scores, dtype=np.float64)
    label = np.asarray(positive).astype(np.float64)
    weight = np.ones(len(scores)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    new_scores = np.atleast_1d(np.asarray(new_scores, dtype=np.float64))
    if scores.shape != label.shape or scores.shape != weight.shape or scores.ndim != 1:
        raise InputError("forecast.bad_shape", "scores, positive and sample_weight need one entry per row")
    if not (np.isfinite(scores).all() and np.isfinite(new_scores).all()):
        raise InputError("forecast.not_probabilities", "scores hold NaN or infinity")
    distinct, place = np.unique(scores, return_inverse=True)
    mass = np.bincount(place, weights=weight, minlength=len(distinct))
    hits = np.bincount(place, weights=weight * label, minlength=len(distinct))
    kept = mass > 0.0
    out = np.empty((len(new_scores), 2))
    _pairs(distinct[kept], mass[kept], hits[kept], new_scores, out)
    return out


@numba.njit(cache=True, nogil=True)
def _pairs(scores, mass, hits, new_scores, out):
    """Fill ``out`` (m, 2) with the two probabilities at each of ``new_scores`` (m,).

    scores (n,) distinct and ascending, mass (n,) their positive weights, hits (n,) what of it came true.
    """
    n = len(scores)
    block_mass = np.empty(n + 1)
    block_hits = np.empty(n + 1)
    for i in range(len(new_scores)):
        at = np.searchsorted(scores, new_scores[i])
        tied = at < n and scores[at] == new_scores[i]
        for label in range(2):
            blocks = 0
            home = -1  # block of the new score
            for j in range(n + (0 if tied else 1)):
                if j == at:
                    m = 1.0 + (mass[at] if tied else 0.0)
                    h = float(label) + (hits[at] if tied else 0.0)
                else:
                    source = j if (tied or j < at) else j - 1
                    m, h = mass[source], hits[source]
                blocks = add_to_blocks(block_hits, block_mass, blocks, h, m)
                home = blocks - 1 if j == at else min(home, blocks - 1)
            out[i, label] = block_hits[home] / block_mass[home]
