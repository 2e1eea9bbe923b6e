"""Features on one scale, learnt from the training window only."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from engine.kernels.row_blocks import REASSOCIATE

CLIP = 4.0  # standard deviations: one wild value must not carry a forecast
_FEWEST = 60  # values a feature needs in the window before it says anything


@dataclass(frozen=True, slots=True, eq=False)
class Standardiser:
    """Mean and scale of each feature, (p,) each; a scale of 0 marks a feature that says nothing yet.

    That is a feature which is constant in the training window, or known on fewer than 60 of its rows.
    """

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Standardised copy of (p, n): clipped to +-4; NaN and silent features become 0."""
        out = np.empty(features.shape)
        _apply(features, self.mean, self.scale, CLIP, out)
        return out


def fit_standardiser(features: np.ndarray) -> Standardiser:
    """Mean and standard deviation of each row of (p, n), NaN ignored."""
    p = features.shape[0]
    mean, scale = np.zeros(p), np.zeros(p)
    _moments(features, _FEWEST, mean, scale)
    return Standardiser(mean, scale)


@numba.njit(cache=True, nogil=True, fastmath=REASSOCIATE)
def _moments(features, fewest, mean, scale):
    p, n = features.shape
    for j in range(p):
        x = features[j]
        known = 0
        total = 0.0
        largest = 0.0
        for i in range(n):
            if not np.isnan(x[i]):
                known += 1
                total += x[i]
                largest = max(largest, abs(x[i]))
        if known < fewest:
            continue
        centre = total / known
        square = 0.0
        for i in range(n):
            if not np.isnan(x[i]):
                square += (x[i] - centre) * (x[i] - centre)
        spread = np.sqrt(square / known)
        # rounding of the mean alone leaves a spread of a few ulp on a constant
        if spread > 1e-9 * largest:
            mean[j] = centre
            scale[j] = spread


@numba.njit(cache=True, nogil=True)
def _apply(features, mean, scale, clip, out):
    p, n = features.shape
    for j in range(p):
        if scale[j] == 0.0:
            for i in range(n):
                out[j, i] = 0.0
            continue
        for i in range(n):
            z = (features[j, i] - mean[j]) / scale[j]
            if np.isnan(z):
                z = 0.0
            out[j, i] = min(max(z, -clip), clip)
