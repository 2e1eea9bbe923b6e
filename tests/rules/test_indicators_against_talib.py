"""The indicators that momentum is built on, against independent programs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import talib
from arch.data import nasdaq

from engine.rules.indicators import ATR, RSI, SMA_50, SMA_200, compute_indicators
from tests.shared_files import vectors_dir
from tests.some_bars import bundled, series_of


def test_rsi_atr_and_averages_agree_with_talib():
    bars = bundled(nasdaq)
    ours = compute_indicators(bars)
    theirs = {
        RSI: talib.RSI(bars.close, 14),
        ATR: talib.ATR(bars.high, bars.low, bars.close, 14),
        SMA_50: talib.SMA(bars.close, 50),
        SMA_200: talib.SMA(bars.close, 200),
    }
    for column, expected in theirs.items():
        np.testing.assert_array_equal(np.isnan(ours[:, column]), np.isnan(expected))
        known = ~np.isnan(expected)
        np.testing.assert_allclose(ours[known, column], expected[known], rtol=1e-9, atol=0)


def test_rsi_of_the_worked_example():
    if vectors_dir() is None:
        pytest.skip("reference vectors are not on this machine")
    reference = json.loads((vectors_dir() / "rsi14_wilder.json").read_text())
    rsi = compute_indicators(series_of(reference["close"]))[:, RSI]
    first = reference["first_index"]
    assert np.isnan(rsi[:first]).all()
    np.testing.assert_allclose(rsi[first:], reference["wilder"], atol=0.005)
