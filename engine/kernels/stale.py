"""Throws compiled kernels away when a source they depend on has changed.

numba keeps a compiled kernel beside the file that defines it and looks only at that file to see whether it is
still right.  A kernel that calls a helper in another module would go on using the helper's old code after an
update, silently.  So the kernels of every module that imports the changed one, directly or by way of others, go:
a few milliseconds at the start of a process against numbers from code that is no longer there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STAMP = "kernels.stamp"
_IMPORT = re.compile(r"^[ \t]*from[ \t]+engine\.?([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_PLAIN = re.compile(r"^[ \t]*import[ \t]+engine\.([\w.]+)", re.MULTILINE)


def drop_stale_kernels(root: Path) -> bool:
    """Remove the compiled kernels under ``root`` whose sources are not those of the last time.

    Sources are told apart by path, size and time of change.  A kernel's sources are its module and all that this
    imports of the engine.  Returns True where a source has changed; a folder that cannot be written to is left as
    it is.
    """
    sources, caches = _survey(root)
    stamp = root / "__pycache__" / STAMP
    if _stamped(stamp) == sources:
        return False
    try:
        stamp.parent.mkdir(exist_ok=True)
        with _alone(stamp.with_name(f"{STAMP}.lock")):
            # of several processes that start at once the first removes; the others must not remove what it
            # has compiled since
            before = _stamped(stamp)
            if before == sources:
                return True
            stale = None if before is None else _dependents(root, sources, _changed(before, sources))
            for cache in caches:
                folder = os.path.relpath(os.path.dirname(cache), root)
                for entry in os.scandir(cache):
                    if not entry.name.endswith((".nbi", ".nbc")):
                        continue
                    module = os.path.normpath(os.path.join(folder, f"{entry.name.split('.')[0]}.py"))
                    if stale is None or module in stale or module not in sources:
                        os.unlink(entry.path)
            temporary = stamp.with_name(f"{STAMP}.{os.getpid()}")
            temporary.write_text("".join(f"{path}|{sources[path]}\n" for path in sources), encoding="utf-8")
            os.replace(temporary, stamp)
    except OSError:
        pass  # read-only installation
    return True


def sources_under(root: Path) -> dict[str, str]:
    """Path to size and time of change of every source under ``root``."""
    return _survey(root)[0]


def _stamped(stamp: Path) -> dict[str, str] | None:
    """Path to size and time of every source of the last time; None where it was never stamped."""
    try:
        lines = stamp.read_text(encoding="utf-8").splitlines()
        return dict(line.split("|", 1) for line in lines)
    except (OSError, ValueError):
        return None


def _changed(before: Mapping[str, str], sources: Mapping[str, str]) -> set[str]:
    return {path for path in before.keys() | sources.keys() if before.get(path) != sources.get(path)}


def _dependents(root: Path, sources: Mapping[str, str], changed: set[str]) -> set[str]:
    """``changed`` and every source that imports one of them, directly or by way of others."""
    importers: dict[str, set[str]] = {}
    for path in sources:
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        for imported in _imports(text):
            importers.setdefault(imported, set()).add(path)
    found, pending = set(), list(changed)
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending.extend(importers.get(path, ()))
    return found


def _imports(text: str) -> Iterator[str]:
    """Paths that the imports of one source may mean: a module, a package, a module of a package."""
    for module, names in _IMPORT.findall(text):
        base = os.path.join(*module.split(".")) if module else ""
        yield f"{base}.py"
        yield os.path.join(base, "__init__.py")
        for name in re.findall(r"(\w+)(?:\s+as\s+\w+)?", names):
            yield os.path.join(base, f"{name}.py")
            yield os.path.join(base, name, "__init__.py")
    for module in _PLAIN.findall(text):
        base = os.path.join(*module.split("."))
        yield f"{base}.py"
        yield os.path.join(base, "__init__.py")


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


def _survey(root: Path) -> tuple[dict[str, str], list[str]]:
    sources, caches = {}, []
    for folder, folders, files in os.walk(root):
        folders.sort()
        if folder.endswith("__pycache__"):
            caches.append(folder)
            continue
        for name in sorted(files):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                found = os.stat(path)
                sources[os.path.relpath(path, root)] = f"{found.st_size}|{found.st_mtime_ns}"
    return sources, caches
