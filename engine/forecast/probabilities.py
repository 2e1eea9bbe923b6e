"""Probabilities of the three scenarios: the floor that every published forecast keeps, and log-odds.

NaN policy of the whole module: a row that holds a NaN comes out as a row of NaN.  Order of the last axis:
:data:`engine.scenarios.SCENARIOS`; the functions themselves work for any number of classes.
"""

from __future__ import annotations

import numpy as np

from engine.errors import InputError

FLOOR = 0.001  # no scenario of a published table is ever called impossible


def floor_probabilities(p: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """The nearest table (Kullback-Leibler) in which no class is below ``floor``.

    Classes under the floor are lifted to exactly ``floor``; the others are scaled by one common factor, so
    their order and their ratios stay.  Applying it twice changes nothing beyond the last bit.

    Parameters
    ----------
    p : (..., k) non-negative weights; rows need not sum to 1, they are normalised first.
    floor : at least 0 and below ``1 / k``.

    Returns
    -------
    (..., k) float64, a new array: every entry >= ``floor``, rows sum to 1 within 1e-12.

    Raises
    ------
    InputError
        ``forecast.not_probabilities`` where an entry is negative or infinite or a row sums to 0;
        ``forecast.floor_too_high`` where ``k`` classes cannot all be at least ``floor``.
    """
    p = np.array(p, dtype=np.float64)
    if p.ndim == 0 or p.shape[-1] == 0:
        raise InputError(
            "forecast.not_probabilities", f"shape {p.shape} has no class axis", "pass (..., classes)"
        )
    k = p.shape[-1]
    if not 0.0 <= floor < 1.0 / k:
        raise InputError(
            "forecast.floor_too_high", f"a floor of {floor:g} does not fit {k} classes", f"stay below 1/{k}"
        )
    missing = np.isnan(p).any(axis=-1, keepdims=True)
    p = np.where(missing, 1.0, p)
    if not np.isfinite(p).all() or (p < 0.0).any() or (p.sum(axis=-1) <= 0.0).any():
        raise InputError(
            "forecast.not_probabilities",
            "a row holds a negative or infinite entry, or sums to 0",
            "pass non-negative weights; use NaN for rows without a forecast",
        )
    p /= p.max(axis=-1, keepdims=True)  # sums of huge or denormal weights neither overflow nor vanish
    p /= p.sum(axis=-1, keepdims=True)
    lifted = np.zeros(p.shape, dtype=bool)
    scaled = p
    for _ in range(k):  # scaling down can push one more class under the floor, at most k - 1 times
        below = ~lifted & (scaled < floor)
        if not below.any():
            break
        lifted |= below
        free_mass = 1.0 - floor * lifted.sum(axis=-1, keepdims=True)
        free = np.where(lifted, 0.0, p)
        scaled = np.where(lifted, floor, free * (free_mass / free.sum(axis=-1, keepdims=True)))
    # rows without a lifted class are left as they are: a row must not depend on what else is in the array
    scaled = np.where(lifted.any(axis=-1, keepdims=True), scaled, p)
    return np.where(missing, np.nan, scaled)


def blend_with_uniform(p: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Mix in just enough of the uniform table that no class can be below ``floor``.

    For baselines whose tables are cumulative in the horizon: a linear map keeps a probability that never
    falls with the horizon from falling, which lifting single classes does not.  A pseudo-count of
    ``floor * n`` out of ``n`` draws is the same thing.

    Parameters
    ----------
    p : (..., k) probabilities that sum to 1; NaN stays NaN.
    floor : at least 0 and below ``1 / k``.

    Returns
    -------
    (..., k) float64: ``(1 - k * floor) * p + floor``.
    """
    p = np.asarray(p, dtype=np.float64)
    return (1.0 - p.shape[-1] * floor) * p + floor


def log_odds(p: np.ndarray) -> np.ndarray:
    """Log-odds of binary probabilities strictly inside (0, 1), any shape.

    Raises
    ------
    InputError
        ``forecast.zero_probability`` where an entry is not inside (0, 1).
    """
    p = np.asarray(p, dtype=np.float64)
    if ((p <= 0.0) | (p >= 1.0)).any():
        raise InputError(
            "forecast.zero_probability", "log-odds of a probability outside (0, 1)", "clip it inside first"
        )
    return np.log(p) - np.log1p(-p)


def logistic(z: np.ndarray) -> np.ndarray:
    """Inverse of :func:`log_odds`; neither overflows nor returns a value outside [0, 1]."""
    z = np.asarray(z, dtype=np.float64)
    small = np.exp(-np.abs(z))
    return np.where(z >= 0.0, 1.0, small) / (1.0 + small)
