"""Logarithms or returns where prices should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from engine.bars.findings.finding import Look, Remark
from engine.bars.movement import Movement

_LEAST = 100  # bars
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
    moves = np.diff(seen.close)
    level, move = float(np.std(seen.close)), float(np.std(moves))
    if move > level > 0:
        yield Remark(
            "values scatter round one level and do not move on from where they were: returns, not prices.",
            column="close",
        )
        return
    middle, step = float(np.median(close)), float(np.std(np.diff(close)))
    written = np.abs(close - np.round(close, _DECIMALS)) > 1e-9 * np.abs(close)
    if (
        1.0 < middle < _LARGEST_LOG
        and _LOG_MOVE[0] < step < _LOG_MOVE[1]
        and step < _QUIET * middle
        and float(np.mean(written)) > 0.5
    ):
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
