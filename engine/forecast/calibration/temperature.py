"""``temperature``: one number makes the table bolder or more timid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from engine.forecast.calibration.calibrator import CalibratorKind, sound_probabilities, sound_rows
from engine.forecast.models.logistic_kernels import log_rows, softmax_rows
from engine.forecast.probabilities import FLOOR, floor_probabilities

_PRIOR = 16.0  # log temperature within +-0.25 of 0 unless the outcomes say otherwise


class TemperatureCalibrator:
    """Log-odds are multiplied by ``slope_`` (1 / temperature), in [0.2, 5].

    Source: Guo et al., On calibration of modern neural networks (2017), section 4.2.
    """

    def __init__(self, prior: float = _PRIOR) -> None:
        self.prior = prior
        self.slope_ = 1.0

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> TemperatureCalibrator:
        """Newton's method on the logarithm of the slope."""
        p, codes, weight = sound_rows(p, codes, sample_weight)
        self.slope_ = math.exp(_temperature(log_rows(p, FLOOR), codes, weight, float(self.prior)))
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Tempered probabilities, floored."""
        return floor_probabilities(softmax_rows(self.slope_ * log_rows(sound_probabilities(p), FLOOR)))

    def arrays(self) -> dict[str, np.ndarray]:
        """See :class:`~.calibrator.Calibrator`."""
        return {"slope": np.array(self.slope_)}


def _rebuilt(arrays: Mapping[str, np.ndarray]) -> TemperatureCalibrator:
    fitted = TemperatureCalibrator()
    fitted.slope_ = float(arrays["slope"])
    return fitted


TEMPERATURE = CalibratorKind(make=TemperatureCalibrator, rebuilt=_rebuilt)


@numba.njit(cache=True, nogil=True)
def _temperature(logs, codes, weight, prior):
    """Logarithm of the slope that minimises weighted log loss + prior / 2 * (log slope)^2.

    logs (n, K) log probabilities, codes (n,), weight (n,).
    """
    n, k = logs.shape
    u = 0.0
    for _ in range(50):
        slope = math.exp(u)
        first = prior * u
        second = prior
        for i in range(n):
            top = -np.inf
            for c in range(k):
                top = max(top, slope * logs[i, c])
            mass = 0.0
            mean = 0.0
            square = 0.0
            for c in range(k):
                e = math.exp(slope * logs[i, c] - top)
                mass += e
                mean += e * logs[i, c]
                square += e * logs[i, c] * logs[i, c]
            mean /= mass
            spread = max(square / mass - mean * mean, 0.0)
            first += weight[i] * slope * (mean - logs[i, codes[i]])
            # Gauss-Newton curvature in u: positive whatever the residuals
            second += weight[i] * slope * slope * spread
        step = max(-0.5, min(0.5, first / second))
        u = max(math.log(0.2), min(math.log(5.0), u - step))
        if abs(step) < 1e-9:
            break
    return u
