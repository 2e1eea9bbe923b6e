"""How many threads a process may use."""

from __future__ import annotations

import numba


def thread_count() -> int:
    """What ``NUMBA_NUM_THREADS`` allows, else one per core."""
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
