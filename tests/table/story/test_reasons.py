"""Reasons never sound the wrong way round, are two at most, and follow what moved the probability."""

from __future__ import annotations

import pytest

from engine.table.pieces import LevelLine, SetupEdge, SetupEdges
from engine.table.story.attribution import Attribution, Share
from engine.table.story.past import Past
from engine.table.story.reasons import State, note_of, reasons

EDGE = SetupEdge(2364.0, 2364.0, 11, "multi-week support shelf (October–November)", False)
TARGET = SetupEdge(2544.0, 2566.0, 5, "prior all-time-high region", False)


def line(level_id: int, low: float, high: float, touches: int) -> LevelLine:
    return LevelLine(level_id, "support shelf (May)", "support_shelf", "support", "floor", low, high, -1.0, -1.0, -1.0, touches, 9, 0.5, "")  # fmt: skip


def state(**facts) -> State:
    known = {"sma_50": 2460.0, "sma_200": 2231.0, "atr_14": 50.0, "higher_lows": 3.0, "rsi_14": 58.0, **facts}
    setup = SetupEdges(floor=EDGE, ceiling=TARGET, target=TARGET, retest=EDGE)
    past = Past(lows_since="2025-11-21", low=2300.7, low_on="2025-11-21", low_sessions=6)
    return State(2470.0, 0, known, past, setup, [line(11, 2364.0, 2395.0, 6), line(5, 2544.0, 2566.0, 2)])


def taken(**points: float) -> Attribution:
    return Attribution(0.4, tuple(Share(fact, True, value) for fact, value in points.items()), 0.0)


def test_a_trader_would_give_level_date_and_number():
    found = taken(higher_lows=0.02, distance_sma_50_atr=0.01, rsi_14=0.005)
    assert note_of(state(), found, "continuation", (44, 40)) == (
        "three higher lows since 21 Nov 2025; the close is above the 50-day average at 2,460"
    )
    assert note_of(state(), taken(higher_lows=0.02, target_strength=-0.01), "continuation", (41, 40)) == (
        "three higher lows since 21 Nov 2025; against it, 2,544–2,566 (support shelf of May) has been tested twice"
    )


@pytest.mark.parametrize("points", [0.02, -0.02])
def test_support_never_makes_a_break_likelier_in_words(points):
    told = reasons(state(), taken(floor_strength=points, strength_below=points), "breakdown")
    assert (told == []) == (points > 0)
    assert all("tested" in text for text, _ in told)
    assert len(told) <= 1  # two facts of one zone are one reason


def test_small_effects_are_no_reason_and_numbers_take_their_place():
    assert note_of(state(), taken(higher_lows=0.001), "continuation", (40, 40)) == (
        "distance and volatility alone say 40%, and no rule moves it"
    )
    assert note_of(state(), taken(), "range", (42, 40)).startswith(
        "distance and volatility alone say 40%; many"
    )


def test_two_reasons_at_most():
    found = taken(higher_lows=0.03, distance_sma_50_atr=0.03, distance_sma_200_atr=0.02, rsi_14=0.02)
    assert len(reasons(state(), found, "continuation")) == 2
