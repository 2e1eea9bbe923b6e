"""First touch as a function of plain arrays."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.bars.series import BarSeries
from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.outcomes.outcomes import label


def reached_first(
    bars: object,
    floor: object,
    target: object,
    horizon: int,
    *,
    floor_break: Literal["close", "touch"] = "close",
    tie: Literal["breakdown", "continuation"] = "breakdown",
) -> np.ndarray:
    """Which of two levels the bars after each row reach first.

    Parameters
    ----------
    bars : (n, 4) open, high, low and close, oldest first.
    floor, target : (n,) prices with floor < target; NaN where nothing is asked.
    horizon : the bars t + 1 .. t + horizon decide row t.
    floor_break : ``close``: a close below the floor breaks it; ``touch``: a low at or below it.
    tie : who wins a bar that reaches both in an unknown order (``touch`` only).

    Returns
    -------
    (n,) int8: 2 target first (continuation), 0 floor first (breakdown), 1 neither (range); -1 where nothing is asked or
    the horizon is not over, even if a level has been reached: keeping the early hits would bias a sample.

    Raises
    ------
    InputError
        ``outcomes.bad_shape``, ``outcomes.bad_horizons``, ``outcomes.bad_setup``.

    Examples
    --------
    >>> close = np.array([10.0, 10.5, 11.2, 10.0, 8.9, 9.5])
    >>> bars = np.column_stack([close, close + 0.2, close - 0.2, close])
    >>> reached_first(bars, np.full(6, 9.0), np.full(6, 11.0), 2).tolist()
    [2, 2, 0, 0, -1, -1]
    """
    prices = np.asarray(bars, dtype=np.float64)
    low, high = (np.asarray(level, dtype=np.float64) for level in (floor, target))
    if prices.ndim != 2 or prices.shape[1] != 4 or low.shape != high.shape or low.shape != prices.shape[:1]:
        raise InputError(
            "outcomes.bad_shape",
            f"bars {prices.shape}, floor {low.shape}, target {high.shape}",
            "pass (n, 4), (n,) and (n,)",
        )
    n = len(prices)
    series = BarSeries(
        "bars",
        "bars",
        np.datetime64("2000-01-01", "D") + np.arange(n),
        open=prices[:, 0],
        high=prices[:, 1],
        low=prices[:, 2],
        close=prices[:, 3],
        volume=np.zeros(n),
    )
    setup = np.column_stack([low, high, high, high, 0.5 * low])
    return label(series, setup, [horizon], OutcomeConfig(floor_break=floor_break, tie=tie)).codes[:, 0]
