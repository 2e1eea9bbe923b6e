"""The parts as a library: every example in a docstring is run, and a hand-made case each."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import engine.forecast.baselines.filtered_history as simulation
import engine.outcomes.arrays as arrays
import engine.verify
import engine.verify.ledger.comparison as comparison
from engine.bars.simulate import simulate_bars
from engine.errors import InputError
from engine.forecast.baselines import filtered_history_of
from engine.outcomes import reached_first
from engine.verify import parts


@pytest.mark.parametrize(("module", "least"), [(parts, 6), (arrays, 1), (simulation, 1), (comparison, 1)])
def test_every_example_runs(module, least):
    finder = doctest.DocTestFinder()
    shown = [one for one in finder.find(module) if one.examples]
    assert len(shown) >= least
    assert doctest.testmod(module).failed == 0


def test_every_public_name_of_verify_has_an_example():
    for name in engine.verify.__all__:
        assert ">>>" in getattr(engine.verify, name).__doc__, name
    with pytest.raises(AttributeError):
        _ = engine.verify.no_such_name


def test_gaps_in_sessions_loosen_the_dependence():
    p = np.full(300, 0.4)
    near = engine.verify.overlap_null(p, 10, draws=300)
    far = engine.verify.overlap_null(p, 10, draws=300, sessions=10 * np.arange(300))
    together = [np.corrcoef(one[:, 100], one[:, 101])[0, 1] for one in (near, far)]
    assert together[0] > 0.5
    assert abs(together[1]) < 0.2
    with pytest.raises(InputError, match="ascending whole numbers"):
        engine.verify.overlap_null(p, 10, sessions=np.zeros(300, np.int64))


def test_a_rule_that_asks_whether_a_later_value_exists_is_found():
    bars = simulate_bars(300, seed=2)
    asked = engine.verify.look_ahead(lambda b: np.append(np.isfinite(b.close[1:]), True), bars, dates=10)
    assert {one.future for one in asked.differences} == {"missing"}
    assert engine.verify.look_ahead(lambda b: {"up": b.close > b.open}, bars, dates=5).passed
    with pytest.raises(InputError, match="one row per bar"):
        engine.verify.look_ahead(lambda b: b.close[1:], bars, dates=5)


def test_the_simulation_says_what_the_rule_then_counts():
    market = simulate_bars(3000, seed=3)
    bars = np.column_stack([market.open, market.high, market.low, market.close])
    floor, target = 0.97 * market.close, 1.03 * market.close
    said = filtered_history_of(bars, floor, target, 10, paths=200)
    came = reached_first(bars, floor, target, 10)
    used = (came >= 0) & np.isfinite(said[:, 0])
    assert said[used, 2].mean() == pytest.approx((came[used] == 2).mean(), abs=0.04)
    for wrong in (bars[:, :3], bars[:-1]):
        with pytest.raises(InputError):
            filtered_history_of(wrong, floor, target, 10)
        with pytest.raises(InputError):
            reached_first(wrong, floor, target, 10)
