from __future__ import annotations

import pandas as pd
import pytest

from engine.report.prose.overview import opening, technical_overview
from engine.table.build import build_scenario
from engine.table.outlook import outlook
from tests.table.test_scenario import forecasts, reference_row


def table(continuation: float, range_: float, breakdown: float):
    rows = forecasts(p_continuation=continuation, p_range=range_, p_breakdown=breakdown)
    return build_scenario(reference_row(), None, rows)


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ((0.65, 0.25, 0.10), "A move to 2,560–2,570 is likely over the next 15 sessions: 65%"),
        ((0.54, 0.30, 0.16), "A move to 2,560–2,570 is more likely than not over the next 15 sessions: 54%"),
        (
            (0.30, 0.45, 0.25),
            "Staying in the range is the most likely of the three over the next 15 sessions: 45%",
        ),
        (
            (0.20, 0.38, 0.42),
            "a close below 2,415 (42%) and staying in the range (38%) are about equally likely",
        ),
    ],
)
def test_the_outlook_says_as_much_as_the_numbers(p, expected):
    assert expected in outlook(table(*p))


def test_no_forecast_no_outlook():
    assert outlook(build_scenario(reference_row(), None, None)).startswith("No forecast exists for this date")


def test_paragraphs_follow_from_the_facts():
    row = {
        **reference_row(),
        "slope_sma_200_atr": 0.9,
        "sessions_since_sma_50_reclaimed": 4.0,
        "rsi_regime": 1.0,
        "sessions_since_oversold": 8.0,
        "rebound_percent": 7.3,
        "drawdown_percent": 3.8,
        "all_time_high": 2566.5,
        "higher_lows": 2.0,
    }
    scenario = build_scenario(row, None, forecasts())
    found = {p.title: p.text for p in technical_overview(scenario, 0.25)}
    assert list(found)[:3] == [
        "50-day average reclaimed",
        "Higher lows carry the move",
        "Momentum is positive, not overbought",
    ]
    assert "reclaimed 4 sessions ago" in found["50-day average reclaimed"]
    assert "slopes upward: the longer trend is constructive" in found["50-day average reclaimed"]
    assert "Price has made two higher lows in a row." in found["Higher lows carry the move"]
    assert "It was oversold 8 sessions ago." in found["Momentum is positive, not overbought"]
    assert found["The structure holds above 2,415"].endswith("put 2,390 (projected from ATR) next.")
    assert opening(scenario) == "RTY closed at 2,470 on 2 December 2025, with a bullish reading."


def test_what_is_unknown_is_left_out():
    row = {"instrument": "X", "date": pd.Timestamp("2025-12-02"), "close": 10.0}
    assert technical_overview(build_scenario(row, None, None), 0.25) == ()


@pytest.mark.parametrize(
    ("slope", "flat_atr", "flat"),
    [(0.6, 0.25, False), (0.6, 0.75, True), (-0.25, 0.25, True), (0.1, 0.0, False)],
)
def test_a_flat_average_is_what_the_rules_call_flat(slope, flat_atr, flat):
    scenario = build_scenario({**reference_row(), "slope_sma_200_atr": slope}, None, None)
    (trend, *_) = technical_overview(scenario, flat_atr)
    assert ("runs flat" in trend.text) == flat
