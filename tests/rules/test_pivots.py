"""Turns against their definition, bar by bar, on prices with many ties and over every cut into chunks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rules.pivots import confirmed_pivots, turns_confirmed

# few distinct prices, so that equal neighbours are the rule
PRICES = st.lists(st.integers(1, 5), min_size=1, max_size=60).map(lambda x: np.array(x, dtype=np.float64))
SIDE_BARS = st.integers(0, 6)


def _confirms_low(low: np.ndarray, i: int, before: int, after: int) -> bool:
    p = i - after
    if p < before:
        return False
    return bool(all(low[p - before : p] > low[p]) and all(low[p + 1 : i + 1] >= low[p]))


@settings(deadline=None)  # the first example compiles
@given(PRICES, SIDE_BARS, SIDE_BARS, st.data())
def test_turns_are_those_of_the_definition_whatever_the_chunk(edge, before, after, data):
    start = data.draw(st.integers(0, len(edge)))
    stop = data.draw(st.integers(start, len(edge)))
    lows = turns_confirmed(edge, 1.0, start, stop, before, after)
    highs = turns_confirmed(edge, -1.0, start, stop, before, after)
    assert lows.tolist() == [_confirms_low(edge, i, before, after) for i in range(start, stop)]
    assert highs.tolist() == [_confirms_low(-edge, i, before, after) for i in range(start, stop)]


def test_of_equal_highs_the_first_is_the_pivot():
    high = np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 1.0])
    highs, lows = confirmed_pivots(high, high, 2)
    assert highs.tolist() == [-1, -1, -1, -1, 2, -1, -1]
    assert lows.tolist() == [-1] * 7


def test_a_later_bar_never_changes_what_was_confirmed():
    high = np.random.default_rng(7).normal(size=300).cumsum()
    whole, _ = confirmed_pivots(high, high, 3)
    for stop in range(0, 300, 7):
        assert np.array_equal(confirmed_pivots(high[:stop], high[:stop], 3)[0], whole[:stop])
