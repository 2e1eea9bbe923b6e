"""How much a test repeats: little in the suite of every day, all of it with ``ENGINE_TESTS=full``."""

from __future__ import annotations

import os

FULL = os.environ.get("ENGINE_TESTS") == "full"


def count(daily: int, full: int) -> int:
    """``full`` repetitions where the environment asks for them, else ``daily``."""
    return full if FULL else daily
