"""Throws compiled kernels away when any source of the engine has changed.

numba keeps a compiled kernel beside the file that defines it and looks only at that file to see whether it is
still right.  A kernel that calls a helper in another module would go on using the helper's old code after an
update, silently.  So all of them go when one source changes: a few milliseconds at the start of a process
against numbers from code that is no longer there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STAMP = "kernels.stamp"


def drop_stale_kernels(root: Path) -> bool:
    """Remove every compiled kernel under ``root`` if its sources are not those of the last time.

    Sources are told apart by path, size and time of change.  Returns True where kernels were (or would have
    been) removed; a folder that cannot be written to is left as it is.
    """
    fingerprint, caches = _survey(root)
    stamp = root / "__pycache__" / STAMP
    if _stamped(stamp, fingerprint):
        return False
    try:
        stamp.parent.mkdir(exist_ok=True)
        with _alone(stamp.with_name(f"{STAMP}.lock")):
            # of several processes that start at once the first removes; the others must not remove what it
            # has compiled since
            if _stamped(stamp, fingerprint):
                return True
            for cache in caches:
                for entry in os.scandir(cache):
                    if entry.name.endswith((".nbi", ".nbc")):
                        os.unlink(entry.path)
            temporary = stamp.with_name(f"{STAMP}.{os.getpid()}")
            temporary.write_text(fingerprint, encoding="ascii")
            os.replace(temporary, stamp)
    except OSError:
        pass  # read-only installation
    return True


def _stamped(stamp: Path, fingerprint: str) -> bool:
    try:
        return stamp.read_text(encoding="ascii") == fingerprint
    except OSError:
        return False  # never stamped


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock between processes; without one where the system has none of this kind."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _survey(root: Path) -> tuple[str, list[str]]:
    digest = hashlib.sha256()
    caches = []
    for folder, folders, files in os.walk(root):
        folders.sort()
        if folder.endswith("__pycache__"):
            caches.append(folder)
            continue
        for name in sorted(files):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                found = os.stat(path)
                digest.update(f"{os.path.relpath(path, root)}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    return digest.hexdigest(), caches
