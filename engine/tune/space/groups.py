"""Which config paths a search may move, and between which values.

Three groups, because they answer three questions:

model     how the forecast is made, with the question held fixed: momentum thresholds and ``forecast.*``.
decision  how a given forecast is traded: the entry threshold and the traded horizon.
event     what is being asked: levels, setup, outcome rule, horizons.  Moving these moves the question, so they
          are locked unless ``tune.unlock_events`` is set, and raw log loss never compares such trials.

Costs, sample boundaries and seeds belong to no group: a search that may lower the fees will.  Neither does the
refit grid, because filtered_history is refitted on it too and every trial is measured against that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.config import MOMENTUM_RULES, Config, DimensionConfig, OutcomeConfig, RulesConfig, SetupConfig
from engine.errors import ConfigError
from engine.tune.space.parameter import Parameter, check_value, field_of, is_number, parameter_of

# a rule that is not known to leave the levels alone may move them
_LEVELS = tuple(name for name in RulesConfig.model_fields if name not in MOMENTUM_RULES)

MODEL_PATHS = (
    *(f"rules.{name}" for name in MOMENTUM_RULES),
    *(
        f"forecast.{name}"
        for name in (
            "model",
            "calibrator",
            "online_recalibration",
            "pooling",
            "window",
            "rolling_sessions",
        )
    ),
)
DECISION_PATHS = ("backtest.entry_threshold", "backtest.horizon_sessions")
EVENT_PATHS = (
    *(f"rules.{name}" for name in _LEVELS),
    *(f"setup.{name}" for name in SetupConfig.model_fields),
    *(f"outcome.{name}" for name in OutcomeConfig.model_fields),
)
GROUP_PATHS: dict[str, tuple[str, ...]] = {
    "model": MODEL_PATHS,
    "decision": DECISION_PATHS,
    # a trial with another question may need another model
    "event": (*EVENT_PATHS, *MODEL_PATHS),
}


def default_space(group: str, config: Config) -> tuple[Parameter, ...]:
    """The space of a group where the config's ``tune.space`` is empty."""
    if group == "decision":
        horizons = tuple(config.horizons)
        traded = (Parameter("backtest.horizon_sessions", choices=horizons),) if len(horizons) > 1 else ()
        return (Parameter("backtest.entry_threshold", 0.15, 0.85), *traded)
    if group == "event":
        return (
            Parameter("rules.pivot_bars", 3, 10),
            Parameter("rules.range_sessions", 63, 252),
            Parameter("rules.shelf_sessions", 42, 126),
            Parameter("rules.shelf_width_atr", 0.4, 1.5),
            Parameter("setup.min_target_atr", 0.5, 2.5),
            Parameter("setup.min_floor_atr", 0.5, 2.5),
            Parameter("outcome.floor_break", choices=("close", "touch")),
        )
    return (
        Parameter("rules.rsi_bull", 42.0, 58.0),
        Parameter("rules.rsi_oversold", 20.0, 40.0),
        Parameter("rules.rsi_overbought", 60.0, 80.0),
        Parameter("rules.slope_sessions", 5, 60),
        Parameter("rules.slope_flat_atr", 0.0, 1.5),
        Parameter("forecast.calibrator", choices=("identity", "temperature", "vector")),
        Parameter("forecast.window", choices=("expanding", "rolling")),
    )


def search_space(config: Config) -> tuple[Parameter, ...]:
    """The space of ``config.tune``, checked.

    Raises
    ------
    ConfigError
        ``tune.events_locked`` (group event without ``tune.unlock_events``, or an event path in another
        group), ``tune.not_tunable``, ``tune.unknown_path`` or ``tune.bad_range``.
    """
    group = config.tune.group
    if group == "event" and not config.tune.unlock_events:
        raise ConfigError(
            "tune.events_locked",
            "tune.group is event: its trials change the question that is being asked, not the answer",
            "set tune.unlock_events: true if that is what you want",
        )
    if not config.tune.space:
        return default_space(group, config)
    space = tuple(_parameter(path, values, group) for path, values in sorted(config.tune.space.items()))
    for parameter in space:
        foreign = [str(c) for c in parameter.choices if c is not None and c not in config.horizons]
        if parameter.path == "backtest.horizon_sessions" and foreign:
            raise ConfigError(
                "tune.bad_range",
                f"tune.space.{parameter.path}: {', '.join(foreign)} not among horizons "
                f"{list(config.horizons)}",
                "choose from horizons, or add to them",
            )
    return space


def searched_ranges(config: Config) -> dict[str, tuple[float, float, float]]:
    """(value in force, lowest, highest) of every range that tuning searched for this config, by path.

    Empty for a config that was not written by tuning (``backtest.trials`` is 1).
    """
    if config.backtest.trials <= 1:
        return {}
    found = {}
    for parameter in search_space(config):
        value = value_at(config, parameter.path)
        if parameter.low is not None and parameter.high is not None and value is not None:
            found[parameter.path] = (float(value), float(parameter.low), float(parameter.high))
    return found


def start_values(space: tuple[Parameter, ...], config: Config) -> dict[str, Any] | None:
    """The config's own values as a first trial; None where one of them lies outside the space."""
    values = {parameter.path: value_at(config, parameter.path) for parameter in space}
    if values.get("backtest.horizon_sessions", 0) is None:
        values["backtest.horizon_sessions"] = config.horizons[-1]
    inside = all(parameter.contains(values[parameter.path]) for parameter in space)
    return values if inside else None


def edges(space: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, str]:
    """Parameters whose value lies at an end of its range: the optimum may be outside."""
    found = {p.path: p.edge(values[p.path]) for p in space if p.path in values}
    return {path: end for path, end in found.items() if end is not None}


def value_at(config: Config, path: str) -> Any:
    """What a config says under a dotted path."""
    node: Any = config
    for name in path.split("."):
        node = getattr(node, name)
    return node


def _parameter(path: str, values: Any, group: str) -> Parameter:
    place = f"tune.space.{path}"
    field = field_of(path, place)
    if path not in GROUP_PATHS[group]:
        if path in EVENT_PATHS:
            raise ConfigError(
                "tune.events_locked",
                f"{place}: this changes the question, and tune.group is {group}",
                "use tune.group: event with tune.unlock_events: true",
            )
        raise ConfigError(
            "tune.not_tunable",
            f"{place}: not among the paths that group {group} may move",
            f"choose from {', '.join(GROUP_PATHS[group])}",
        )
    if isinstance(values, DimensionConfig):
        return parameter_of(path, values, field, place)
    if not values:
        raise ConfigError("tune.bad_range", f"{place}: the list is empty", "give [low, high] or choices")
    numbers = all(is_number(v) for v in values)
    if not (numbers and len(values) == 2) or path == "backtest.horizon_sessions":
        return parameter_of(path, DimensionConfig(choices=tuple(values)), field, place)
    for value in values:
        check_value(field, value, place)
    return parameter_of(path, DimensionConfig(low=values[0], high=values[1]), field, place)
