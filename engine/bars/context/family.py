"""Features from context series: few, fixed, dimensionless; defined before anything was looked at.

A feature is NaN where a series it needs is unknown, and there only; the classifier takes NaN for "says nothing".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CHANGE_SESSIONS = 20
_VOLATILITY_SESSIONS = 252
_FEWEST = 60
_YEAR = 252.0


@dataclass(frozen=True, slots=True)
class ContextFeature:
    """One column.

    Attributes
    ----------
    name : of the column.
    needs : roles of the series it is computed from.
    fill : ((n,) values of each of them, (n,) EWMA volatility a session of the instrument) to (n,).
    meaning : for docs and the glossary.
    """

    name: str
    needs: tuple[str, ...]
    fill: Callable[[list[np.ndarray], np.ndarray], np.ndarray]
    meaning: str


def change_in_own_volatility(values: np.ndarray) -> np.ndarray:
    """20-session change over the root of 20 times the mean square of its 252 last one-session changes (60 at least)."""
    n = len(values)
    steps = np.full(n, np.nan)
    steps[1:] = np.diff(values)
    known = np.isfinite(steps)
    squares = np.concatenate(([0.0], np.cumsum(np.where(known, steps, 0.0) ** 2)))
    counts = np.concatenate(([0], np.cumsum(known)))
    first = np.maximum(np.arange(n) + 1 - _VOLATILITY_SESSIONS, 0)
    number = counts[np.arange(n) + 1] - counts[first]
    total = squares[np.arange(n) + 1] - squares[first]
    out = np.full(n, np.nan)
    if n <= CHANGE_SESSIONS:
        return out
    change = values[CHANGE_SESSIONS:] - values[:-CHANGE_SESSIONS]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(CHANGE_SESSIONS * total / number)[CHANGE_SESSIONS:]
        # a sum of squares that cancelled leaves rounding, not volatility
        usable = (number[CHANGE_SESSIONS:] >= _FEWEST) & (
            scale > 1e-9 * np.maximum(np.abs(values[CHANGE_SESSIONS:]), 1e-300)
        )
        out[CHANGE_SESSIONS:] = np.where(usable, change / scale, np.nan)
    return out


def _change(values: list[np.ndarray], sigma: np.ndarray) -> np.ndarray:
    return change_in_own_volatility(values[0])


def _log_change(values: list[np.ndarray], sigma: np.ndarray) -> np.ndarray:
    return change_in_own_volatility(_log(values[0]))


def _implied_over_forecast(values: list[np.ndarray], sigma: np.ndarray) -> np.ndarray:
    return _log(values[0]) - _log(100.0 * np.sqrt(_YEAR) * sigma)


def _slope(values: list[np.ndarray], sigma: np.ndarray) -> np.ndarray:
    return _log(values[1]) - _log(values[0])


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.where(values > 0, values, np.nan))


FEATURES: tuple[ContextFeature, ...] = (
    ContextFeature(
        "yield_change_20",
        ("yield_10y",),
        _change,
        "20-session change of the 10-year yield in its own volatility",
    ),
    ContextFeature(
        "credit_change_20",
        ("credit_spread",),
        _change,
        "20-session change of the credit spread in its own volatility",
    ),
    ContextFeature(
        "dollar_change_20",
        ("dollar",),
        _log_change,
        "20-session log change of the dollar in its own volatility",
    ),
    ContextFeature(
        "implied_over_forecast",
        ("implied_volatility",),
        _implied_over_forecast,
        "log of implied volatility over the instrument's own (EWMA, a year of 252 sessions)",
    ),
    ContextFeature(
        "volatility_slope",
        ("implied_volatility", "implied_volatility_3m"),
        _slope,
        "log of three-month over one-month implied volatility",
    ),
)
CONTEXT_FEATURES = tuple(feature.name for feature in FEATURES)


def context_features(known: dict[str, np.ndarray], sigma: np.ndarray) -> dict[str, np.ndarray]:
    """Every feature whose series are there: name to (n,).

    Parameters
    ----------
    known : role to the (n,) values known at each session.  ``sigma`` : (n,) daily volatility of the instrument.
    """
    return {
        feature.name: feature.fill([known[role] for role in feature.needs], sigma)
        for feature in FEATURES
        if all(role in known for role in feature.needs)
    }
