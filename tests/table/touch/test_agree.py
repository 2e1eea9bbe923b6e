from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.table.scenario import Scenario
from tests.report import factory

share = st.floats(0.0, 1.0)


def scenario_with(touch: dict[int, float], target: float, retest: float) -> Scenario:
    replay = factory.make_replay(n=300)
    forecasts = factory.make_forecasts(replay, first=200)
    forecasts["p_target_touch"], forecasts["p_retest_touch"] = target, retest
    return factory.make_scenario(
        replay, forecasts, level_touch={level: {10: p, 15: p} for level, p in touch.items()}
    )


@given(st.lists(share, min_size=8, max_size=8), share, share)
def test_no_level_contradicts_the_table_beside_it(shares, target, retest):
    scenario = scenario_with(dict(zip((3, 4, 5, 6, 10, 11, 12, 13), shares, strict=True)), target, retest)
    setup = scenario.setup
    assert setup is not None
    for line in scenario.levels:
        p = line.touch_probability["15"]
        assert p is not None
        if line.level_id == setup.target.level_id:
            assert p == target
        elif line.side == "resistance":
            assert p >= target if line.low < setup.target.low else p <= target
        else:
            assert p >= retest if line.high > setup.retest.high else p <= retest


def test_a_level_that_agrees_keeps_its_own_probability():
    scenario = scenario_with({3: 0.8, 4: 0.7, 5: 0.5, 6: 0.3, 10: 0.9, 11: 0.6, 12: 0.45, 13: 0.1}, 0.5, 0.4)
    found = {line.level_id: line.touch_probability["10"] for line in scenario.levels}
    assert found == {3: 0.8, 4: 0.7, 5: 0.5, 6: 0.3, 10: 0.9, 11: 0.6, 12: 0.45, 13: 0.1}
