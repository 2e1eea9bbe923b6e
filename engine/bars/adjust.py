"""Prices as they were quoted, adjusted for splits, or for everything the adjusted close knows of."""

from __future__ import annotations

from typing import Literal

import numpy as np

Adjust = Literal["none", "splits", "total_return"]

ADJUSTED_NAMES = ("adj close", "adj_close", "adjclose", "adj. close", "adjusted close", "adjusted_close")
_SPLIT = float(np.log(1.05))  # of a step: below it a distribution, from 21:20 on a split
_ORDINARY = (
    0.15  # a distribution that large is not one of a year's: only ratios of small numbers are splits below it
)


def factors(close: np.ndarray, adjusted: np.ndarray, adjust: Adjust) -> np.ndarray:
    """(n,) what every price of a bar is multiplied by; 1 at the last bar.

    ``splits`` takes the steps of adjusted over quoted close that are ratios of small whole numbers (2:1, 3:2, 5:4, 1:8, ...)
    within half a percent, ``total_return`` all of them.
    """
    if adjust == "none" or not len(close):
        return np.ones(len(close))
    factor = np.log(adjusted) - np.log(close)
    if adjust == "total_return":
        return np.exp(factor - factor[-1])
    step = np.diff(factor)
    split = np.array([abs(s) > _SPLIT and _is_ratio(s) for s in step], dtype=bool)
    kept = np.where(split, step, 0.0)
    return np.exp(np.concatenate((-np.cumsum(kept[::-1])[::-1], [0.0])))


def _is_ratio(step: float) -> bool:
    ratio = float(np.exp(abs(step)))
    whole = range(1, 11 if abs(step) > _ORDINARY else 6)
    return any(abs(ratio * b / round(ratio * b) - 1.0) < 0.005 for b in whole)
