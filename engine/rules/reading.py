"""The reading: bias, position and the price that would change the bias, and the sentence that says so.

Bias is a vote of six, each +1, 0 or -1: on which side of the 50-day and of the 200-day average the close is,
the slope of both (flat is 0), the RSI against ``rsi_bull``, and structure (the last swing high and the last
swing low both higher, or both lower).  What is not known yet does not vote.  From ``bias_votes`` net votes
on, the bias has a side.
A close beyond the setup overrules the vote: below the floor is bearish, above the ceiling bullish.  No
close is beyond its own setup, so that clause speaks only in :data:`flip_price <READING>`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, overload

import numba
import numpy as np

from engine.rules.indicators import ALL_TIME_HIGH, RSI, SMA_50, SMA_200
from engine.rules.momentum import (
    HIGHER_HIGHS,
    HIGHER_LOWS,
    OVERBOUGHT,
    OVERSOLD,
    P_BIAS_VOTES,
    P_BULL,
    P_SLOPE_FLAT,
    SLOPE_50,
    SLOPE_200,
)

READING = ("bias", "position", "flip_price")
BIAS, POSITION, FLIP_PRICE = range(len(READING))
BEARISH, NEUTRAL, BULLISH = -1.0, 0.0, 1.0
BIAS_NAMES = {-1: "bearish", 0: "neutral", 1: "bullish"}
POSITION_NAMES = (
    "between floor and ceiling, under the 50-day",
    "between floor and 50-day",
    "between floor and ceiling, over the 50-day",
    "between floor and prior high",
    "between 50-day and ceiling",
    "between 50-day and prior high",
    "above the prior high",
)
(
    UNDER_50_DAY,
    FLOOR_TO_50_DAY,
    OVER_50_DAY,
    FLOOR_TO_PRIOR_HIGH,
    MEAN_TO_CEILING,
    MEAN_TO_PRIOR_HIGH,
    ABOVE_PRIOR_HIGH,
) = range(len(POSITION_NAMES))

_RECENT = 20  # sessions within which the 50-day counts as just reclaimed or just lost
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@numba.njit(cache=True, error_model="numpy", inline="always")
def _side(value, reference, tie=0.0):
    # NaN on either side compares False every way: no vote
    if value > reference:
        return 1.0
    if value < reference:
        return -1.0
    return tie if value == reference else 0.0


@numba.njit(cache=True, error_model="numpy", inline="always")
def _bias_at(price, tie, steady_votes, sma_50, sma_200, floor, ceiling, needed):
    """Bias of the day had its close been ``price``, all votes that are not a side of the close unchanged.

    With ``tie`` 1.0 the close lies a hair above ``price``, with -1.0 a hair below it.
    """
    if _side(price, floor, tie) < 0.0:
        return BEARISH
    if _side(price, ceiling, tie) > 0.0:
        return BULLISH
    votes = steady_votes + _side(price, sma_50, tie) + _side(price, sma_200, tie)
    if votes >= needed:
        return BULLISH
    if votes <= -needed:
        return BEARISH
    return NEUTRAL


@numba.njit(cache=True, error_model="numpy", inline="always")
def _flip_price(price, bias, steady_votes, sma_50, sma_200, floor, ceiling, needed):
    """The nearest line whose crossing gives another bias; NaN where no line does."""
    flip = np.nan
    nearest = np.inf
    for line in (sma_50, sma_200, floor, ceiling):
        if not abs(line - price) < nearest:  # nor is a NaN line ever taken
            continue
        beyond = -1.0 if line <= price else 1.0
        if _bias_at(line, beyond, steady_votes, sma_50, sma_200, floor, ceiling, needed) != bias:
            flip = line
            nearest = abs(line - price)
    return flip


@numba.njit(cache=True, error_model="numpy", inline="always")
def _position(price, sma_50, prior_high, floor, ceiling):
    if price >= prior_high:
        return ABOVE_PRIOR_HIGH
    if price < sma_50 and sma_50 <= ceiling:
        return FLOOR_TO_50_DAY
    if price < sma_50:
        return UNDER_50_DAY
    under_high = prior_high <= ceiling
    if sma_50 > floor:
        return MEAN_TO_PRIOR_HIGH if under_high else MEAN_TO_CEILING
    return FLOOR_TO_PRIOR_HIGH if under_high else OVER_50_DAY


@numba.njit(cache=True, error_model="numpy")
def advance_reading(close, indicators, momentum, setup, start, stop, params, out):
    """Fill rows ``start .. stop - 1`` of ``out`` (n, 3) in place; it needs no state.

    Parameters
    ----------
    close : (n,) ; indicators : (n, 6) ; momentum : (n, 21) ; all filled up to ``stop - 1``.
    setup : (n, 5), columns floor, ceiling, target_low, target_high, retest; NaN where there is none.
    params : from ``momentum_params``.

    Columns
    -------
    bias : -1, 0, 1 (:data:`BIAS_NAMES`); NaN before RSI and the 50-day exist.
    position : index into :data:`POSITION_NAMES`, the nearest of floor, 50-day and prior high below the close
        and of 50-day, prior high and ceiling above it; the prior high is the all-time high up to the day
        before.  NaN where there is no setup or no 50-day.
    flip_price : the nearest of the 50-day, the 200-day, floor and ceiling such that a close beyond it
        would have given today another bias, all else equal; NaN where bias is NaN or no line changes it.
    """
    needed = params[P_BIAS_VOTES]
    for i in range(start, stop):
        out[i, :] = np.nan
        price = close[i]
        rsi, sma_50, sma_200 = indicators[i, RSI], indicators[i, SMA_50], indicators[i, SMA_200]
        if np.isnan(rsi) or np.isnan(sma_50):
            continue
        floor, ceiling = setup[i, 0], setup[i, 1]
        steady = _side(rsi, params[P_BULL])
        for slope in (momentum[i, SLOPE_50], momentum[i, SLOPE_200]):
            if abs(slope) > params[P_SLOPE_FLAT]:
                steady += _side(slope, 0.0)
        lows, highs = momentum[i, HIGHER_LOWS], momentum[i, HIGHER_HIGHS]
        if lows * highs > 0.0:
            steady += _side(lows, 0.0)

        bias = _bias_at(price, 0.0, steady, sma_50, sma_200, floor, ceiling, needed)
        out[i, BIAS] = bias
        out[i, FLIP_PRICE] = _flip_price(price, bias, steady, sma_50, sma_200, floor, ceiling, needed)
        if i > 0 and not np.isnan(floor) and not np.isnan(ceiling):
            out[i, POSITION] = _position(price, sma_50, indicators[i - 1, ALL_TIME_HIGH], floor, ceiling)


@overload
def reading_code(bias: float, position: float) -> int: ...
@overload
def reading_code(bias: np.ndarray, position: np.ndarray) -> np.ndarray: ...
def reading_code(bias: float | np.ndarray, position: float | np.ndarray) -> int | np.ndarray:
    """One whole number per reading: 0 to 20, bearish ones first; -1 where bias or position is unknown.

    Takes two numbers, or two arrays of equal shape (then an int64 array comes back).
    """
    bias_array = np.asarray(bias, dtype=np.float64)
    position_array = np.asarray(position, dtype=np.float64)
    known = ~(np.isnan(bias_array) | np.isnan(position_array))
    code = (np.where(known, bias_array, 0.0) + 1.0) * len(POSITION_NAMES) + np.where(
        known, position_array, 0.0
    )
    codes = np.where(known, code, -1.0).astype(np.int64)
    return int(codes) if codes.ndim == 0 else codes


SENTENCE_COLUMNS = (
    "bias",
    "rsi_14",
    "rsi_regime",
    "distance_sma_50_atr",
    "sessions_since_sma_50_reclaimed",
    "sessions_since_sma_50_lost",
    "return_5_sigma",
    "higher_lows",
    "higher_highs",
    "drawdown_percent",
)  # of the replay frame: all that a reading's sentence is made of


def reading_sentence(row: Mapping[str, Any]) -> str:
    """The reading of one date in words.

    Parameters
    ----------
    row : of the replay frame, with :data:`SENTENCE_COLUMNS`; others are not looked at.

    Returns
    -------
    "recovering, not overbought: RSI 56, 50-day reclaimed 6 sessions ago, two higher lows"; facts that are
    not known are left out; "too little history for a reading" where bias is unknown.
    """
    bias = _number(row, "bias")
    if math.isnan(bias):
        return "too little history for a reading"
    regime = _number(row, "rsi_regime")
    facts = [f"RSI {_number(row, 'rsi_14'):.0f}"]
    facts += [fact for fact in (_mean_fact(row), _structure_fact(row)) if fact]
    drawdown = _number(row, "drawdown_percent")
    if drawdown >= 10.0:
        facts.append(f"{drawdown:.0f}% below the all-time high")
    return f"{_trend_word(row, bias)}, {_strength_word(bias, regime)}: {', '.join(facts)}"


def _trend_word(row: Mapping[str, Any], bias: float) -> str:
    above = _number(row, "distance_sma_50_atr") > 0
    reclaimed = _number(row, "sessions_since_sma_50_reclaimed")
    lost = _number(row, "sessions_since_sma_50_lost")
    if above and _number(row, "drawdown_percent") <= 1.0 and bias > 0:
        return "near its high"
    if above and reclaimed <= _RECENT:
        return "recovering"
    if not above and lost <= _RECENT and bias >= 0:
        return "pulling back"
    if not above and bias >= 0 and _number(row, "return_5_sigma") > 0:
        return "stabilising"
    return {1: "advancing", 0: "without direction", -1: "declining"}[int(bias)]


def _strength_word(bias: float, regime: float) -> str:
    if regime == OVERBOUGHT:
        return "overbought"
    if regime == OVERSOLD:
        return "oversold"
    return "not oversold" if bias < 0 else "not overbought"


def _mean_fact(row: Mapping[str, Any]) -> str:
    above = _number(row, "distance_sma_50_atr") > 0
    sessions = _number(row, "sessions_since_sma_50_" + ("reclaimed" if above else "lost"))
    if math.isnan(_number(row, "distance_sma_50_atr")):
        return ""
    if math.isnan(sessions):
        return "above the 50-day" if above else "below the 50-day"
    verb = "reclaimed" if above else "lost"
    if sessions == 0:
        return f"50-day {verb} today"
    if sessions > 3 * _RECENT:
        return f"{'above' if above else 'below'} the 50-day for {sessions:.0f} sessions"
    return f"50-day {verb} {_plural(sessions, 'session')} ago"


def _structure_fact(row: Mapping[str, Any]) -> str:
    lows, highs = _number(row, "higher_lows"), _number(row, "higher_highs")
    facts = [(lows, "higher low"), (highs, "higher high"), (-highs, "lower high"), (-lows, "lower low")]
    if not _number(row, "distance_sma_50_atr") > 0:
        facts = [*facts[2:], *facts[:2]]  # below the 50-day the falling side is what matters
    for count, noun in facts:
        if count > 0:
            return f"{_count(count)} {noun}" + ("" if count == 1 else "s")
    return ""


def _count(value: float) -> str:
    return _COUNTS[int(value)] if value < len(_COUNTS) else f"{value:.0f}"


def _plural(value: float, noun: str) -> str:
    return f"{value:.0f} {noun}" + ("" if value == 1 else "s")


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)
