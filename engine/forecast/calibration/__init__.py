"""Probabilities that come true as often as they say: calibrators, their walk through the folds, and the drift since.

The calibrators' names stand in :data:`engine.config.choices.CALIBRATORS`; a module is imported when its name is used.
"""

from __future__ import annotations

from engine.config.choices import CALIBRATORS
from engine.forecast.calibration.calibrator import Calibrator, CalibratorKind


def calibrator_named(name: str) -> CalibratorKind:
    """The calibrator that ``forecast.calibrator`` names.

    Raises
    ------
    InputError
        ``registry.unknown``.
    """
    kind: CalibratorKind = CALIBRATORS[name].load()
    return kind


__all__ = ["Calibrator", "CalibratorKind", "calibrator_named"]
