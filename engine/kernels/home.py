"""Where compiled kernels are kept: beside their sources, or, where nobody may write there, in a folder of these sources alone.

numba compiles into the ``__pycache__`` of a module.  An installation that only its owner may change has none that can be
written, and numba then refuses to define a kernel that is to be kept.  A folder elsewhere (``NUMBA_CACHE_DIR``, or the
user's cache) knows nothing of a helper in another module that has changed, so its name holds the fingerprint of all sources.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.kernels.stale import sources_under

_VARIABLE = "NUMBA_CACHE_DIR"
_PREFIX = "scenario-engine-"


def choose_kernel_home(root: Path) -> Path | None:
    """Tell numba where to keep the kernels of the sources under ``root``; None where it keeps them beside these.

    Without any folder to write into the kernels live as long as this process and those it starts.
    """
    given = os.environ.get(_VARIABLE)
    if given is None and os.access(root / "__pycache__", os.W_OK | os.X_OK):
        return None
    if given is not None and Path(given).name.startswith(_PREFIX) and _usable(Path(given)):
        return Path(given)  # of the process that started this one
    import atexit  # here: where kernels are beside the sources, nothing of this is needed
    import hashlib
    import tempfile

    sources = sorted(sources_under(root).items())
    digest = hashlib.sha256(repr(sources).encode()).hexdigest()[:16]
    for base in (given, _users_cache()):
        if base and _usable(folder := Path(base) / f"{_PREFIX}{digest}"):
            return _use(folder)
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError:
        return None  # numba says what it lacks
    atexit.register(_remove, folder, os.getpid())
    return _use(folder)


def _users_cache() -> str | None:
    known = os.environ.get("XDG_CACHE_HOME")
    try:
        return known or str(Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return None


def _usable(folder: Path) -> bool:
    """Whether the folder can be made, written and is nobody else's: kernels are code."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    except OSError:
        return False
    return own and os.access(folder, os.W_OK | os.X_OK)


def _use(folder: Path) -> Path:
    os.environ[_VARIABLE] = str(folder)
    numba = sys.modules.get("numba")
    if numba is not None:  # it has read the environment already
        numba.config.CACHE_DIR = str(folder)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a fork leaves it to the process that made it
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
