"""Which engine this is: its version and a hash of its sources, so that an edited copy is another engine."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def identity() -> str:
    """Version of this process's engine, with a hash of its sources."""
    from importlib.metadata import PackageNotFoundError, version

    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    try:
        named = version("scenario-engine")
    except PackageNotFoundError:
        named = "unknown"
    return f"{named} ({digest.hexdigest()[:12]})"
