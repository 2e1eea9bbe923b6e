"""Offset logistic regression that may widen or narrow a table, and never tilts it: half the coefficients.

Rules tell how far a price will go, hardly where.  The one direction is that of :data:`.offset_logistic.SCENARIO_CONTRASTS`
in which range stands against the other two.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.forecast.models.learner import DEVIATION_PENALTIES, PENALTIES, Model
from engine.forecast.models.offset_logistic import (
    SCENARIO_CONTRASTS,
    LinearCandidates,
    LinearPath,
    linear_path,
)


def width_path(penalties: Sequence[float] = PENALTIES) -> LinearPath:
    """A path with the one direction."""
    return linear_path(penalties, SCENARIO_CONTRASTS[:, 1:], (1.0,))


MODEL = Model(
    learner=lambda names, horizons: width_path(),
    rebuilt=lambda arrays, horizons: LinearCandidates(arrays["coefficients"]),
    own=lambda: width_path(DEVIATION_PENALTIES),
)
