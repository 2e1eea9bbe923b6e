"""This process, and one other that does single pieces of work beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from engine.guests import carried_away
from engine.parallel.crew import Alone, R, T
from engine.parallel.worker import Job, Worker, pickled


class Assisted(Alone):
    """For what is too small to share out: everything happens in this process, but what is given to the other one.

    A thread hands one piece after the other to the second process and waits for what comes back, while this process computes.  What the
    other has not begun when it is asked for is done here, and so is everything should it die.

    Parameters
    ----------
    modules : what the other process imports at its start.
    """

    def __init__(self, modules: Sequence[str] = ()) -> None:
        self._modules = modules
        self._other: Worker | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="assisted")

    def __exit__(self, *_: object) -> None:
        if self._other is not None:
            self._other.kill()  # nothing is lost with it, and waiting for its end would take longer
        self._thread.shutdown(cancel_futures=True)

    def start(self) -> None:
        """See :meth:`engine.parallel.crew.Crew.start`."""
        if self._other is None:
            self._other = Worker(self._modules)

    def beside(self, function: Callable[[T], R], task: T) -> Callable[[], R]:
        """See :meth:`engine.parallel.crew.Crew.beside`."""
        self.start()
        assert self._other is not None
        there = self._thread.submit(_there, self._other, pickled(carried_away(function)), task)
        return cache(partial(_result, there, partial(function, task)))


class _Lost(Exception):
    """The other process has died."""


def _there(other: Worker, called: bytes, task: Any) -> Any:
    """In the thread: one piece through the pipe of the other process."""
    try:
        while not other.ready:
            other.answer()
        other.give(Job(0, "a piece", called, task))
        answer = other.answer()
    except (EOFError, OSError):
        raise _Lost from None
    assert answer is not None
    return answer.result_of()


def _result(there: Future[R], here: Callable[[], R]) -> R:
    if there.cancel():
        return here()
    try:
        return there.result()
    except _Lost:
        return here()
