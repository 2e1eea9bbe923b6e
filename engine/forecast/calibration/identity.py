"""``identity``: changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.forecast.calibration.calibrator import CalibratorKind, sound_rows
from engine.forecast.probabilities import floor_probabilities


class IdentityCalibrator:
    """Changes nothing."""

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> IdentityCalibrator:
        """Only checks its input."""
        sound_rows(p, codes, sample_weight)
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """``p``, floored."""
        return floor_probabilities(p)

    def arrays(self) -> dict[str, np.ndarray]:
        """Nothing to keep."""
        return {}


IDENTITY = CalibratorKind(make=IdentityCalibrator, rebuilt=lambda arrays: IdentityCalibrator())
