"""Names that a config may give, one line each, and the module that each stands for.

Models, setup rules, calibrators, entry rules, sizings, samplers and pruners live in stages above the config, which therefore knows
only their names.  To add one: write its
module, and add one line here.  A module is imported when its name is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from engine.registry import Registry


@dataclass(frozen=True, slots=True)
class Choice:
    """A name and what it stands for: a value of a module, ``package.module:VALUE``."""

    name: str
    home: str

    def load(self) -> Any:
        """The value, from its module."""
        module, _, value = self.home.partition(":")
        return getattr(import_module(module), value)


MODELS = Registry[Choice](
    "model",
    (
        Choice("offset_logistic", "engine.forecast.models.offset_logistic:MODEL"),
        Choice("boosting", "engine.forecast.models.boosting:MODEL"),
        Choice("ordinal", "engine.forecast.models.ordinal:MODEL"),
        Choice("hazard", "engine.forecast.models.hazard:MODEL"),
        Choice("width", "engine.forecast.models.width:MODEL"),
        Choice("pool", "engine.forecast.models.pool:MODEL"),
    ),
)
SETUP_RULES = Registry[Choice]("setup rule", (Choice("levels", "engine.replay.rule:LEVELS"),))
CALIBRATORS = Registry[Choice](
    "calibrator",
    (
        Choice("identity", "engine.forecast.calibration.identity:IDENTITY"),
        Choice("temperature", "engine.forecast.calibration.temperature:TEMPERATURE"),
        Choice("vector", "engine.forecast.calibration.affine:VECTOR"),
        Choice("matrix", "engine.forecast.calibration.affine:MATRIX"),
        Choice("isotonic", "engine.forecast.calibration.isotonic:ISOTONIC"),
        Choice("venn_abers", "engine.forecast.calibration.venn_abers:VENN_ABERS"),
    ),
)
ENTRY_RULES = Registry[Choice](
    "entry rule",
    (
        Choice("probability", "engine.backtest.entries.probability:PROBABILITY"),
        Choice("expected_value", "engine.backtest.entries.expected_value:EXPECTED_VALUE"),
        Choice(
            "over_filtered_history", "engine.backtest.entries.over_filtered_history:OVER_FILTERED_HISTORY"
        ),
    ),
)
SIZINGS = Registry[Choice](
    "sizing",
    (
        Choice("fixed_fraction", "engine.backtest.sizing.fixed_fraction:FIXED_FRACTION"),
        Choice("volatility_target", "engine.backtest.sizing.volatility_target:VOLATILITY_TARGET"),
        Choice("kelly", "engine.backtest.sizing.kelly:KELLY"),
    ),
)
SAMPLERS = Registry[Choice](
    "sampler",
    (
        Choice("tpe", "engine.tune.samplers.tpe:SAMPLER"),
        Choice("random", "engine.tune.samplers.random:SAMPLER"),
        Choice("grid", "engine.tune.samplers.grid:SAMPLER"),
        Choice("quasi_random", "engine.tune.samplers.quasi_random:SAMPLER"),
        Choice("gaussian_process", "engine.tune.samplers.gaussian_process:SAMPLER"),
    ),
)
PRUNERS = Registry[Choice](
    "pruner",
    (
        Choice("none", "engine.tune.pruning:NONE"),
        Choice("median", "engine.tune.pruning:MEDIAN"),
        Choice("halving", "engine.tune.pruning:HALVING"),
    ),
)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks a key of the config whose value is a name of ``registry``."""

    registry: Registry[Choice]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.registry.names)}

    def _check(self, name: str) -> str:
        if name not in self.registry:
            known = ", ".join(repr(one) for one in self.registry.names)
            raise PydanticCustomError("literal_error", "Input should be one of {known}", {"known": known})
        return name
