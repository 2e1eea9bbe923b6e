"""Variance forecast behind ``filtered_history``: a HAR-type regression that can neither explode nor go negative.

The forecast is a sum of past variances at several speeds with non-negative weights, fitted by quasi-likelihood
(weights 1 / forecast ** 2, iterated), so that a calm year counts as much as a crisis.  A regression on
logarithms fits slightly better one session ahead and clearly worse over a horizon of three weeks, where its
exponent also has to be corrected for; the plain sum needs no correction and extrapolates tamely.

Source
------
Corsi, "A simple approximate long-memory model of realized volatility", Journal of Financial Econometrics 7
(2009); Parkinson, "The extreme value method for estimating the variance of the rate of return", Journal of
Business 53 (1980); Patton and Sheppard, "Good volatility, bad volatility", Review of Economics and Statistics
97 (2015) for the falls; Patton, Journal of Econometrics 160 (2011) for the quasi-likelihood.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.bars.series import BarSeries
from engine.rules.indicators import EWMA_LAMBDA

VARIANCE_INPUTS = (
    "range_1",
    "range_5",
    "range_22",
    "range_66",
    "range_ewma",
    "return_ewma",
    "fall_1",
    "fall_5",
    "fall_22",
    "long_run",
)
WARM_UP = 66  # rows before this one do not have every input yet

_WINDOWS_RANGE = (1, 5, 22, 66)
_WINDOWS_FALL = (1, 5, 22)
_RANGE_LAMBDA = 0.8  # a memory of about a week, between the windows of 1 and 22
_SEED = 20
_ROUNDS = 3  # of reweighting; a fourth changes the forecasts by less than 0.1 %
_RIDGE = 1e-3  # of the diagonal: decides between nearly equal inputs, invisible otherwise
_LARGEST_RATIO = 12.0  # realised over expected variance; a single crash must not fit the decade after it
_CALMEST, _WILDEST = 0.01, 2.0  # forecast over the long-run mean, over the largest of its own inputs
_SWEEPS = 2000
_TINY = 1e-14  # a daily volatility of 0.00001 %: keeps a market that never moved from dividing by zero

_SQUARED_RANGE = 1.0 / (4.0 * np.log(2.0))  # Parkinson


@numba.njit(cache=True, nogil=True)
def _trailing_mean(values, row, window):
    # added up afresh at each row: sliding sums of squares leave rounding dust, even below zero
    first = max(0, row + 1 - window)
    total = 0.0
    for i in range(first, row + 1):
        total += values[i]
    return total / (row + 1 - first)


@numba.njit(cache=True, nogil=True)
def _fill_inputs(high, low, close, out, proxy):
    n = len(close)
    squared = np.zeros(n)
    fall = np.zeros(n)
    total_proxy = 0.0
    total_squared = 0.0
    range_ewma = 0.0
    return_ewma = 0.0
    for i in range(n):
        top, bottom = high[i], low[i]
        if i > 0:  # the true range holds the gap from the previous close
            top, bottom = max(top, close[i - 1]), min(bottom, close[i - 1])
            change = np.log(close[i] / close[i - 1])
            squared[i] = change * change
            fall[i] = squared[i] if change < 0.0 else 0.0
        spread = np.log(top / bottom)
        proxy[i] = spread * spread * _SQUARED_RANGE
        total_proxy += proxy[i]
        total_squared += squared[i]
        if i < _SEED:
            range_ewma = total_proxy / (i + 1)
            return_ewma = total_squared / (i + 1)
        else:
            range_ewma = _RANGE_LAMBDA * range_ewma + (1.0 - _RANGE_LAMBDA) * proxy[i]
            return_ewma = EWMA_LAMBDA * return_ewma + (1.0 - EWMA_LAMBDA) * squared[i]
        k = 0
        for window in _WINDOWS_RANGE:
            out[i, k] = _trailing_mean(proxy, i, window)
            k += 1
        out[i, k] = range_ewma
        out[i, k + 1] = return_ewma
        k += 2
        for window in _WINDOWS_FALL:
            out[i, k] = _trailing_mean(fall, i, window)
            k += 1
        out[i, k] = total_proxy / (i + 1)


def variance_inputs(bars: BarSeries) -> tuple[np.ndarray, np.ndarray]:
    """Past variances at several speeds, and the proxy they are made of.

    Returns
    -------
    inputs : (n, 10) float64, columns as in :data:`VARIANCE_INPUTS`; row t uses bars up to t; squared log
        returns per session; never NaN.  Until a window is full it is the mean of what there is.
    proxy : (n,) float64, Parkinson's variance of the true range of each session.
    """
    inputs = np.empty((len(bars), len(VARIANCE_INPUTS)))
    proxy = np.empty(len(bars))
    _fill_inputs(bars.high, bars.low, bars.close, inputs, proxy)
    return inputs, proxy


def with_more(inputs: np.ndarray, more: np.ndarray) -> np.ndarray:
    """The inputs (n, 10) with further variances (n, m) before the last column, (n, 10 + m).

    A row on which one of ``more`` is not a positive number has NaN in all of them: it is used in no fit.
    """
    known = (np.isfinite(more) & (more > 0.0)).all(axis=1)
    return np.column_stack([inputs[:, :-1], np.where(known[:, None], more, np.nan), inputs[:, -1:]])


@numba.njit(cache=True, nogil=True)
def _bounded(inputs, row, weights):
    value = 0.0
    largest = 0.0
    for k in range(inputs.shape[1]):
        value += weights[k] * inputs[row, k]
        largest = max(largest, inputs[row, k])
    value = min(value, _WILDEST * largest)
    return max(value, _CALMEST * inputs[row, inputs.shape[1] - 1], _TINY)


@numba.njit(cache=True, nogil=True)
def solve_non_negative(gram, moment, start):
    """Minimise ``w' gram w / 2 - moment' w`` over w >= 0 by cyclic coordinate descent from ``start``.

    ``gram`` (k, k) must have a positive diagonal.  Returns (k,).
    """
    weights = start.copy()
    for _ in range(_SWEEPS):
        moved = 0.0
        size = 0.0
        for k in range(len(weights)):
            slope = moment[k]
            for m in range(len(weights)):
                slope -= gram[k, m] * weights[m]
            value = max(0.0, weights[k] + slope / gram[k, k])
            moved = max(moved, abs(value - weights[k]))
            size = max(size, value)
            weights[k] = value
        if moved <= 1e-10 * size:
            break
    return weights


@numba.njit(cache=True, nogil=True)
def fit_variance(inputs, proxy, first, known, horizon):
    """Weights of the inputs in the forecast of the mean variance over the next ``horizon`` sessions.

    Parameters
    ----------
    inputs, proxy : of :func:`variance_inputs` or :func:`with_more`; rows whose last but one input is NaN are
        left out.
    first : first row used, at least :data:`WARM_UP`.
    known : bars the fit may see; a row is used when its whole horizon lies inside them.
    horizon : sessions averaged over.

    Returns
    -------
    (inputs,) float64, non-negative.  Sums run in row order in one thread, so the last bit never depends on the
    machine's number of cores.
    """
    size = inputs.shape[1]
    weights = np.zeros(size)
    weights[2] = 1.0  # the first round weighs by the monthly mean
    came = np.empty(max(known - horizon, 0))  # after each row, summed in the order of the sessions
    for row in range(first, known - horizon):
        ahead = 0.0
        for j in range(1, horizon + 1):
            ahead += proxy[row + j]
        came[row] = ahead / horizon
    for round_ in range(_ROUNDS):
        gram = np.zeros((size, size))
        moment = np.zeros(size)
        scaled = np.empty(size)
        for row in range(first, known - horizon):
            if np.isnan(inputs[row, size - 2]):
                continue
            expected = _bounded(inputs, row, weights)
            ratio = min(came[row] / expected, _LARGEST_RATIO)
            for k in range(size):
                scaled[k] = inputs[row, k] / expected
            for k in range(size):
                moment[k] += scaled[k] * ratio
                for m in range(k + 1):
                    gram[k, m] += scaled[k] * scaled[m]
        for k in range(size):
            for m in range(k):
                gram[m, k] = gram[k, m]
        for k in range(size):
            gram[k, k] = gram[k, k] * (1.0 + _RIDGE) + 1e-300
        start = np.zeros(size) if round_ == 0 else weights
        weights = solve_non_negative(gram, moment, start)
    return weights


@numba.njit(cache=True, nogil=True)
def forecast_variance(inputs, weights, start, stop):
    """Variance per session forecast at rows ``start .. stop - 1``; positive and finite.

    Between 1 % of the long-run mean and twice the largest of its own inputs.
    """
    out = np.empty(stop - start)
    for row in range(start, stop):
        out[row - start] = _bounded(inputs, row, weights)
    return out
