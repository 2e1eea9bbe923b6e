"""``same_reading``: what followed past dates on which the rules said the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import InputError
from engine.forecast.baselines.baseline import Baseline, BaselineInput
from engine.forecast.baselines.climatology import check_codes, climatology, known_counts
from engine.forecast.probabilities import floor_probabilities
from engine.rules.reading import reading_code

PRIOR_OUTCOMES = 10.0  # independent outcomes after one reading that weigh as much as climatology


def same_reading(codes: np.ndarray, readings: np.ndarray, horizons: Sequence[int]) -> np.ndarray:
    """Frequencies after past dates with the same reading, shrunk to climatology.

    Outcomes of neighbouring dates overlap, so ``count`` of them are worth ``count / horizon`` independent
    ones; climatology enters with the weight of ten.  Only outcomes whose full horizon has passed count.

    Parameters
    ----------
    codes : (n, len(horizons)) outcome codes of one instrument, one row per bar.
    readings : (n,) integers; equal number, equal reading; negative where there is none, and the forecast is
        climatology.
    horizons : sessions, in the order of the columns.

    Returns
    -------
    (n, len(horizons), 3) float64, every entry at least 0.001, never NaN.

    Raises
    ------
    InputError
        ``forecast.bad_shape`` or ``forecast.not_codes``.
    """
    codes = check_codes(codes, horizons)
    readings = np.asarray(readings)
    if readings.shape != codes.shape[:1]:
        raise InputError(
            "forecast.bad_shape",
            f"readings {readings.shape} do not fit codes {codes.shape}",
            "pass one per bar",
        )
    if not np.issubdtype(readings.dtype, np.integer):
        raise InputError(
            "forecast.not_codes", "readings are not integers", "use engine.rules.reading.reading_code"
        )
    centre = climatology(codes, horizons)
    out = centre.copy()
    for reading in np.unique(readings[readings >= 0]):
        at = readings == reading
        for k, horizon in enumerate(horizons):
            alike = known_counts(np.where(at, codes[:, k], -1), horizon)[at] / horizon
            out[at, k] = alike + PRIOR_OUTCOMES * centre[at, k]
    return floor_probabilities(out)


def _forecast(seen: BaselineInput) -> np.ndarray:
    known = seen.entry.known
    readings = reading_code(known["bias"], known["position"])
    return same_reading(seen.entry.outcomes.codes, readings, seen.config.horizons)


BASELINE = Baseline(
    name="same_reading",
    label="Same reading",
    short="Same",
    meaning="past dates with the same reading",
    order=30,
    forecast=_forecast,
)
