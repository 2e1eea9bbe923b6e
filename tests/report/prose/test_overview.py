from __future__ import annotations

import pandas as pd
import pytest

from engine.report.prose.overview import opening, structure, technical_overview
from engine.table.build import build_scenario
from engine.table.explain.explanation import Explanation
from engine.table.outlook import outlook
from engine.table.story.background import Background
from engine.table.story.past import Past
from tests.table.test_scenario import forecasts, reference_row


@pytest.mark.parametrize(
    ("p", "width", "expected"),
    [
        ((0.68, 0.22, 0.10), 0.05, "A move up to 2,560–2,570 is likely over the next 15 sessions: 68%"),
        ((0.58, 0.26, 0.16), 0.05, "A move up to 2,560–2,570 is more likely than not over the next 15"),
        ((0.54, 0.30, 0.16), 0.05, "A move up to 2,560–2,570 is the most likely of the three over"),
        ((0.30, 0.47, 0.23), 0.05, "Neither 2,560 nor 2,415 is the most likely of the three over"),
        (
            (0.20, 0.38, 0.42),
            0.05,
            "A close under 2,415 (42%) and neither 2,560 nor 2,415 (38%) are not told apart",
        ),
        ((0.54, 0.30, 0.16), None, "Over the next 15 sessions: a move up to 2,560–2,570 54%"),
    ],
)
def test_the_outlook_says_as_much_as_the_intervals(p, width, expected):
    names = ("continuation", "range", "breakdown")
    spread = {} if width is None else {(15, n): (x - width, x + width) for n, x in zip(names, p, strict=True)}
    rows = forecasts(p_continuation=p[0], p_range=p[1], p_breakdown=p[2])
    told = outlook(build_scenario(reference_row(), None, rows, explained=Explanation(intervals=spread)))
    assert told.startswith(expected)


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


def test_dates_and_pace_are_told_where_they_are_known():
    past = Past(
        low=2300.7, low_on="2025-11-21", low_sessions=6, turned_back_on=("2025-11-07", "2025-11-13"),
        oversold_on="2025-04-08", oversold_rsi=27.3, crossed_on="2025-11-25",
    )  # fmt: skip
    row = {
        **reference_row(), "slope_sma_200_atr": 0.9, "sessions_since_sma_50_reclaimed": 4.0, "rsi_regime": 1.0,
        "rebound_percent": 7.3, "drawdown_percent": 3.8, "all_time_high": 2566.5, "higher_lows": 0.0,
    }  # fmt: skip
    scenario = build_scenario(row, None, forecasts(), background=Background(past=past))
    text = " ".join(p.text for p in technical_overview(scenario, 0.25))
    for piece in (
        "reclaimed on 25 November 2025",
        "turned price back as resistance twice from 7 Nov 2025 to 13 Nov 2025",
        "up 7.3% in 6 sessions from the swing low of 2,301 on 21 November 2025",
        "last oversold on 8 April 2025 (27.3)",
    ):
        assert piece in text
    assert structure(scenario) == (
        "The structure is intact above 2,415; a close below 2,460, the 50-day average, would end the bullish bias."
    )


def test_the_record_of_contracts_put_together_is_the_one_that_was_traded():
    row = {**reference_row(), "drawdown_percent": 9.5, "all_time_high": 2759.0}
    past = Past(record=2605.0, record_on="2025-12-12")
    scenario = build_scenario(row, None, forecasts(), background=Background(past=past))
    text = " ".join(p.text for p in technical_overview(scenario, 0.25))
    below = 100 * (1 - scenario.close / 2605.0)
    assert (
        f"{below:.1f}% below the record high of 2,605 on 12 December 2025 (9.5% with the rolls taken out)"
        in text
    )
    assert "2,759" not in text
