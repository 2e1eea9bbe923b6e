"""What a command says when it ends, also where nobody can hear it: closed, full and narrow outputs, faults, errors."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO, TextIOWrapper
from types import TracebackType
from typing import TextIO

from typer import Abort, BadParameter

from engine.errors import EngineError
from engine.foreign import visible

_WRONG_USE = BadParameter.__mro__[
    2
]  # an option or argument that cannot be; typer gives its name away nowhere


def ended(app: Callable[..., object]) -> int:
    """Run the commands; what goes wrong, also with the outputs themselves, is one message and this exit code."""
    sys.excepthook = plain_traceback
    sys.stdout, sys.stderr = usable(sys.stdout), usable(sys.stderr)
    code = code_of(partial(app, standalone_mode=False))
    flushed = code_of(sys.stdout.flush)  # here, where an error can still be told
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # Python flushes once more as it ends: into nothing
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code or flushed


def say(what: object, *, lines: bool = False, flush: bool = False) -> None:
    """One line on stdout, or several."""
    print(visible(str(what), lines=lines), flush=flush)


@contextmanager
def saying_what_is_kept() -> Iterator[None]:
    """An interrupt (ctrl-C) says on stderr what stays of the work; the exit code is 130."""
    try:
        yield
    except KeyboardInterrupt as error:
        kept = getattr(error, "__notes__", None) or ["nothing is kept"]
        _complain(f"interrupted: {visible('; '.join(kept))}")
        raise SystemExit(130) from None


def code_of(call: Callable[[], object]) -> int:
    """Exit code of a call: of its SystemExit, of a deliberate error, 1 for a file or output that cannot be used."""
    try:
        code = call()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except (KeyboardInterrupt, Abort):
        _complain("interrupted")
        return 130
    except EngineError as error:
        _complain(f"error {error}")
        return error.exit_code
    except OSError as error:
        if error.errno != errno.EPIPE:  # a reader that has seen enough is no error to tell
            place, reason = error.filename or "the output", (error.strerror or str(error)).lower()
            hint = "name another file or folder, or see to its permissions and its space"
            _complain(f"error [file.unusable] {visible(f'{place}: {reason}')}\n  hint: {hint}")
        return 1
    except Exception as error:
        if not isinstance(error, _WRONG_USE):
            plain_traceback(type(error), error, error.__traceback__)
            return 1
        said = StringIO()
        error.show(said)  # type: ignore[attr-defined]
        _complain(visible(said.getvalue().rstrip(), lines=True))
        return int(error.exit_code)  # type: ignore[attr-defined]
    return code if isinstance(code, int) else 0


def _complain(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        return  # nobody listens; the exit code says it


def usable(stream: TextIO | None) -> TextIO:
    """A stream that was closed before the start swallows; one that knows no dash loses the dash, not the table."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def plain_traceback(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """A fault of the engine's own, without control characters."""
    _complain(visible("".join(traceback.format_exception(kind, error, where)), lines=True).rstrip())
