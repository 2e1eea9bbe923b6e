"""``isotonic``: a rising function per class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.forecast.calibration.calibrator import (
    FEWEST_FOR_STEPS,
    CalibratorKind,
    sound_probabilities,
    sound_rows,
)
from engine.forecast.probabilities import floor_probabilities
from engine.kernels.pool import non_decreasing


class IsotonicCalibrator:
    """A rising function per class (each class against the rest), linear between its corners, floored and renormalised.

    Isotonic regression calls things impossible that merely have not happened yet; on a few hundred
    independent outcomes it costs more than it brings.
    """

    steps_: list[tuple[np.ndarray, np.ndarray]]  # of each class: forecasts, ascending, and recalibrated ones

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> IsotonicCalibrator:
        """One isotonic regression per class."""
        p, codes, weight = sound_rows(p, codes, sample_weight)
        self.steps_ = []
        for k in range(p.shape[1]):
            distinct, place = np.unique(p[:, k], return_inverse=True)
            mass = np.bincount(place, weights=weight)
            used = mass > 0.0
            hits = np.bincount(place, weights=weight * (codes == k))
            self.steps_.append((distinct[used], non_decreasing(hits[used], mass[used])))
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Heights of each class's function, floored and renormalised."""
        p = sound_probabilities(p)
        raw = np.column_stack([np.interp(p[:, k], x, y) for k, (x, y) in enumerate(self.steps_)])
        raw[raw.sum(axis=1) <= 0.0] = 1.0
        return floor_probabilities(raw)

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.calibrator.Calibrator`."""
        return {
            f"{name}{k}": values
            for k, step in enumerate(self.steps_)
            for name, values in zip("xy", step, strict=True)
        }


def _rebuilt(arrays: Mapping[str, np.ndarray]) -> IsotonicCalibrator:
    fitted = IsotonicCalibrator()
    fitted.steps_ = [(arrays[f"x{k}"], arrays[f"y{k}"]) for k in range(len(arrays) // 2)]
    return fitted


ISOTONIC = CalibratorKind(make=IsotonicCalibrator, rebuilt=_rebuilt, fewest=FEWEST_FOR_STEPS)
