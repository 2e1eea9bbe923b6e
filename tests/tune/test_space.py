import pytest

from engine.config import Config
from engine.errors import ConfigError
from engine.tune.space import (
    DECISION_PATHS,
    EVENT_PATHS,
    GROUP_PATHS,
    MODEL_PATHS,
    Parameter,
    default_space,
    edges,
    search_space,
    start_values,
)
from tests.tune.fakes import config_of


def code_of(config: Config) -> str:
    with pytest.raises(ConfigError) as error:
        search_space(config)
    return error.value.code


@pytest.mark.parametrize("group", ["model", "decision", "event"])
def test_default_spaces_move_only_their_own_paths_and_hold_the_default_config(group):
    config = config_of(group, unlock_events=True)
    space = default_space(group, config)
    assert {p.path for p in space} <= set(GROUP_PATHS[group])
    values = start_values(space, config)
    assert values is not None
    assert set(values) == {p.path for p in space}


def test_the_groups_do_not_overlap_and_no_cost_is_tunable():
    assert not set(MODEL_PATHS) & set(EVENT_PATHS)
    assert not set(MODEL_PATHS) & set(DECISION_PATHS)
    everything = set(MODEL_PATHS) | set(EVENT_PATHS) | set(DECISION_PATHS)
    for path in ("backtest.fee_bps", "backtest.slippage_bps", "forecast.min_train_sessions", "seed"):
        assert path not in everything


def test_every_rule_belongs_to_a_group():
    from engine.config import RulesConfig, SetupConfig

    for name in RulesConfig.model_fields:
        assert (f"rules.{name}" in MODEL_PATHS) != (f"rules.{name}" in EVENT_PATHS)
    for name in SetupConfig.model_fields:
        assert f"setup.{name}" in EVENT_PATHS


def test_event_definitions_are_locked():
    assert code_of(config_of("event")) == "tune.events_locked"
    assert search_space(config_of("event", unlock_events=True))
    for group in ("model", "decision"):
        # unlocking does not smuggle an event path into another group's objective
        config = config_of(group, {"setup.min_target_atr": [0.5, 2.0]}, unlock_events=True)
        assert code_of(config) == "tune.events_locked"


@pytest.mark.parametrize(
    ("space", "code"),
    [
        ({"backtest.fee_bps": [0.0, 1.0]}, "tune.not_tunable"),
        ({"backtest.entry_threshold": [0.3, 0.6]}, "tune.not_tunable"),
        ({"forecast.refit_sessions": [21, 126]}, "tune.not_tunable"),
        ({"rules.rsi_bul": [40, 60]}, "tune.unknown_path"),
        ({"rules": [1, 2]}, "tune.unknown_path"),
        ({"seed": [1, 2]}, "tune.unknown_path"),
        ({"rules.rsi_bull": [60, 40]}, "tune.bad_range"),
        ({"rules.rsi_bull": [10, 40]}, "tune.bad_range"),
        ({"rules.slope_sessions": [5.5, 40]}, "tune.bad_range"),
        ({"forecast.calibrator": ["identity", "magic"]}, "tune.bad_range"),
        ({"rules.rsi_bull": []}, "tune.bad_range"),
    ],
)
def test_what_cannot_be_searched_is_named(space, code):
    with pytest.raises(ConfigError) as error:
        search_space(config_of("model", space))
    assert error.value.code == code
    assert next(iter(space)) in error.value.message


def test_ranges_and_choices():
    space = search_space(
        config_of(
            "model",
            {
                "rules.slope_sessions": [10, 40],
                "rules.rsi_bull": [45, 55],
                "forecast.calibrator": ["identity", "temperature"],
                "rules.rsi_oversold": [25, 30, 35],
            },
        )
    )
    assert space == (
        Parameter("forecast.calibrator", choices=("identity", "temperature")),
        Parameter("rules.rsi_bull", 45.0, 55.0),
        Parameter("rules.rsi_oversold", choices=(25, 30, 35)),
        Parameter("rules.slope_sessions", 10, 40),
    )
    assert [p.whole for p in space] == [False, False, False, True]
    traded = search_space(config_of("decision", {"backtest.horizon_sessions": [10, 15]}))
    assert traded == (Parameter("backtest.horizon_sessions", choices=(10, 15)),)


def test_a_horizon_that_is_not_forecast_cannot_be_searched():
    # every trial would fail, and the holdout would be looked at for nothing
    config = config_of("decision", {"backtest.horizon_sessions": [7, 10]})
    with pytest.raises(
        ConfigError, match=r"backtest\.horizon_sessions: 7 not among horizons \[10, 15\]"
    ) as error:
        search_space(config)
    assert error.value.code == "tune.bad_range"


def test_the_edge_of_a_range_is_flagged():
    space = (Parameter("a", 0.0, 1.0), Parameter("b", 1, 10), Parameter("c", choices=(1, 2)))
    assert edges(space, {"a": 0.995, "b": 1, "c": 1}) == {"a": "high", "b": "low"}
    assert edges(space, {"a": 0.5, "b": 2, "c": 2}) == {}


def test_a_default_outside_the_space_is_no_first_trial():
    config = config_of("model", {"rules.slope_sessions": [30, 40]})
    assert start_values(search_space(config), config) is None


def test_ranges_that_were_searched_are_known_of_a_tuned_config_only():
    from engine.config import with_overrides
    from engine.tune.space import searched_ranges
    from tests.conftest import small_config

    config = small_config()
    assert searched_ranges(config) == {}
    tuned = with_overrides(config, {"backtest.trials": 20, "rules.rsi_bull": 58.0})
    assert searched_ranges(tuned)["rules.rsi_bull"] == (58.0, 42.0, 58.0)
