"""Every error the engine raises on purpose.

An error carries a stable ``code`` (the contract: scripts may match on it), a message that names the
place (file, key, row, date, column) and a ``hint`` that says what to do about it.  Each class is also
the built-in exception a broad handler would expect, so ``except ValueError`` goes on working.
"""

from __future__ import annotations

from typing import Any

from engine.foreign import visible


class EngineError(Exception):
    """Base of all deliberate errors.

    Parameters
    ----------
    code : stable dotted identifier, for example ``"data.not_ascending"``.
    message : one sentence that names the place and the offending value.
    hint : one sentence that says what to do.
    """

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # an error of a worker process is raised again in the one that waits for it
        return type(self), (self.code, self.message, self.hint), self.__dict__

    def __str__(self) -> str:
        # what a file or a person put into the message can neither move the cursor nor fake a line of its own
        text = f"[{self.code}] {visible(self.message)}"
        return f"{text}\n  hint: {visible(self.hint)}" if self.hint else text


class ConfigError(EngineError, ValueError):
    """The config file, a ``--set`` override or a command's arguments are wrong."""

    exit_code = 2


class DataError(EngineError, ValueError):
    """Bars cannot be read or are not sound."""

    exit_code = 3


class CheckFailed(EngineError):
    """A verification check failed and the caller asked for strictness (or the audit found look-ahead)."""

    exit_code = 4


class InputError(EngineError, ValueError):
    """A function was given values it cannot work with (shape, range, NaN, runs that do not match)."""

    exit_code = 2


class RunError(EngineError, RuntimeError):
    """A run folder is missing, incomplete or not what the command needs."""
