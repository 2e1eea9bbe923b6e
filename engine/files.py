"""Files that are either whole or absent, files of lines that are only ever appended to, and fingerprints."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import RunError
from engine.foreign import json_text

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary path beside ``path``, then move the result into place.

    A reader, or a crash at any moment, sees the old file or the new one, never half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o644)  # mkstemp makes it private to the user; results are meant to be read
        os.replace(temporary, path)
    except OSError as error:
        # a write that fails names no file, and the temporary name means nothing to anybody
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def full_disk(error: BaseException, place: Path, again: str) -> RunError | None:
    """The error to raise where a disk (or a quota, or the limit of a file) is full; None where ``error`` is another.

    Parameters
    ----------
    place : what could not be written, where the error does not know the file.
    again : the command that goes on.
    """
    if not isinstance(error, OSError) or error.errno not in _FULL:
        return None
    return RunError(
        "run.disk_full",
        f"{error.filename or place}: {os.strerror(error.errno)}; what was under way is not finished",
        f"make room, then `{again}` goes on where it stopped",
    )


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_atomic(path, lambda p: p.write_text(text, encoding="utf-8", newline="\n"))


def write_json(path: Path, value: Any) -> None:
    """Write sorted, indented JSON atomically; NaN is refused (use null)."""
    write_text(path, to_json(value))


def to_json(value: Any) -> str:
    """Canonical JSON text: sorted keys, two-space indent, no NaN, final newline."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return json_text(text) + "\n"


@contextmanager
def open_for_lines(path: Path) -> Iterator[int]:
    """A file of lines, made where it is missing, that no other process can open so meanwhile; yields its handle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if fresh:  # the name itself must survive a crash
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        yield handle
    finally:
        os.close(handle)


def append_line(handle: int, text: str) -> None:
    """Append one line, on disk (fsync) when this returns; where it cannot be written whole, nothing of it stays."""
    before = os.fstat(handle).st_size
    line = (text + "\n").encode()
    try:
        sent = 0
        while sent < len(line):
            sent += os.write(handle, line[sent:])
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, before)  # a full disk must not leave half a line
        raise


def slug(text: str, other: str = "-", kept: str = "") -> str:
    """Lower case; what is no letter, no digit and not ``kept`` becomes ``other``: fit for a file, an anchor or an id."""
    return "".join(c if c.isalnum() or c in kept else other for c in text.lower())


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
