"""What is swept: ``KEY=a,b,c``, ``KEY=lo..hi/n`` (n values from lo to hi) or ``KEY=lo..hi/n log``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from engine.errors import ConfigError
from engine.tune.space.parameter import Parameter, check_value, field_of, is_whole

SECTIONS = ("rules", "setup", "outcome", "horizons", "forecast", "backtest", "seed")
_RANGE = re.compile(
    r"\s*(?P<low>[^.,\s/](?:[^,\s/]*?[^.,\s/])?)\.\.(?P<high>[^,\s/]+)(?:/(?P<n>\S+))?(?P<log>\s+log)?\s*"
)


@dataclass(frozen=True, slots=True)
class Axis:
    """One key and the values it takes.

    Attributes
    ----------
    values : in order; of a range that a random sweep draws from, empty.
    parameter : the range itself, or None for a list of values.
    """

    path: str
    values: tuple[Any, ...]
    parameter: Parameter | None = None

    def said(self) -> Any:
        """Its values, or its range in words."""
        if self.parameter is None:
            return list(self.values)
        return f"{self.parameter.low}..{self.parameter.high}{' log' if self.parameter.log else ''}"

    def at(self, unit: float) -> Any:
        """The value at a place in [0, 1)."""
        if self.parameter is not None:
            return self.parameter.at(unit)
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]


def parse_axes(texts: Sequence[str], *, drawn: bool) -> tuple[Axis, ...]:
    """The axes of ``--over`` options, checked against what the config allows.

    Parameters
    ----------
    drawn : True for a random sweep, in which a range needs no number of values.

    Raises
    ------
    ConfigError
        ``sweep.no_axes``, ``sweep.bad_axis``, ``sweep.not_swept`` (a key that changes nothing, or the bars),
        ``sweep.no_range`` (a range over a key that is no number), ``tune.unknown_path``, ``tune.bad_range``.
    """
    if not texts:
        raise ConfigError("sweep.no_axes", "nothing is swept", 'name a key: --over "rules.pivot_bars=3,5,8"')
    axes = tuple(_axis(text, drawn) for text in texts)
    paths = [axis.path for axis in axes]
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError("sweep.bad_axis", f"--over {path}: given twice", "name each key once")
    return axes


def _axis(text: str, drawn: bool) -> Axis:
    path, equals, given = text.partition("=")
    path, place = path.strip(), f"--over {text}"
    if not equals or not path or not given.strip():
        raise ConfigError("sweep.bad_axis", place, "write KEY=a,b,c or KEY=lo..hi/n")
    section = path.partition(".")[0]
    if section not in SECTIONS:
        raise ConfigError(
            "sweep.not_swept",
            f"{place}: a sweep moves nothing in {section!r}",
            f"choose a key of {', '.join(SECTIONS)}",
        )
    found = _RANGE.fullmatch(given)
    if found is not None:
        return _range(path, found, place, drawn)
    values = _values(given, place)
    if "." in path:
        field = field_of(path, place)
        for value in values:
            check_value(field, value, place)
    if len({repr(value) for value in values}) < len(values):
        raise ConfigError("sweep.bad_axis", f"{place}: a value stands twice", "name each value once")
    return Axis(path, values)


def _values(given: str, place: str) -> tuple[Any, ...]:
    try:
        found = yaml.safe_load(f"[{given}]")
    except yaml.YAMLError:
        raise ConfigError(
            "sweep.bad_axis", f"{place}: not a list of values", "separate values by commas; lists in brackets"
        ) from None
    if not found or any(value == "" for value in found):
        raise ConfigError("sweep.bad_axis", f"{place}: an empty value", "separate values by commas")
    return tuple(found)


def _range(path: str, found: re.Match[str], place: str, drawn: bool) -> Axis:
    field = field_of(path, place) if "." in path else None
    try:
        ends = [yaml.safe_load(found[name]) for name in ("low", "high")]
    except yaml.YAMLError:
        ends = [None, None]
    whole = True if field is None else is_whole(field)
    numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends)
    if not numbers or path == "horizons" or (field is not None and not _is_numeric(field)):
        raise ConfigError(
            "sweep.no_range",
            f"{place}: a range needs a key that is a number, and two numbers",
            "list the values: KEY=a,b,c",
        )
    low, high = (int(end) if whole and end == int(end) else float(end) for end in ends)
    log = found["log"] is not None
    count = _count(found["n"], place, drawn)
    if field is not None:
        for end in (low, high):
            check_value(field, end, place)
    if not low < high or (log and low <= 0):
        raise ConfigError(
            "sweep.bad_axis", f"{place}: {low} to {high} is no range", "write lo..hi/n, lo below hi"
        )
    parameter = Parameter(path, low, high, log=log)
    if count is None:
        return Axis(path, (), parameter)
    values = []
    for i in range(count):
        share = i / max(count - 1, 1)
        value = low * (high / low) ** share if log else low + share * (high - low)
        values.append(round(value) if whole else float(f"{value:.12g}"))
    return Axis(path, tuple(dict.fromkeys(values)), parameter if drawn else None)


def _count(text: str | None, place: str, drawn: bool) -> int | None:
    if text is None:
        if drawn:
            return None
        raise ConfigError("sweep.bad_axis", f"{place}: how many values?", "write lo..hi/n, or use --random N")
    if not text.isdigit() or not 2 <= int(text) <= 1_000_000:
        raise ConfigError(
            "sweep.bad_axis", f"{place}: {text!r} is no number of values", "write lo..hi/n, n from 2 on"
        )
    return int(text)


def _is_numeric(field: Any) -> bool:
    from typing import get_args

    kinds = {field.annotation, *get_args(field.annotation)}
    return bool(kinds & {int, float})
