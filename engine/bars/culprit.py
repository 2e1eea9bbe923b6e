"""Which cell of an impossible bar is at fault, and what a table of impossible bars has in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.bars.series import PRICE_COLUMNS

_MANY = 0.2  # share of the rows: not a slip, something about the columns
_FEW = 0.05
_NEIGHBOURS = 3


def culprit(values: Mapping[str, np.ndarray], row: int) -> tuple[str, float]:
    """The column of a bar that lies farthest from everything near it, and the price it should be near.

    The measure is the median of the bar's own four prices and of the closes of three rows on each side, so that one or two
    wrong cells do not move it.  ``values`` are positive prices.
    """
    close = values["close"]
    first = max(0, row - _NEIGHBOURS)
    around = np.concatenate((close[first:row], close[row + 1 : row + 1 + _NEIGHBOURS]))
    own = np.array([values[name][row] for name in PRICE_COLUMNS])
    middle = float(np.median(np.log(np.concatenate((own, around)))))
    away = np.abs(np.log(own) - middle)
    high, low = own[1], own[2]
    inner = own[[0, 3]]
    # a high can only be too low and a low too high; open and close can be either
    away[1] = max(0.0, middle - np.log(high)) if high < low or high < inner.max() else 0.0
    away[2] = max(0.0, np.log(low) - middle) if high < low or low > inner.min() else 0.0
    for place, cell in ((0, own[0]), (3, own[3])):
        if low <= cell <= high:
            away[place] = 0.0
    if not away.any():  # a bar in the middle of everything: blame the bound that is crossed
        away[1 if high < inner.max() else 2] = 1.0
    name = PRICE_COLUMNS[int(np.argmax(away))]
    rest = np.log(np.delete(own, PRICE_COLUMNS.index(name)))
    near = float(np.exp(rest.max() if name == "high" else rest.min() if name == "low" else middle))
    return name, near


def common_cause(values: Mapping[str, np.ndarray]) -> str:
    """What many impossible bars have in common, or an empty string."""
    high, low, close = values["high"], values["low"], values["close"]
    n = len(close)
    if n < 20:
        return ""
    if float(np.mean(high < low)) > _MANY:
        return "the columns high and low have changed places"
    outside = _outside(close, high, low)
    if outside < _MANY:
        return ""
    if _outside(close[:-1], high[1:], low[1:]) < _FEW:
        return "closes fit the session of the next row: they stand one session early"
    if _outside(close[1:], high[:-1], low[:-1]) < _FEW:
        return "closes fit the session of the row before: they stand one session late"
    if outside > 0.9:
        return "closes have another scale than highs and lows: one is adjusted and the other is not"
    return ""


def _outside(close: np.ndarray, high: np.ndarray, low: np.ndarray) -> float:
    slack = 1e-9 * close
    return float(np.mean((close > high + slack) | (close < low - slack)))
