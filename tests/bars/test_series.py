"""A bar series is a value: nobody writes into it, and cutting it loses nothing but the future."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars


def test_arrays_are_read_only_and_the_callers_stay_writeable():
    bars = simulate_bars(20)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[3] = 1.0
    mine = np.array(bars.close)
    mine[3] = 1.0
    assert bars.close[3] != 1.0


def test_a_cut_is_the_history_as_it_was():
    bars = simulate_bars(50, seed=4)
    cut = bars.cut(30)
    assert len(cut) == 30
    np.testing.assert_array_equal(cut.high, bars.high[:30])
    assert cut.fingerprint() == bars.cut(30).fingerprint() != bars.fingerprint()
    assert bars.index_of(bars.dates[7]) == 7
    assert bars.index_of("1900-01-01") == -1
    assert bars.index_of("2999-01-01") == 49
