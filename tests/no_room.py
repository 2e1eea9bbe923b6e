"""A process that may not write files beyond a size: what a full disk looks like, without a disk to fill."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable

from engine.errors import EngineError


def no_room_beyond(size: int) -> None:
    """From now on no file of this process, and of those it starts, may grow beyond ``size`` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def told_without_room(size: int | None, call: Callable[[], object]) -> tuple[str, str, str]:
    """Code, message and hint of the engine's error that ``call`` ends with in a fork; the class and text of any other.

    Parameters
    ----------
    size : bytes a file may have; None: the call itself says so (:func:`no_room_beyond`).
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if size is not None:
                no_room_beyond(size)
            call()
            said = ("", "no error", "")
        except EngineError as error:
            said = (error.code, error.message, error.hint)
        except BaseException as error:
            said = (type(error).__name__, str(error), "")
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        code, message, hint = json.load(stream)
    os.waitpid(child, 0)
    return code, message, hint
