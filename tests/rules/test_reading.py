"""The reading: votes, the price that would change them, positions and words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq
from hypothesis import given, settings

from engine.config import RulesConfig
from engine.rules.indicators import ALL_TIME_HIGH, ATR, INDICATORS, RSI, SMA_50, SMA_200, compute_indicators
from engine.rules.momentum import MOMENTUM, compute_momentum, momentum_params
from engine.rules.reading import (
    BIAS_NAMES,
    POSITION_NAMES,
    READING,
    SENTENCE_COLUMNS,
    advance_reading,
    reading_code,
    reading_sentence,
)
from tests.some_bars import bundled, nasty_bars

RULES = RulesConfig()


def setup_of(bars, indicators):
    steps = indicators[:, [ATR]] * np.array([-1.8, 1.2, 2.0, 2.2, -3.0])
    steps[~(indicators[:, ATR] > 1e-9 * bars.close)] = np.nan
    return bars.close[:, None] + steps


def read(close, indicators, momentum, setup, rules=RULES, start=0):
    out = np.full((len(close), len(READING)), -99.0)
    advance_reading(close, indicators, momentum, setup, start, len(close), momentum_params(rules), out)
    return out[start:]


def whole(bars, rules=RULES):
    indicators = compute_indicators(bars)
    momentum = compute_momentum(bars, rules, indicators)
    setup = setup_of(bars, indicators)
    return indicators, momentum, setup, read(bars.close, indicators, momentum, setup, rules)


def votes(row, momentum, price, rules):
    """Net votes of one date, straight from the rule's wording."""
    cast = [np.sign(price - row[SMA_50]), np.sign(price - row[SMA_200]), np.sign(row[RSI] - rules.rsi_bull)]
    for name in ("slope_sma_50_atr", "slope_sma_200_atr"):
        slope = momentum[MOMENTUM.index(name)]
        cast.append(np.sign(slope) if abs(slope) > rules.slope_flat_atr else 0.0)
    structure = {np.sign(momentum[MOMENTUM.index(name)]) for name in ("higher_lows", "higher_highs")}
    cast.append(structure.pop() if len(structure) == 1 else 0.0)
    return sum(v for v in cast if not np.isnan(v))


@pytest.mark.parametrize("needed", [1, 3, 5])
def test_bias_is_the_vote(needed):
    rules = RulesConfig(bias_votes=needed)
    bars = bundled(nasdaq).cut(1500)
    indicators, momentum, _, reading = whole(bars, rules)
    assert np.isnan(reading[:49, 0]).all()
    for i in range(49, len(bars)):
        net = votes(indicators[i], momentum[i], bars.close[i], rules)
        assert reading[i, 0] == (net >= needed) - int(net <= -needed), bars.dates[i]
    assert set(np.unique(reading[49:, 0])) == set(BIAS_NAMES)


def test_a_close_beyond_the_flip_price_has_another_bias_and_a_close_before_it_has_not():
    bars = bundled(nasdaq).cut(2500)
    indicators, momentum, setup, reading = whole(bars)
    bias, flip = reading[:, 0], reading[:, 2]
    known = ~np.isnan(bias) & ~np.isnan(setup[:, 0])
    assert not np.isnan(flip[known]).any()
    direction = np.sign(flip - bars.close)
    beyond, before = flip * (1 + 1e-9 * direction), flip * (1 - 1e-9 * direction)
    beyond, before = np.where(known, beyond, bars.close), np.where(known, before, bars.close)
    assert (read(beyond, indicators, momentum, setup)[known, 0] != bias[known]).all()
    assert (read(before, indicators, momentum, setup)[known, 0] == bias[known]).all()
    assert (bias[known] * direction[known] <= 0).all()  # a bull is disproved below, a bear above
    lines = np.column_stack([indicators[:, SMA_50], indicators[:, SMA_200], setup[:, 0], setup[:, 1]])
    taken = (lines[known] == flip[known, None]).mean(axis=0)
    assert (taken > 0.01).all()


def test_position_names_the_neighbours_of_the_close():
    bars = bundled(nasdaq)
    indicators, _, setup, reading = whole(bars)
    seen = set()
    for i in range(60, len(bars)):
        price, mean = bars.close[i], indicators[i, SMA_50]
        peak = indicators[i - 1, ALL_TIME_HIGH]
        lines = {"floor": setup[i, 0], "50-day": mean, "prior high": peak, "ceiling": setup[i, 1]}
        below = max((v, k) for k, v in lines.items() if v <= price)[1]
        above = min((v, k) for k, v in lines.items() if v > price)[1]
        if price >= peak:
            expected = "above the prior high"
        elif (below, above) == ("floor", "ceiling"):
            expected = f"between floor and ceiling, {'under' if mean > price else 'over'} the 50-day"
        else:
            expected = f"between {below} and {above}"
        assert POSITION_NAMES[int(reading[i, 1])] == expected, bars.dates[i]
        seen.add(expected)
    assert seen == set(POSITION_NAMES)


def test_codes_are_distinct_and_unknown_is_minus_one():
    codes = [reading_code(b, p) for b in (-1.0, 0.0, 1.0) for p in range(len(POSITION_NAMES))]
    assert codes == list(range(21))
    assert reading_code(float("nan"), 2.0) == reading_code(1.0, float("nan")) == -1
    both = reading_code(np.array([-1.0, 1.0, np.nan]), np.array([0.0, 6.0, 1.0]))
    assert both.tolist() == [0, 20, -1]


def row(**values):
    base = {
        "bias": 1.0,
        "rsi_14": 56.16,
        "rsi_regime": 1.0,
        "distance_sma_50_atr": 0.5,
        "sessions_since_sma_50_reclaimed": 6.0,
        "sessions_since_sma_50_lost": 15.0,
        "higher_lows": 2.0,
        "higher_highs": 0.0,
        "drawdown_percent": 3.0,
        "return_5_sigma": 1.0,
    }
    return base | values


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "recovering, not overbought: RSI 56, 50-day reclaimed 6 sessions ago, two higher lows"),
        (
            {"sessions_since_sma_50_reclaimed": 1.0, "higher_lows": 1.0, "drawdown_percent": 12.4},
            "recovering, not overbought: RSI 56, 50-day reclaimed 1 session ago, one higher low, "
            "12% below the all-time high",
        ),
        (
            {
                "drawdown_percent": 0.2,
                "rsi_14": 75.0,
                "rsi_regime": 2.0,
                "sessions_since_sma_50_reclaimed": 80.0,
            },
            "near its high, overbought: RSI 75, above the 50-day for 80 sessions, two higher lows",
        ),
        (
            {
                "bias": -1.0,
                "rsi_14": 25.0,
                "rsi_regime": -2.0,
                "distance_sma_50_atr": -2.0,
                "sessions_since_sma_50_lost": 30.0,
                "higher_highs": -3.0,
            },
            "declining, oversold: RSI 25, 50-day lost 30 sessions ago, three lower highs",
        ),
        (
            {"bias": 0.0, "distance_sma_50_atr": -1.0, "sessions_since_sma_50_lost": 0.0, "higher_lows": 0.0},
            "pulling back, not overbought: RSI 56, 50-day lost today",
        ),
        ({"bias": float("nan")}, "too little history for a reading"),
        ({"bias": None}, "too little history for a reading"),
    ],
)
def test_sentence(values, sentence):
    assert reading_sentence(row(**values)) == sentence


def test_every_real_date_has_a_plain_sentence():
    bars = bundled(nasdaq)
    indicators, momentum, _, reading = whole(bars)
    frame = pd.DataFrame(
        np.column_stack([indicators, momentum, reading]), columns=[*INDICATORS, *MOMENTUM, *READING]
    )
    for i in range(0, len(frame), 7):
        sentence = reading_sentence(frame.iloc[i])
        assert sentence == reading_sentence(frame.iloc[i][list(SENTENCE_COLUMNS)])
        assert "nan" not in sentence
        assert 20 < len(sentence) < 160
        assert (i < 49) == sentence.startswith("too little")


@settings(max_examples=50, deadline=None)
@given(nasty_bars())
def test_nasty_prices_give_a_reading_or_nan_and_resume_bit_for_bit(bars):
    indicators, momentum, setup, reading = whole(bars)
    assert not np.isinf(reading).any()
    assert set(np.unique(reading[~np.isnan(reading[:, 0]), 0])) <= {-1.0, 0.0, 1.0}
    known = ~np.isnan(reading[:, 2])
    assert (reading[known, 2] > 0).all()
    stop = len(bars) // 2
    *_, before = whole(bars.cut(stop))
    assert before.tobytes() == reading[:stop].tobytes()
    assert read(bars.close, indicators, momentum, setup, start=stop).tobytes() == reading[stop:].tobytes()
