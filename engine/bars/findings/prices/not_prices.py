"""Logarithms or returns where prices should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.movement import Movement

_LEAST = 100  # bars
_BULK = 0.68  # of the sessions lie within one standard deviation
_LARGEST_LOG = 14.0  # the logarithm of a million
_LOG_MOVE = (
    0.002,
    0.08,
)  # standard deviation of a step: that of log prices, and of nothing quoted near 7 otherwise
_QUIET = 0.006  # the same step as a share of the level: below nearly every market, and above the pegs
_DECIMALS = 5  # nobody quotes a price of 7 with more; logarithms have all there are


def _look(seen: Movement, others: Iterable[Movement]) -> Iterator[Remark]:
    close, n = seen.bars.close, len(seen)
    if n < _LEAST:
        return
    # quantiles, not standard deviations: one cell of 1e308 is a bad tick in a table of prices
    level = float(np.quantile(np.abs(seen.close - np.median(seen.close)), _BULK))
    move = float(np.quantile(np.abs(np.diff(seen.close)), _BULK))
    if move > level > 0:
        yield Remark(
            "values scatter round one level and do not move on from where they were: returns, not prices.",
            column="close",
        )
        return
    middle, step = float(np.median(close)), float(np.quantile(np.abs(np.diff(close)), _BULK))
    if not (1.0 < middle < _LARGEST_LOG and _LOG_MOVE[0] < step < _LOG_MOVE[1] and step < _QUIET * middle):
        return
    near = close[close < 2 * _LARGEST_LOG]
    if float(np.mean(np.abs(near - np.round(near, _DECIMALS)) > 1e-9 * near)) > 0.5:
        yield Remark(
            f"values near {middle:.3g} move by {step:.2g} a session and have more than {_DECIMALS} decimals: logarithms, "
            "not prices.",
            column="close",
        )


LOOK = Look(
    code="bars.not_prices",
    severity="failure",
    looks_at="whether the values are prices at all",
    means="Levels, ATR and percentages of logarithms or returns mean nothing.",
    remedy="give prices: the exponential of logarithms, or the product of returns",
    look=_look,
)
