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

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from engine.config import MOMENTUM_RULES, Config, OutcomeConfig, RulesConfig, SetupConfig
from engine.errors import ConfigError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

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

Value = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One dimension of a search: a range (``low``, ``high``, both included) or a list of ``choices``."""

    path: str
    low: float | int | None = None
    high: float | int | None = None
    choices: tuple[Value, ...] = ()

    @property
    def whole(self) -> bool:
        """True for a range of whole numbers."""
        return isinstance(self.low, int)

    def distribution(self) -> BaseDistribution:
        """The same in optuna's words."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        assert self.low is not None
        assert self.high is not None
        if self.whole:
            return IntDistribution(int(self.low), int(self.high))
        return FloatDistribution(float(self.low), float(self.high))

    def suggest(self, trial: Trial) -> Any:
        """The value that the study's sampler has for a trial, or that the trial has already."""
        if self.choices:
            return trial.suggest_categorical(self.path, self.choices)
        assert self.low is not None
        assert self.high is not None
        if self.whole:
            return trial.suggest_int(self.path, int(self.low), int(self.high))
        return trial.suggest_float(self.path, float(self.low), float(self.high))

    def contains(self, value: Any) -> bool:
        """True where a trial could have proposed this value."""
        if self.choices:
            return value in self.choices
        assert self.low is not None
        assert self.high is not None
        return isinstance(value, (int, float)) and self.low <= value <= self.high

    def edge(self, value: Any) -> str | None:
        """``low`` or ``high`` where the value lies within 1 % of that end of the range, else None."""
        if self.choices or self.low is None or self.high is None:
            return None
        margin = 0 if self.whole else 0.01 * (self.high - self.low)
        if value <= self.low + margin:
            return "low"
        return "high" if value >= self.high - margin else None


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
        value = _value_at(config, parameter.path)
        if parameter.low is not None and parameter.high is not None and value is not None:
            found[parameter.path] = (float(value), float(parameter.low), float(parameter.high))
    return found


def start_values(space: tuple[Parameter, ...], config: Config) -> dict[str, Any] | None:
    """The config's own values as a first trial; None where one of them lies outside the space."""
    values = {parameter.path: _value_at(config, parameter.path) for parameter in space}
    if values.get("backtest.horizon_sessions", 0) is None:
        values["backtest.horizon_sessions"] = config.horizons[-1]
    inside = all(parameter.contains(values[parameter.path]) for parameter in space)
    return values if inside else None


def edges(space: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, str]:
    """Parameters whose value lies at an end of its range: the optimum may be outside."""
    found = {p.path: p.edge(values[p.path]) for p in space if p.path in values}
    return {path: end for path, end in found.items() if end is not None}


def _parameter(path: str, values: list[Any], group: str) -> Parameter:
    place = f"tune.space.{path}"
    field = _field(path, place)
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
    if not values:
        raise ConfigError("tune.bad_range", f"{place}: the list is empty", "give [low, high] or choices")
    for value in values:
        _check_value(field, value, place)
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    if not (numbers and len(values) == 2) or path == "backtest.horizon_sessions":
        return Parameter(path, choices=tuple(values))
    low, high = values
    if not low < high:
        raise ConfigError("tune.bad_range", f"{place}: {low} is not below {high}", "give [low, high]")
    if _is_whole(field):
        return Parameter(path, int(low), int(high))
    return Parameter(path, float(low), float(high))


def _field(path: str, place: str) -> FieldInfo:
    section, _, name = path.partition(".")
    top = Config.model_fields.get(section)
    kind = top.annotation if top is not None else None
    fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
    if name not in fields:
        raise ConfigError("tune.unknown_path", f"{place}: no such key", "`engine schema` lists every key")
    return fields[name]


def _check_value(field: FieldInfo, value: Any, place: str) -> None:
    kind: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise ConfigError(
            "tune.bad_range", f"{place}: {value!r}: {reason}", "`engine schema` lists every range"
        ) from None


def _is_whole(field: FieldInfo) -> bool:
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next((k for k in get_args(kind) if k is not type(None)), kind)
    return kind is int


def _value_at(config: Config, path: str) -> Any:
    node: Any = config
    for name in path.split("."):
        node = getattr(node, name)
    return node
