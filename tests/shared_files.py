"""Reference files that live outside the repository; tests that need them skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def _folder(variable: str, default: Path) -> Path | None:
    folder = Path(os.environ.get(variable) or default)  # set and empty is unset
    return folder if folder.is_dir() else None


def vectors_dir() -> Path | None:
    """Known answers (``ENGINE_VECTORS``, or ``../shared/vectors`` beside the repository)."""
    return _folder("ENGINE_VECTORS", _ROOT.parent / "shared" / "vectors")


def data_dir() -> Path | None:
    """Real bars (``ENGINE_DATA``, or ``../shared/data`` beside the repository)."""
    return _folder("ENGINE_DATA", _ROOT.parent / "shared" / "data")
