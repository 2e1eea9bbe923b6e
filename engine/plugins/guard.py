"""How a plugin's functions are called: timed, with arguments that cannot be written into, and every failure told with its place."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from time import perf_counter
from typing import Any, TypeVar

import numpy as np

from engine.bars.series import BarSeries
from engine.errors import ConfigError, EngineError
from engine.guests import GuestFile, Spent
from engine.plugins.plugin import WrongResult

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a plugin: the file, what it is (``level kind``), its name, and the clock that its calls run on."""

    file: GuestFile
    noun: str
    name: str
    spent: Spent

    def __str__(self) -> str:
        return f"{self.file.path}: {self.noun} {self.name!r}"

    def call(self, function: Callable[..., R], *arguments: Any, bars: int = 0) -> R:
        """``function`` of the arguments, on the clock; whatever it raises becomes an error that names file and line.

        Raises
        ------
        ConfigError
            ``plugin.raised``, ``plugin.changes_arguments``, ``plugin.wrong_result``.
        """
        begin = perf_counter()
        try:
            return function(*arguments)
        except EngineError:
            raise
        except WrongResult as error:
            raise self.wrong(str(error)) from None
        except Exception as error:
            raise self._failed(error) from error
        finally:
            self.spent.seconds += perf_counter() - begin
            self.spent.calls += 1
            self.spent.bars += bars

    def wrong(self, said: str) -> ConfigError:
        """The error for a result of another shape, type or range than asked for."""
        return ConfigError(
            "plugin.wrong_result",
            f"{self}: {said}",
            "docs/plugins.md says what each member returns",
        )

    def _failed(self, error: Exception) -> ConfigError:
        said = (str(error).strip().splitlines() or [""])[0][:300]
        place = self._line_of(error)
        # numpy names a read-only array, numba the type of one; neither is a class of its own
        text = str(error).lower()
        if "read-only" in text or "readonly" in text or "cannot modify" in text:
            return ConfigError(
                "plugin.changes_arguments",
                f"{self}{place}: it writes into what it is given ({said})",
                "copy an array before changing it; only `out` is written to",
            )
        return ConfigError(
            "plugin.raised",
            f"{self}{place}: {type(error).__name__}: {said}",
            "mend the rule; in an audit it also meets bars of missing values, at which it has nothing to say",
        )

    def _line_of(self, error: Exception) -> str:
        lines = [
            one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == self.file.path
        ]
        return f", line {lines[-1]}" if lines else ""


def unwritable(value: Any) -> Any:
    """The same value in which no array can be written into: arrays, and mappings, lists, tuples and frozen values that hold
    arrays."""
    if isinstance(value, np.ndarray):
        if not value.flags.writeable:
            return value
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, Mapping):
        return {name: unwritable(one) for name, one in value.items()}
    if type(value) in (list, tuple):
        items = [unwritable(one) for one in value]
        same = all(after is before for after, before in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, BarSeries):
        return value  # is so by itself
    if is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for one in fields(value):
            before = getattr(value, one.name)
            after = unwritable(before)
            if after is not before:
                changed[one.name] = after
        return replace(value, **changed) if changed else value
    return value
