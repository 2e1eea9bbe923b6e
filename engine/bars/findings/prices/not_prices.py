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
# currencies are quoted near 7 with steps as small: with five decimals at most, all round the week, and with hardly a night
_DECIMALS, _CENTS = 5, 2
_ROUND_THE_WEEK, _NIGHT = 256, 0.1  # sessions a year; of a usual session
_SEVEN_DAYS = 300  # sessions a year from which it is a coin, and none is as quiet
_TELLING = 0.004  # of half a cent: what the decimals of a logarithm leave open of a price
_NOISE = 3e-7  # of a price: vendors store 9.88 as 9.880000114


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
    if _logarithms_of_cents(close):
        yield Remark(
            "values are the logarithms of prices in whole cents, every one of them: logarithms, not prices.",
            column="close",
        )
        return
    middle, step = float(np.median(close)), float(np.quantile(np.abs(np.diff(close)), _BULK))
    if not (1.0 < middle < _LARGEST_LOG and _LOG_MOVE[0] < step < _LOG_MOVE[1] and step < _QUIET * middle):
        return
    near = close[close < 2 * _LARGEST_LOG]
    if _finer(near, _DECIMALS) or (_finer(near, _CENTS) and not _like_a_currency(seen)):
        yield Remark(
            f"values near {middle:.3g} move by {step:.2g} a session, as the logarithms of prices do and no market quoted there.",
            column="close",
        )


def _finer(values: np.ndarray, decimals: int) -> bool:
    """Most values have more decimals than that."""
    return float(np.mean(np.abs(values - np.round(values, decimals)) > _NOISE * values)) > 0.5


def _logarithms_of_cents(close: np.ndarray) -> bool:
    """Each value lies as near the logarithm of a price in cents as its own decimals allow, which chance does not give."""
    values = close[(close > 1.0) & (close < _LARGEST_LOG)]
    if len(values) < max(_LEAST, 0.95 * len(close)):
        return False
    decimals = next((d for d in range(2, 10) if not _finer(values, d)), 10)
    price = np.exp(values)
    slack = 0.51 * price * 10.0**-decimals + _NOISE * price
    telling = slack < _TELLING
    if telling.sum() < _LEAST:
        return False
    price, slack = price[telling], slack[telling]
    fits = np.abs(price - np.round(price, 2)) <= slack
    return bool(fits.mean() > 0.99 and np.sum(np.log(slack / 0.005)) < np.log(1e-9))


def _like_a_currency(seen: Movement) -> bool:
    dates = seen.bars.dates
    years = float((dates[-1] - dates[0]).astype(np.int64)) / 365.25
    a_year = (len(seen) - 1) / years if years > 0 else 0.0
    nights = float(np.median(np.abs(seen.gap) / seen.usual))
    return _ROUND_THE_WEEK < a_year < _SEVEN_DAYS and nights < _NIGHT


LOOK = Look(
    code="bars.not_prices",
    severity="failure",
    looks_at="whether the values are prices at all",
    means="Levels, ATR and percentages of logarithms or returns mean nothing.",
    remedy="give prices: the exponential of logarithms, or the product of returns",
    look=_look,
)
