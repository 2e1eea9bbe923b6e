"""Which levels of a book were touched after a close: the future of the touch model, beside the scenarios'."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from engine.bars.series import BarSeries


def touched_within(
    bars: BarSeries, pointer: np.ndarray, prices: np.ndarray, horizons: Sequence[int]
) -> np.ndarray:
    """Whether each level of each date was touched: what came true, for training and for scores.

    Parameters
    ----------
    bars : n sessions.
    pointer : (n + 1,) the levels of date t are ``prices[pointer[t] : pointer[t + 1]]``.
    prices : (pairs,) prices; a level at or above the close is touched by a high, one below by a low.
    horizons : sessions, ascending.

    Returns
    -------
    (pairs, len(horizons)) int8: 1 touched, 0 not, -1 where the price is NaN or the horizon ends after the
    last session, even if the level has been touched already.
    """
    out = np.full((len(prices), len(horizons)), -1, dtype=np.int8)
    _touched_within(
        bars.high,
        bars.low,
        bars.close,
        np.asarray(pointer, dtype=np.int64),
        np.asarray(prices, dtype=np.float64),
        np.asarray(horizons, dtype=np.int64),
        out,
    )
    return out


@numba.njit(cache=True)
def _touched_within(high, low, close, pointer, prices, horizons, out):
    """Fill ``out`` (pairs, horizons) int8, which holds -1 throughout; the other arrays as in :func:`touched_within`."""
    n = len(close)
    for t in range(n):
        for pair in range(pointer[t], pointer[t + 1]):
            price = prices[pair]
            if np.isnan(price):
                continue
            first = 1 << 30
            for j in range(1, min(horizons[-1], n - 1 - t) + 1):
                if (price >= close[t] and high[t + j] >= price) or (price < close[t] and low[t + j] <= price):
                    first = j
                    break
            for k in range(len(horizons)):
                if t + horizons[k] < n:
                    out[pair, k] = first <= horizons[k]
