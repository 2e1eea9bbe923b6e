"""How many threads a process may use, and how work that lets go of the interpreter's lock is shared among them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from functools import lru_cache
from typing import Any, TypeVar

import numba
from threadpoolctl import ThreadpoolController

_SHARES = 8  # that a thread's items are cut into, so that none waits long for the last one

Item = TypeVar("Item")
Made = TypeVar("Made")


def thread_count() -> int:
    """What ``NUMBA_NUM_THREADS`` allows, else one per core."""
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]


def one_thread(api: str | None = "blas") -> AbstractContextManager[Any]:
    """A context in which libraries of the kind ``api`` (None: of every kind) use one thread.

    Split over threads, sums of a matrix product are added up in another order, and the last bit changes.  Limited anew
    each time: a limit does not reach libraries that are loaded after it.
    """
    limited: AbstractContextManager[Any] = _controller(len(sys.modules)).limit(limits=1, user_api=api)
    return limited


@lru_cache(maxsize=1)
def _controller(modules: int) -> ThreadpoolController:
    """Of the libraries loaded by now; looking for them reads every mapping of the process, so it is done where
    a module has come since."""
    return ThreadpoolController()


def carried(function: Callable[[Item], Made]) -> Callable[[Item], Made]:
    """``function`` for another thread, in which context variables have the values of this one (:mod:`engine.guests`)."""
    context = copy_context()
    return lambda item: context.copy().run(function, item)


def in_threads(make: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """``make`` of each item, in the order of the items.

    Of use where most of the time goes into kernels and numpy.  Each call must depend on its item alone and write
    where no other does; then the number of threads changes no bit.
    """
    threads = min(thread_count(), len(items))
    if threads <= 1:
        return [make(item) for item in items]
    # a thread that hands over after every item waits longer for the lock than a short item takes
    together = max(1, len(items) // (_SHARES * threads))

    def share(first: int) -> list[Made]:
        return [make(item) for item in items[first : first + together]]

    with ThreadPoolExecutor(threads) as pool:
        return [made for part in pool.map(carried(share), range(0, len(items), together)) for made in part]
