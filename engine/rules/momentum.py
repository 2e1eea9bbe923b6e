"""Momentum: what a chart reader says about strength, each phrase a causal column.

One resumable pass, like the indicators: :func:`advance_momentum` fills the rows of the bars it is given and
keeps what it must remember in a small state vector, so the next bar costs one bar.

A ratio whose yardstick does not exist is NaN: before enough bars, and where ATR or volatility is zero (below
a billionth of the price, which is rounding noise and not movement).  No column is ever infinite.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from engine.bars.series import BarSeries
from engine.config import RulesConfig
from engine.rules.indicators import ALL_TIME_HIGH, ATR, RSI, SIGMA, SMA_50, SMA_200, compute_indicators
from engine.rules.pivots import swing_highs_confirmed, swing_lows_confirmed

MOMENTUM = (
    "rsi_regime",
    "sessions_since_oversold",
    "sessions_since_overbought",
    "distance_sma_50_atr",
    "distance_sma_200_atr",
    "slope_sma_50_atr",
    "slope_sma_200_atr",
    "sessions_since_sma_50_reclaimed",
    "sessions_since_sma_50_lost",
    "sma_50_acted_as",
    "rebound_percent",
    "rebound_atr",
    "drawdown_percent",
    "drawdown_atr",
    "higher_lows",
    "higher_highs",
    "return_5_sigma",
    "return_20_sigma",
    "return_60_sigma",
    "volatility_ratio",
    "volume_ratio",
)
(
    RSI_REGIME,
    SINCE_OVERSOLD,
    SINCE_OVERBOUGHT,
    DISTANCE_50,
    DISTANCE_200,
    SLOPE_50,
    SLOPE_200,
    SINCE_RECLAIMED,
    SINCE_LOST,
    ACTED_AS,
    REBOUND_PERCENT,
    REBOUND_ATR,
    DRAWDOWN_PERCENT,
    DRAWDOWN_ATR,
    HIGHER_LOWS,
    HIGHER_HIGHS,
    RETURN_5,
    RETURN_20,
    RETURN_60,
    VOLATILITY_RATIO,
    VOLUME_RATIO,
) = range(len(MOMENTUM))

OVERSOLD, WEAK, STRONG, OVERBOUGHT = -2.0, -1.0, 1.0, 2.0  # values of rsi_regime
SUPPORT, RESISTANCE = 1.0, -1.0  # values of sma_50_acted_as

NO_MOVEMENT = 1e-9  # ATR below this fraction of the price, or a daily sigma below it, is no yardstick
_SLOW_LAMBDA = 0.99  # slow EWMA variance: half-life of 69 sessions against 11 of the indicator's 0.94
_SLOW_SEED = 63  # squared returns in the plain mean that seeds it
_VOLUME_SESSIONS = 20
_CHUNK_BARS = 16384  # what the passes over all bars of a chunk share stays in the cache

# slots of the parameter vector
P_OVERSOLD, P_OVERBOUGHT, P_BULL, P_SLOPE_SESSIONS, P_SLOPE_FLAT, P_PIVOT_BARS, P_TOUCH_ATR, P_BIAS_VOTES = (
    range(8)
)

# slots of the state vector; a bar index is kept as index + 1, so that a fresh state of zeros means "never"
(
    _OVERSOLD_AT,
    _OVERBOUGHT_AT,
    _SIDE,
    _RECLAIMED_AT,
    _LOST_AT,
    _ACTED_AS,
    _LOW,
    _LOWS,
    _HIGH,
    _HIGHS,
    _SLOW_VARIANCE,
) = range(11)
MOMENTUM_STATE_SIZE = 11


def momentum_params(rules: RulesConfig) -> np.ndarray:
    """The thresholds as the vector that :func:`advance_momentum` and ``advance_reading`` take."""
    return np.array(
        [
            rules.rsi_oversold,
            rules.rsi_overbought,
            rules.rsi_bull,
            rules.slope_sessions,
            rules.slope_flat_atr,
            rules.pivot_bars,
            rules.mean_touch_atr,
            rules.bias_votes,
        ],
        dtype=np.float64,
    )


@numba.njit(cache=True, error_model="numpy", inline="always")
def _since(i, at_plus_one):
    return i + 1.0 - at_plus_one if at_plus_one > 0.0 else np.nan


@numba.njit(cache=True, error_model="numpy", inline="always")
def _run_of(count, before, now):
    # length of a run of rising (positive) or falling (negative) pivots; an equal pivot ends it
    if now > before:
        return max(count, 0.0) + 1.0
    if now < before:
        return min(count, 0.0) - 1.0
    return 0.0


@numba.njit(cache=True, error_model="numpy")
def _volume_ratios(volume, start, stop):
    """Volume of the bars ``start .. stop - 1`` over its mean of 20 sessions; NaN unless all 20 have volume."""
    ratio = np.full(stop - start, np.nan)
    first = max(start, _VOLUME_SESSIONS - 1)
    if first >= stop:
        return ratio
    total = np.zeros(stop - first)
    complete = np.ones(stop - first, np.bool_)
    # one session at a time for all bars, oldest first: see turns_confirmed
    for back in range(_VOLUME_SESSIONS - 1, -1, -1):
        session = volume[first - back : stop - back]
        for x in range(len(total)):
            total[x] += session[x]
            complete[x] &= session[x] > 0.0
    for x in range(len(total)):
        if complete[x] and total[x] < np.inf:
            ratio[first - start + x] = volume[first + x] / (total[x] / _VOLUME_SESSIONS)
    return ratio


@numba.njit(cache=True, error_model="numpy")
def advance_momentum(open_, high, low, close, volume, indicators, start, stop, params, state, out):
    """Fill rows ``start .. stop - 1`` of ``out`` (n, 21) and move ``state`` on; both are written in place.

    ``indicators`` must be filled up to row ``stop - 1``.  Nothing after the row being filled is read.
    """
    k = int(params[P_PIVOT_BARS])
    slope_sessions = int(params[P_SLOPE_SESSIONS])
    lows = swing_lows_confirmed(low, start, stop, k)
    highs = swing_highs_confirmed(high, start, stop, k)
    volume_ratio = _volume_ratios(volume, start, stop)
    for i in range(start, stop):
        row = out[i]
        row[:] = np.nan
        price = close[i]
        sma_50, sma_200 = indicators[i, SMA_50], indicators[i, SMA_200]
        rsi, sigma, peak = indicators[i, RSI], indicators[i, SIGMA], indicators[i, ALL_TIME_HIGH]
        atr = indicators[i, ATR]
        if not atr > NO_MOVEMENT * price:
            atr = np.nan  # NaN spreads through every ratio below

        if not np.isnan(rsi):
            if rsi <= params[P_OVERSOLD]:
                state[_OVERSOLD_AT] = i + 1.0
                row[RSI_REGIME] = OVERSOLD
            elif rsi >= params[P_OVERBOUGHT]:
                state[_OVERBOUGHT_AT] = i + 1.0
                row[RSI_REGIME] = OVERBOUGHT
            else:
                row[RSI_REGIME] = STRONG if rsi > params[P_BULL] else WEAK
        row[SINCE_OVERSOLD] = _since(i, state[_OVERSOLD_AT])
        row[SINCE_OVERBOUGHT] = _since(i, state[_OVERBOUGHT_AT])

        row[DISTANCE_50] = (price - sma_50) / atr
        row[DISTANCE_200] = (price - sma_200) / atr
        if i >= slope_sessions:
            row[SLOPE_50] = (sma_50 - indicators[i - slope_sessions, SMA_50]) / atr
            row[SLOPE_200] = (sma_200 - indicators[i - slope_sessions, SMA_200]) / atr

        if not np.isnan(sma_50):
            before = state[_SIDE]
            if price > sma_50:
                if before < 0.0:
                    state[_RECLAIMED_AT] = i + 1.0
                elif before > 0.0 and low[i] <= sma_50 + params[P_TOUCH_ATR] * atr:
                    state[_ACTED_AS] = SUPPORT
                state[_SIDE] = 1.0
            elif price < sma_50:
                if before > 0.0:
                    state[_LOST_AT] = i + 1.0
                elif before < 0.0 and high[i] >= sma_50 - params[P_TOUCH_ATR] * atr:
                    state[_ACTED_AS] = RESISTANCE
                state[_SIDE] = -1.0
        row[SINCE_RECLAIMED] = _since(i, state[_RECLAIMED_AT])
        row[SINCE_LOST] = _since(i, state[_LOST_AT])
        if state[_ACTED_AS] != 0.0:
            row[ACTED_AS] = state[_ACTED_AS]

        if lows[i - start]:
            if state[_LOW] > 0.0:
                state[_LOWS] = _run_of(state[_LOWS], state[_LOW], low[i - k])
            state[_LOW] = low[i - k]
        if highs[i - start]:
            if state[_HIGH] > 0.0:
                state[_HIGHS] = _run_of(state[_HIGHS], state[_HIGH], high[i - k])
            state[_HIGH] = high[i - k]
        # a run is over the day price leaves it, not k bars later when the next pivot is confirmed
        if low[i] < state[_LOW]:
            state[_LOWS] = min(state[_LOWS], 0.0)
        if high[i] > state[_HIGH]:
            state[_HIGHS] = max(state[_HIGHS], 0.0)
        if state[_LOW] > 0.0:
            row[HIGHER_LOWS] = state[_LOWS]
            row[REBOUND_PERCENT] = 100.0 * (price - state[_LOW]) / state[_LOW]
            row[REBOUND_ATR] = (price - state[_LOW]) / atr
        if state[_HIGH] > 0.0:
            row[HIGHER_HIGHS] = state[_HIGHS]
        row[DRAWDOWN_PERCENT] = 100.0 * (peak - price) / peak
        row[DRAWDOWN_ATR] = (peak - price) / atr

        if i > 0:
            log_return = math.log(price / close[i - 1])
            squared = log_return * log_return
            if i <= _SLOW_SEED:
                state[_SLOW_VARIANCE] += squared
                if i == _SLOW_SEED:
                    state[_SLOW_VARIANCE] /= _SLOW_SEED
            else:
                state[_SLOW_VARIANCE] = _SLOW_LAMBDA * state[_SLOW_VARIANCE] + (1.0 - _SLOW_LAMBDA) * squared
        if sigma > NO_MOVEMENT:
            if i >= 5:
                row[RETURN_5] = math.log(price / close[i - 5]) / (sigma * math.sqrt(5.0))
            if i >= 20:
                row[RETURN_20] = math.log(price / close[i - 20]) / (sigma * math.sqrt(20.0))
            if i >= 60:
                row[RETURN_60] = math.log(price / close[i - 60]) / (sigma * math.sqrt(60.0))
            if i >= _SLOW_SEED:
                row[VOLATILITY_RATIO] = sigma / math.sqrt(state[_SLOW_VARIANCE])

        row[VOLUME_RATIO] = volume_ratio[i - start]


def compute_momentum(bars: BarSeries, rules: RulesConfig, indicators: np.ndarray | None = None) -> np.ndarray:
    """All momentum columns of a whole history.

    Parameters
    ----------
    bars : n sessions.
    rules : thresholds; ``pivot_bars`` is the confirmation lag of the swing pivots.
    indicators : (n, 6) from ``compute_indicators``; computed here where not given.

    Returns
    -------
    (n, 21) float64, columns as in :data:`MOMENTUM`, NaN until known:

    - ``rsi_regime``: -2 oversold (RSI at or below ``rsi_oversold``), -1 weak, 1 strong (above ``rsi_bull``),
      2 overbought (at or above ``rsi_overbought``).
    - ``sessions_since_oversold``, ``sessions_since_overbought``: 0 on such a day, NaN before the first.
    - ``distance_sma_*_atr``: close minus average, in ATR(14).
    - ``slope_sma_*_atr``: change of the average over ``slope_sessions``, in ATR of today.
    - ``sessions_since_sma_50_reclaimed``, ``..._lost``: since a close crossed to above, to below.
    - ``sma_50_acted_as``: 1 support (close stayed above while the low came within ``mean_touch_atr``),
      -1 resistance (the mirror), whichever happened last.
    - ``rebound_percent``, ``rebound_atr``: close above the last confirmed swing low.
    - ``drawdown_percent``, ``drawdown_atr``: close below the all-time high, never negative.
    - ``higher_lows``, ``higher_highs``: confirmed swing lows (highs) in a row above the one before;
      negative counts those in a row below; 0 after the first pivot, after an equal one, and as soon as a
      bar undercuts the last of the higher lows (exceeds the last of the lower highs).
    - ``return_*_sigma``: log return over 5, 20, 60 sessions, in EWMA sigma times the root of the sessions.
    - ``volatility_ratio``: EWMA sigma over a slow EWMA (lambda 0.99, seeded with 63 squares).
    - ``volume_ratio``: volume over its mean of 20 sessions; NaN unless all 20 have volume.
    """
    if indicators is None:
        indicators = compute_indicators(bars)
    out = np.empty((len(bars), len(MOMENTUM)))
    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    params, state = momentum_params(rules), np.zeros(MOMENTUM_STATE_SIZE)
    for start in range(0, len(bars), _CHUNK_BARS):
        stop = min(start + _CHUNK_BARS, len(bars))
        advance_momentum(*prices, indicators, start, stop, params, state, out)
    return out
