"""Momentum columns against a brute force that looks back from each date, and against nasty prices."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq
from hypothesis import given, settings

from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import RulesConfig
from engine.rules.indicators import ATR, SMA_50, SMA_200, compute_indicators
from engine.rules.momentum import (
    MOMENTUM,
    MOMENTUM_STATE_SIZE,
    advance_momentum,
    compute_momentum,
    momentum_params,
)
from tests.some_bars import bundled, nasty_bars, series_of

RULES = RulesConfig()


def frame_of(bars, rules=RULES):
    return pd.DataFrame(compute_momentum(bars, rules), columns=list(MOMENTUM))


def pivots_known(values, i, k, sign):
    """Swing pivots confirmed by bar i, oldest first: (index, price)."""
    found = []
    for p in range(k, i - k + 1):
        before, after = sign * values[p - k : p], sign * values[p + 1 : p + k + 1]
        if (before < sign * values[p]).all() and (after <= sign * values[p]).all():
            found.append((p, values[p]))
    return found


def run_length(prices):
    """Signed number of steps in the same direction at the end of a list of pivot prices."""
    run = 0
    for step in np.sign(np.diff(prices))[::-1]:
        if step == 0 or (run and np.sign(run) != step):
            break
        run += int(step)
    return run


def brute_force(bars, i, rules):
    """Row i, from the history cut at i, by definitions and pandas instead of recursions."""
    o, h, lo, c, v = (getattr(bars, name)[: i + 1] for name in ("open", "high", "low", "close", "volume"))
    assert len(o) == i + 1
    ind = compute_indicators(bars.cut(i + 1))
    sma, atr, rsi, sigma = ind[:, SMA_50], ind[-1, ATR], ind[:, 3], ind[-1, 4]
    k, s = rules.pivot_bars, rules.slope_sessions
    nan = math.nan

    def since(mask):
        hits = np.flatnonzero(mask)
        return float(i - hits[-1]) if len(hits) else nan

    side = pd.Series(np.sign(c - sma)).replace(0.0, nan).ffill().to_numpy()
    crossed = np.append([nan], np.diff(side))
    touched_from_above = (side == 1) & (np.append([nan], side[:-1]) == 1) & (np.sign(c - sma) == 1)
    touched_from_above &= lo <= sma + rules.mean_touch_atr * ind[:, ATR]
    touched_from_below = (side == -1) & (np.append([nan], side[:-1]) == -1) & (np.sign(c - sma) == -1)
    touched_from_below &= h >= sma - rules.mean_touch_atr * ind[:, ATR]
    tests = np.flatnonzero(touched_from_above | touched_from_below)
    lows, highs = pivots_known(lo, i, k, -1), pivots_known(h, i, k, 1)
    low_run = run_length([p for _, p in lows]) if lows else nan
    high_run = run_length([p for _, p in highs]) if highs else nan
    if lows and low_run > 0 and lo[lows[-1][0] + 1 :].min() < lows[-1][1]:
        low_run = 0
    if highs and high_run < 0 and h[highs[-1][0] + 1 :].max() > highs[-1][1]:
        high_run = 0
    returns = np.diff(np.log(c))
    squares = pd.Series(np.append([np.mean(returns[:63] ** 2)], returns[63:] ** 2))
    slow = math.sqrt(squares.ewm(alpha=0.01, adjust=False).mean().iloc[-1])
    regime = -2 if rsi[-1] <= 30 else 2 if rsi[-1] >= 70 else 1 if rsi[-1] > 50 else -1
    return {
        "rsi_regime": regime,
        "sessions_since_oversold": since(rsi <= rules.rsi_oversold),
        "sessions_since_overbought": since(rsi >= rules.rsi_overbought),
        "distance_sma_50_atr": (c[-1] - ind[-1, SMA_50]) / atr,
        "distance_sma_200_atr": (c[-1] - ind[-1, SMA_200]) / atr,
        "slope_sma_50_atr": (ind[-1, SMA_50] - ind[-1 - s, SMA_50]) / atr,
        "slope_sma_200_atr": (ind[-1, SMA_200] - ind[-1 - s, SMA_200]) / atr,
        "sessions_since_sma_50_reclaimed": since(crossed == 2),
        "sessions_since_sma_50_lost": since(crossed == -2),
        "sma_50_acted_as": (1.0 if touched_from_above[tests[-1]] else -1.0) if len(tests) else nan,
        "rebound_percent": 100 * (c[-1] / lows[-1][1] - 1) if lows else nan,
        "rebound_atr": (c[-1] - lows[-1][1]) / atr if lows else nan,
        "drawdown_percent": 100 * (1 - c[-1] / h.max()),
        "drawdown_atr": (h.max() - c[-1]) / atr,
        "higher_lows": low_run,
        "higher_highs": high_run,
        "return_5_sigma": returns[-5:].sum() / sigma / math.sqrt(5),
        "return_20_sigma": returns[-20:].sum() / sigma / math.sqrt(20),
        "return_60_sigma": returns[-60:].sum() / sigma / math.sqrt(60),
        "volatility_ratio": sigma / slow,
        "volume_ratio": v[-1] / v[-20:].mean() if (v[-20:] > 0).all() else nan,
    }


@pytest.mark.parametrize("k", [2, 5])
def test_equals_a_brute_force_from_history_cut_at_each_date(k):
    bars = bundled(nasdaq)
    rules = RulesConfig(pivot_bars=k, slope_sessions=15, mean_touch_atr=0.4)
    ours = frame_of(bars, rules)
    rng = np.random.default_rng(k)
    for i in [*range(260, 300), *rng.integers(300, len(bars), 40)]:
        expected = brute_force(bars, int(i), rules)
        assert tuple(expected) == MOMENTUM
        np.testing.assert_allclose(
            ours.iloc[i].to_numpy(), list(expected.values()), rtol=1e-8, atol=1e-8, err_msg=str(bars.dates[i])
        )


def test_unknown_until_enough_bars_exist():
    first = frame_of(simulate_bars(400, seed=3)).notna().idxmax()
    expected = {
        "rsi_regime": 14,
        "distance_sma_50_atr": 49,
        "distance_sma_200_atr": 199,
        "slope_sma_50_atr": 69,
        "slope_sma_200_atr": 219,
        "drawdown_percent": 0,
        "drawdown_atr": 14,
        "return_5_sigma": 20,
        "return_20_sigma": 20,
        "return_60_sigma": 60,
        "volatility_ratio": 63,
        "volume_ratio": 19,
    }
    assert first[list(expected)].to_dict() == expected


def test_a_run_of_higher_lows_ends_on_the_day_it_is_undercut():
    # valleys at 100, 102, 104; then a fall through 104
    legs = [110, 100, 112, 102, 114, 104, 116, 90]
    close = np.concatenate([np.linspace(a, b, 9)[:-1] for a, b in itertools.pairwise(legs)])
    lows = frame_of(series_of(close), RulesConfig(pivot_bars=3))["higher_lows"]
    assert lows.max() == 2
    first_below = next(i for i in range(45, len(close)) if close[i] < 104)
    assert lows[first_below - 1] == 2
    assert lows[first_below] == 0


def test_no_movement_and_no_volume_are_unknown_not_infinite():
    still = frame_of(series_of(np.full(300, 123.456)))
    assert (still["drawdown_percent"] == 0).all()
    assert (
        still[["distance_sma_50_atr", "rebound_atr", "return_5_sigma", "volatility_ratio"]]
        .isna()
        .all(axis=None)
    )
    assert frame_of(simulate_bars(100, seed=1))["volume_ratio"].notna().any()
    assert still["volume_ratio"].isna().all()


def test_a_day_without_volume_is_unknown_for_the_whole_window():
    bars = simulate_bars(100, seed=1)
    volume = bars.volume.copy()
    volume[50] = 0.0
    bars = replace(bars, volume=volume)
    ratio = frame_of(bars)["volume_ratio"]
    assert ratio[50:70].isna().all()
    assert ratio[[49, 70]].notna().all()


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20])
def test_units_of_the_price_do_not_matter(scale):
    bars = simulate_bars(600, seed=5)
    scaled = BarSeries(
        "S",
        "test",
        bars.dates,
        *[getattr(bars, n) * scale for n in ("open", "high", "low", "close")],
        bars.volume,
    )
    np.testing.assert_array_equal(compute_momentum(bars, RULES), compute_momentum(scaled, RULES))


@settings(max_examples=60, deadline=None)
@given(nasty_bars())
def test_nasty_prices_give_numbers_or_nan_and_resume_bit_for_bit(bars):
    indicators = compute_indicators(bars)
    whole = compute_momentum(bars, RULES, indicators)
    assert not np.isinf(whole).any()
    n = len(bars)
    assert (whole[:, MOMENTUM.index("drawdown_percent")] >= 0).all()

    # the same rows whether the history is cut, or grown a bar at a time from a kept state
    half = compute_momentum(bars.cut(n // 2), RULES)
    assert half.tobytes() == whole[: n // 2].tobytes()
    out, state = np.empty_like(whole), np.zeros(MOMENTUM_STATE_SIZE)
    for start, stop in [(0, n // 2), *((i, i + 1) for i in range(n // 2, n))]:
        arrays = (getattr(bars, name)[:stop] for name in ("open", "high", "low", "close", "volume"))
        advance_momentum(*arrays, indicators, start, stop, momentum_params(RULES), state, out)
    assert out.tobytes() == whole.tobytes()
