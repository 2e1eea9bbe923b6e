"""Entry rules: what they say by hand, and that they know nothing of the future."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from engine.backtest.entries import EntryRule, entry_rule
from engine.backtest.entries.expected_value import FEWEST_WINDOWS, lower_bound
from engine.backtest.plan import plan
from engine.config import parse_config
from engine.config.choices import ENTRY_RULES, Choice
from engine.errors import ConfigError
from engine.year import sessions_per_week, sessions_per_year
from tests.backtest.some_setups import some_setup
from tests.backtest.trading_twin import small_config


def planned(seed=1, n=400, **backtest):
    return plan(some_setup(seed, n), small_config(backtest=backtest, horizons=[5]), 5)


def test_expected_value_by_hand():
    setup = some_setup(1, 60)
    setup.table[20] = (0.3, 0.2, 0.5)  # breakdown, range, continuation
    close = float(setup.bars.close[20])
    setup.floor[20], setup.target[20] = close * 0.98, close * 1.03
    year = sessions_per_year(sessions_per_week(setup.bars.dates))
    costs = {"fee_bps": 2.0, "slippage_bps": 3.0, "funding_percent": 0.02 * year}
    config = small_config(backtest={"entry": "expected_value", "sides": "long", **costs}, horizons=[5])
    # 0.5 x 300 - 0.3 x 200 = 90 bp, less 2 (2 + 3) and 5 sessions of 2 bp
    assert plan(setup, config, 5).score[20] == pytest.approx(90.0 - 10.0 - 10.0)
    short = small_config(
        backtest={"entry": "expected_value", "sides": "short", "fee_bps": 0.0, "slippage_bps": 0.0},
        horizons=[5],
    )
    assert plan(setup, short, 5).score[20] == pytest.approx(0.3 * 200 - 0.5 * 300)


def test_lead_over_filtered_history_of_either_side():
    setup = some_setup(1, 60)
    for side, column in (("long", 2), ("short", 0)):
        config = small_config(backtest={"entry": "over_filtered_history", "sides": side})
        found = plan(setup, config, 10).score
        known = setup.eligible
        np.testing.assert_allclose(found[known], (setup.table - setup.filtered_history)[known, column])


def test_the_lower_bound_is_the_mean_error_less_its_reach():
    rng = np.random.default_rng(0)
    expected, earned, horizon = rng.normal(0, 0.01, 400), rng.normal(0, 0.03, 400), 4
    bound = lower_bound(expected, earned, horizon, 0.90)
    t = 300
    errors = (earned - expected)[: t - horizon + 1]
    reach = 1.6448536269514722 * np.std(errors) / np.sqrt(len(errors) / horizon)
    assert bound[t] == pytest.approx(expected[t] + errors.mean() - reach)
    assert np.all(np.isneginf(bound[: FEWEST_WINDOWS * horizon + horizon - 1]))
    assert np.isfinite(bound[FEWEST_WINDOWS * horizon + horizon - 1])


@pytest.mark.parametrize("options", [{}, {"entry_lower_bound": True}])
@pytest.mark.parametrize("entry", ENTRY_RULES.names)
@pytest.mark.parametrize("sizing", ["fixed_fraction", "volatility_target", "kelly"])
def test_no_signal_or_size_knows_what_comes_later(entry, sizing, options):
    config = small_config(
        backtest={"entry": entry, "sides": "both", "sizing": sizing, **options}, horizons=[3]
    )
    setup, cut = some_setup(4, 400), 300
    names = ("floor", "target", "table", "filtered_history", "sigma", "outcome")
    before = replace(setup, bars=setup.bars.cut(cut), **{name: getattr(setup, name)[:cut] for name in names})
    whole, short = plan(setup, config, 3), plan(before, config, 3)
    np.testing.assert_array_equal(whole.score[:cut], short.score)
    np.testing.assert_array_equal(whole.signals[:cut], short.signals)
    for side in whole.weight:
        np.testing.assert_array_equal(whole.weight[side][:cut], short.weight[side])


def test_a_threshold_that_no_forecast_reaches_asks_for_nothing():
    found = planned(entry_threshold=0.999999)
    assert not found.signals.any()
    assert found.unsized == 0


def test_the_larger_number_has_the_side_and_equal_ones_have_none():
    setup = some_setup(1, 60)
    setup.table[20], setup.table[21], setup.table[22] = (0.6, 0.1, 0.3), (0.2, 0.1, 0.7), (0.45, 0.1, 0.45)
    found = plan(setup, small_config(backtest={"sides": "both", "entry_threshold": 0.2}), 10)
    assert found.signals[20:23].tolist() == [-1, 1, 0]


def instrument(**trading):
    return [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}, "trading": trading}]


def test_shorts_of_an_instrument_marked_long_only():
    with pytest.raises(ConfigError, match=r"backtest.sides is short, but SIM is marked trading.long_only"):
        parse_config({"name": "t", "instruments": instrument(long_only=True), "backtest": {"sides": "short"}})
    config = small_config(
        instruments=instrument(long_only=True), backtest={"sides": "both", "entry_threshold": 0.4}
    )
    found = plan(some_setup(1, 300), config, 10)
    assert found.refused > 10
    assert set(np.unique(found.signals)) == {0, 1}


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"fraction": 2.0}, "fraction 2 is above max_leverage"),
        ({"sizing": "kelly", "max_fraction": 1.5}, "max_fraction 1.5 is above max_leverage"),
        ({"instrument_cap": 3.0, "max_leverage": 2.0}, "instrument_cap 3 is above max_leverage"),
        ({"entry": "hunch"}, "backtest.entry"),
        ({"sizing": "all_in"}, "backtest.sizing"),
    ],
)
def test_settings_that_contradict_are_refused_by_name(options, key):
    with pytest.raises(ConfigError, match=key) as error:
        small_config(backtest=options)
    assert error.value.code == "config.invalid"


def test_a_rule_is_one_file_and_one_line():
    toy = EntryRule(
        "toy", "a toy", "percent", lambda known, config: np.ones(len(known.setup.bars)), lambda config: 0.5
    )
    home = SimpleNamespace(name="toy", load=lambda: toy)
    with ENTRY_RULES.having(Choice("toy", "nowhere:TOY")):
        assert small_config(backtest={"entry": "toy"}).backtest.entry == "toy"
    with ENTRY_RULES.having(home):
        assert entry_rule("toy") is toy
        found = plan(some_setup(1, 60), small_config(backtest={"entry": "toy"}), 10)
    assert np.array_equal(found.signals == 1, found.setup.eligible)
