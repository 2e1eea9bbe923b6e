"""Moving averages, Wilder's ATR and RSI, EWMA volatility: one causal pass, resumable at any bar.

The kernel carries its recursions in a small state vector, so a history that grows by one bar costs one
bar: :func:`advance_indicators` is the only code path, whether it walks 5,000 bars or the next one.  That is
also why a value is bit-identical on the whole history and on the history cut at its date.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.bars.series import BarSeries

INDICATORS = ("sma_50", "sma_200", "atr_14", "rsi_14", "sigma", "all_time_high")
SMA_50, SMA_200, ATR, RSI, SIGMA, ALL_TIME_HIGH = range(len(INDICATORS))

EWMA_LAMBDA = 0.94  # RiskMetrics Technical Document, 4th ed. (1996), daily data
_WILDER = 14
_SIGMA_SEED = 20  # squared returns in the plain mean that seeds the EWMA

# slots of the state vector: two compensated running sums, Wilder averages, EWMA variance, running high
_SUM_50, _LOST_50, _SUM_200, _LOST_200, _ATR, _GAIN, _LOSS, _VARIANCE, _HIGH = range(9)
STATE_SIZE = 9


@numba.njit(cache=True, inline="always")
def _compensated_add(state, slot, value):
    # Neumaier: the sliding sum stays exact to the last bits after a million additions and removals
    total = state[slot] + value
    if abs(state[slot]) >= abs(value):
        state[slot + 1] += (state[slot] - total) + value
    else:
        state[slot + 1] += (value - total) + state[slot]
    state[slot] = total


@numba.njit(cache=True)
def advance_indicators(high, low, close, start, stop, state, out):
    """Fill rows ``start .. stop - 1`` of ``out`` (n, 6) and move ``state`` on; both are written in place."""
    for i in range(start, stop):
        for j in range(out.shape[1]):
            out[i, j] = np.nan

        _compensated_add(state, _SUM_50, close[i])
        _compensated_add(state, _SUM_200, close[i])
        if i >= 50:
            _compensated_add(state, _SUM_50, -close[i - 50])
        if i >= 200:
            _compensated_add(state, _SUM_200, -close[i - 200])
        if i >= 49:
            out[i, SMA_50] = (state[_SUM_50] + state[_LOST_50]) / 50.0
        if i >= 199:
            out[i, SMA_200] = (state[_SUM_200] + state[_LOST_200]) / 200.0

        if i > 0:
            before = close[i - 1]
            true_range = max(high[i], before) - min(low[i], before)
            change = close[i] - before
            gain = max(change, 0.0)
            loss = max(-change, 0.0)
            if i <= _WILDER:  # sums first, their plain mean on the 14th change seeds the recursion
                state[_ATR] += true_range
                state[_GAIN] += gain
                state[_LOSS] += loss
                if i == _WILDER:
                    state[_ATR] /= _WILDER
                    state[_GAIN] /= _WILDER
                    state[_LOSS] /= _WILDER
            else:
                state[_ATR] = (state[_ATR] * (_WILDER - 1) + true_range) / _WILDER
                state[_GAIN] = (state[_GAIN] * (_WILDER - 1) + gain) / _WILDER
                state[_LOSS] = (state[_LOSS] * (_WILDER - 1) + loss) / _WILDER
            if i >= _WILDER:
                out[i, ATR] = state[_ATR]
                moved = state[_GAIN] + state[_LOSS]
                # no movement in either direction is neither strong nor weak
                out[i, RSI] = 100.0 * state[_GAIN] / moved if moved > 0.0 else 50.0

            log_return = np.log(close[i] / before)
            squared = log_return * log_return
            if i <= _SIGMA_SEED:
                state[_VARIANCE] += squared
                if i == _SIGMA_SEED:
                    state[_VARIANCE] /= _SIGMA_SEED
            else:
                state[_VARIANCE] = EWMA_LAMBDA * state[_VARIANCE] + (1.0 - EWMA_LAMBDA) * squared
            if i >= _SIGMA_SEED:
                out[i, SIGMA] = np.sqrt(state[_VARIANCE])

        state[_HIGH] = max(state[_HIGH], high[i])
        out[i, ALL_TIME_HIGH] = state[_HIGH]


def compute_indicators(bars: BarSeries) -> np.ndarray:
    """All indicators of a whole history.

    Returns
    -------
    (n, 6) float64, columns as in :data:`INDICATORS`: SMA 50 and 200 and ATR(14) in price units, RSI(14) in
    [0, 100] (50 where nothing moved), sigma as the daily standard deviation of log returns (EWMA, lambda
    0.94, seeded with the plain mean of the first 20 squares), all-time high of the highs so far.
    NaN until enough bars exist: 50, 200, 15, 15, 21 and 1.

    Source
    ------
    Wilder, New Concepts in Technical Trading Systems (1978): both averages are seeded with the plain mean
    of the first 14 changes; true range needs the previous close, so bar 0 has none.
    """
    out = np.empty((len(bars), len(INDICATORS)))
    advance_indicators(bars.high, bars.low, bars.close, 0, len(bars), np.zeros(STATE_SIZE), out)
    return out
