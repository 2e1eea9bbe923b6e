"""Which cell of an impossible bar is at fault, and what a table of impossible bars has in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.bars.series import PRICE_COLUMNS

_MANY = 0.2  # share of the rows: not a slip, something about the columns
_FEW = 0.05
_NEIGHBOURS = 3
_LITTLE = 0.3  # of a usual session: bars that cross by less are the quotes of two sides, or rounded apart
_LIKE_VOLUME = 20.0  # times the prices around


def culprit(values: Mapping[str, np.ndarray], row: int) -> tuple[str, float]:
    """The column of a bar that is at fault, and the price it should be near.

    The witnesses are the other prices of the bar and the bars beside it: an open belongs near the close before, a close near the
    next open, both near the closes of three rows on each side.  A high below both open and close is at fault itself; where
    only one of them lies outside, it is the one if its own witness contradicts it by more than the bound is off, and
    otherwise the bound.  ``values`` are positive prices.
    """
    logs = {name: np.log(values[name][max(0, row - 30) : row + 31]) for name in PRICE_COLUMNS}
    at = min(row, 30)
    o, h, l, c = (float(logs[name][at]) for name in PRICE_COLUMNS)  # noqa: E741
    before = float(logs["close"][at - 1]) if at else None
    after = float(logs["open"][at + 1]) if at + 1 < len(logs["open"]) else None
    closes = logs["close"]
    around = np.concatenate((closes[max(0, at - _NEIGHBOURS) : at], closes[at + 1 : at + 1 + _NEIGHBOURS]))
    middle = float(np.median(np.append(around, (o, h, l, c))))
    above = [name for name, cell in (("open", o), ("close", c)) if cell > h]
    below = [name for name, cell in (("open", o), ("close", c)) if cell < l]
    if h < l and not above and not below:  # open and close between them: each stands in the other's place
        return "high", float(np.exp(l))
    if len(above) == 2 or len(below) == 2:
        bound = "high" if len(above) == 2 else "low"
        if len(above) == len(below) == 2:
            bound = "high" if abs(h - middle) >= abs(l - middle) else "low"
        return bound, float(np.exp(max(o, c) if bound == "high" else min(o, c)))
    if above and below:  # one bound cannot be wrong on both sides: the price that lies farther out
        name = max((*above, *below), key=lambda one: abs({"open": o, "close": c}[one] - middle))
    else:
        name = (above or below or ["close"])[0]
    cell, witness = (o, before) if name == "open" else (c, after)
    bound = "high" if name in above else "low"
    off = abs(cell - (h if bound == "high" else l))
    contradicted = abs(cell - (middle if witness is None else witness))
    nights = np.abs(logs["open"][1:] - closes[:-1])
    night = float(np.median(nights)) if len(nights) else 0.0
    # a price that its own witness bears out is right, and the bound that it breaks is wrong
    if contradicted <= max(2.0 * night, 0.5 * off):
        return bound, float(np.exp(max(o, c) if bound == "high" else min(o, c)))
    near = middle if witness is None else witness
    return name, float(np.exp(min(max(near, min(h, l)), max(h, l))))


def row_cause(values: Mapping[str, np.ndarray], row: int) -> str:
    """What one impossible bar shows besides the cell at fault, or an empty string."""
    o, h, l, c = (float(values[name][row]) for name in PRICE_COLUMNS)  # noqa: E741
    volume = float(values["volume"][row])
    if h < min(o, c) and l > max(o, c):
        return "high and low of this row have changed places"
    name, near = culprit(values, row)
    if volume > 0 and float(values[name][row]) > _LIKE_VOLUME * near and near / 3 < volume < 3 * near:
        return f"the row's {name} and volume have changed places"
    return ""


def common_cause(values: Mapping[str, np.ndarray]) -> str:
    """What many impossible bars have in common, or an empty string."""
    high, low, close, volume = values["high"], values["low"], values["close"], values["volume"]
    n = len(close)
    if n < 20:
        return ""
    crossed = high < low
    if float(np.mean(crossed)) > _MANY:
        return "the columns high and low have changed places"
    outside = _outside(close, high, low)
    if float(np.mean((volume >= low) & (volume <= high))) > 1 - _FEW and outside > _MANY:
        return "the columns close and volume have changed places"
    apart = np.maximum(high, low) < np.maximum(values["open"], close) * (1 - 1e-9)
    apart |= np.minimum(high, low) > np.minimum(values["open"], close) * (1 + 1e-9)
    wrong = np.flatnonzero(crossed | apart)
    if len(wrong) > 3:
        usual = float(np.median(np.abs(np.diff(np.log(close)))))
        top = np.maximum(values["open"], close)[wrong]
        bottom = np.minimum(values["open"], close)[wrong]
        by = np.maximum.reduce(
            [np.log(low[wrong] / high[wrong]), np.log(top / high[wrong]), np.log(low[wrong] / bottom)]
        )
        if float(by.max()) < _LITTLE * usual:
            return "they cross by less than a usual move: quotes of two sides (bid and ask), or columns that were rounded apart"
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
