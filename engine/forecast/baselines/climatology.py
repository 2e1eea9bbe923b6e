"""``climatology``: how often each scenario came true so far, on this instrument."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import InputError
from engine.forecast.baselines.baseline import Baseline
from engine.forecast.probabilities import floor_probabilities
from engine.scenarios import SCENARIOS, UNRESOLVED

PSEUDO_COUNT = 1.0  # Laplace: before any outcome is known the table is uniform


def known_counts(codes: np.ndarray, horizon: int) -> np.ndarray:
    """Outcomes of each class that are known at each date.

    The outcome of date t' counts at t once its full horizon has passed (``t' + horizon <= t``), hit early or
    not: counting the early hits sooner would favour them.

    Parameters
    ----------
    codes : (n,) outcome codes of one horizon; -1 where unresolved or undefined, which never counts.
    horizon : sessions.

    Returns
    -------
    (n, 3) float64 counts.
    """
    hits = codes[:, None] == np.arange(len(SCENARIOS))
    counts = np.zeros(hits.shape)
    if horizon < len(codes):
        counts[horizon:] = np.cumsum(hits[: len(codes) - horizon], axis=0)
    return counts


def check_codes(codes: np.ndarray, horizons: Sequence[int]) -> np.ndarray:
    """``codes`` as an (n, len(horizons)) integer array.

    Raises
    ------
    InputError
        ``forecast.bad_shape`` or ``forecast.not_codes``.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != len(horizons):
        raise InputError(
            "forecast.bad_shape",
            f"codes {codes.shape} do not fit {len(horizons)} horizons",
            "pass (n, horizons)",
        )
    if codes.size and (
        not np.issubdtype(codes.dtype, np.integer)
        or codes.min() < UNRESOLVED
        or codes.max() >= len(SCENARIOS)
    ):
        raise InputError("forecast.not_codes", "an outcome code is not -1, 0, 1 or 2", "pass Outcomes.codes")
    return codes


def climatology(codes: np.ndarray, horizons: Sequence[int]) -> np.ndarray:
    """Frequencies of the outcomes known at each date, plus one imagined outcome of each class.

    Parameters
    ----------
    codes : (n, len(horizons)) outcome codes of one instrument, one row per bar.
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
    counts = np.stack([known_counts(codes[:, k], h) for k, h in enumerate(horizons)], axis=1)
    return floor_probabilities(counts + PSEUDO_COUNT)


BASELINE = Baseline(
    name="climatology",
    label="Climatology",
    short="Base",
    meaning="base rate",
    order=40,
    forecast=lambda seen: climatology(seen.entry.outcomes.codes, seen.config.horizons),
)
