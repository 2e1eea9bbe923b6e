"""Timing shared by the measurements: medians of several runs, and how time grows with size."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np

SIZES = (10_000, 100_000, 1_000_000)


# The C library returns freed memory to the system, and fetches it anew page by page, until a process has freed one
# block of about this size; a long-lived process has.  Without this the first figures measure the allocator.
np.empty(31 * 2**20, np.uint8).fill(0)


def seconds(work: Callable[[], object], runs: int = 7) -> float:
    """Median processor time of one call; the first call (compilation, caches) is not counted.

    Processor time of all threads together is what "per core" means, and a busy machine does not inflate it
    as it does wall time.  Calls shorter than 20 ms are repeated inside a run, so that the clock's steps do
    not count.
    """
    work()
    started = time.process_time()
    work()
    calls = max(1, math.ceil(0.02 / max(time.process_time() - started, 1e-7)))
    taken = []
    for _ in range(runs):
        started = time.process_time()
        for _ in range(calls):
            work()
        taken.append((time.process_time() - started) / calls)
    return statistics.median(taken)


def growth_exponent(seconds_of: Mapping[int, float]) -> float:
    """b of seconds = a * size**b between the smallest and the largest size; 1 is linear."""
    small, large = min(seconds_of), max(seconds_of)
    return math.log(seconds_of[large] / seconds_of[small]) / math.log(large / small)
