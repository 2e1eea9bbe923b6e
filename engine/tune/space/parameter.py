"""One dimension of a search or a sweep: which values a key may take, and how they are spaced."""

from __future__ import annotations

import math
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from engine.config import Config, DimensionConfig
from engine.errors import ConfigError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One dimension of a search: a range (``low``, ``high``, both included) or a list of ``choices``.

    Attributes
    ----------
    step : a range is searched in steps from ``low``; None: any number, rounded to a part in some hundred of the range.
    log : equal ratios are equally near.
    """

    path: str
    low: float | int | None = None
    high: float | int | None = None
    choices: tuple[Value, ...] = ()
    step: float | int | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        """True for a range of whole numbers."""
        return isinstance(self.low, int) and not isinstance(self.step, float)

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high of a range."""
        assert self.low is not None
        assert self.high is not None
        return float(self.low), float(self.high)

    @property
    def values(self) -> tuple[Value, ...] | None:
        """Every value there is, where they can be counted; None for a range without steps that is not whole."""
        if self.choices:
            return self.choices
        if self.step is None and not self.whole:
            return None
        low, high = self.ends
        step = float(self.step or 1)
        count = math.floor((high - low) / step + 1e-9) + 1
        found = [low + i * step for i in range(count)]
        return tuple(int(v) for v in found) if self.whole else tuple(float(f"{v:.12g}") for v in found)

    def distribution(self) -> BaseDistribution:
        """The same in optuna's words."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        low, high = self.ends
        if self.whole:
            return IntDistribution(int(low), int(high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(
            low, high, log=self.log, step=None if self.step is None else float(self.step)
        )

    def tidy(self, value: Any) -> Any:
        """``value`` as a person would write it: no more digits than the range can tell apart."""
        if self.choices or self.whole or self.step is not None or value is None:
            return value
        low, high = self.ends
        # 1, 2 or 5 times a power of ten, between a 200th and an 80th of the range (of the value, where it is a log range)
        width = (abs(float(value)) if self.log else high - low) / 200
        power = 10.0 ** math.floor(math.log10(width))
        unit = next(m * power for m in (1, 2, 5, 10) if m * power >= width)
        return float(f"{min(max(round(value / unit) * unit, low), high):.12g}")

    def unit(self, value: Any) -> float:
        """Place of a value between 0 (low) and 1 (high); of one of k values, the middle of its k-th part."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        low, high = self.ends
        if self.log:
            return math.log(float(value) / low) / math.log(high / low)
        values = self.values
        if values is not None:
            step = float(self.step or 1)
            return min(((float(value) - low) / step + 0.5) / len(values), 1.0)
        return (float(value) - low) / (high - low)

    def at(self, unit: float) -> Any:
        """The value at a place in [0, 1): of equally likely ones, of any in between, tidied."""
        values = self.values
        if values is not None and not self.log:
            return values[min(int(unit * len(values)), len(values) - 1)]
        low, high = self.ends
        value = low * (high / low) ** unit if self.log else low + unit * (high - low)
        return min(max(round(value), int(low)), int(high)) if self.whole else self.tidy(value)

    def contains(self, value: Any) -> bool:
        """True where a trial could have proposed this value, steps aside."""
        if self.choices:
            return value in self.choices
        low, high = self.ends
        return isinstance(value, (int, float)) and low <= value <= high

    def edge(self, value: Any) -> str | None:
        """``low`` or ``high`` where the value lies within 1 % of that end of the range, else None."""
        if self.choices or self.low is None or self.high is None:
            return None
        margin = 0 if self.whole else 0.01 * (self.high - self.low)
        if value <= self.low + margin:
            return "low"
        return "high" if value >= self.high - margin else None


def parameter_of(path: str, given: DimensionConfig, field: FieldInfo, place: str) -> Parameter:
    """The dimension ``path``, checked against what the config allows; ``place`` is for messages.

    Raises
    ------
    ConfigError
        ``tune.bad_range``.
    """
    for value in given.choices or (given.low, given.high):
        check_value(field, value, place)
    if given.choices:
        return Parameter(path, choices=given.choices)
    if not (is_number(given.low) and is_number(given.high)):
        raise ConfigError(
            "tune.bad_range", f"{place}: a range needs two numbers", "give low and high, or choices"
        )
    return _range(path, field, given, place)


def _range(path: str, field: FieldInfo, given: DimensionConfig, place: str) -> Parameter:
    low, high, step = given.low, given.high, given.step
    assert low is not None
    assert high is not None
    if not low < high:
        raise ConfigError("tune.bad_range", f"{place}: {low} is not below {high}", "give [low, high]")
    if given.log and low <= 0:
        raise ConfigError("tune.bad_range", f"{place}: log, and low is {low}", "a log range begins above 0")
    if step is not None and not 0 < step <= high - low:
        raise ConfigError(
            "tune.bad_range",
            f"{place}: step {step} does not fit between {low} and {high}",
            "give a smaller step",
        )
    kind = int if is_whole(field) else float
    if kind is int and step is not None and step != int(step):
        raise ConfigError(
            "tune.bad_range", f"{place}: step {step}, and the key is a whole number", "give whole steps"
        )
    return Parameter(path, kind(low), kind(high), step=None if step is None else kind(step), log=given.log)


def is_number(value: Any) -> bool:
    """True for a number that is not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def field_of(path: str, place: str) -> FieldInfo:
    """What the config says about a key.

    Raises
    ------
    ConfigError
        ``tune.unknown_path`` where there is no such key.
    """
    section, _, name = path.partition(".")
    top = Config.model_fields.get(section)
    kind = top.annotation if top is not None else None
    fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
    if name not in fields:
        raise ConfigError("tune.unknown_path", f"{place}: no such key", "`engine schema` lists every key")
    return fields[name]


def check_value(field: FieldInfo, value: Any, place: str) -> None:
    """Raise ``tune.bad_range`` where the config would refuse ``value``."""
    kind: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise ConfigError(
            "tune.bad_range", f"{place}: {value!r}: {reason}", "`engine schema` lists every range"
        ) from None


def is_whole(field: FieldInfo) -> bool:
    """True for a key of whole numbers."""
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next((k for k in get_args(kind) if k is not type(None)), kind)
    return kind is int
