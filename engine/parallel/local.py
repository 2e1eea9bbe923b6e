"""A crew of processes on this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from engine.errors import RunError
from engine.guests import carried_away
from engine.parallel.crew import AHEAD, R, T, named
from engine.parallel.worker import Job, Worker, pickled

_STARTS = 3  # workers in a row that end before they are ready


class Processes:
    """Local processes, spawned: compiled kernels and BLAS keep threads that a fork would break.

    Each has a pipe of its own, so a worker that dies is known, and with it the task that it had.  They live until
    the crew is left, and import and load compiled kernels once.  Open it in the thread that leaves it: Linux ends
    workers with the thread that started them.
    """

    reaches_files = True

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._crew: list[Worker] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._crew:
            worker.end()
        self._crew = []

    def start(self) -> None:
        """See :meth:`Crew.start`."""
        while len(self._crew) < self.workers:
            self._crew.append(Worker())

    def map(self, function: Callable[[T], R], tasks: Iterable[T], names: Iterable[str] = ()) -> Iterator[R]:
        """See :meth:`Crew.map`."""
        from multiprocessing.connection import wait

        self.start()
        ahead = enumerate(zip(tasks, named(names), strict=False))
        called = pickled(carried_away(function))  # once: what it holds (a config, a calendar) may be long
        again: deque[Job] = deque()
        results: dict[int, Any] = {}
        given, failed_starts = 0, 0
        exhausted = False
        try:
            while True:
                for worker in self._crew:
                    if worker.job is not None or not worker.ready:
                        continue
                    if again:
                        worker.give(again.popleft())
                        continue
                    under_way = len(results) + sum(w.job is not None for w in self._crew)
                    if exhausted or under_way >= AHEAD * self.workers:
                        continue
                    number, (task, name) = next(ahead, (-1, (None, "")))
                    if number < 0:
                        exhausted = True
                        continue
                    worker.give(Job(number, name, called, task))
                if exhausted and not again and not results and all(w.job is None for w in self._crew):
                    return
                by_pipe = {w.pipe: w for w in self._crew if w.job is not None or not w.ready}
                for pipe in wait(list(by_pipe)) if by_pipe else []:
                    worker = by_pipe[pipe]  # type: ignore[index]
                    try:
                        answer = worker.answer()
                    except (EOFError, OSError):
                        failed_starts = 0 if worker.ready else failed_starts + 1
                        lost = worker.job
                        self._replace(worker, failed_starts)
                        if lost is not None:
                            again.append(lost.tried())
                        continue
                    if answer is not None:
                        results[answer.number] = answer.result_of()
                    failed_starts = 0
                while given in results:
                    yield results.pop(given)
                    given += 1
        finally:
            # left before its end: nobody waits for what is under way
            for worker in [w for w in self._crew if w.job is not None]:
                self._crew.remove(worker)
                worker.kill()

    def beside(self, function: Callable[[T], R], task: T) -> Callable[[], R]:
        """See :meth:`Crew.beside`."""
        return partial(function, task)

    def _replace(self, worker: Worker, failed_starts: int) -> None:
        self._crew.remove(worker)
        worker.kill()
        if failed_starts >= _STARTS:
            raise RunError(
                "parallel.no_workers",
                f"{self.workers} worker processes could not be started",
                "a script needs `if __name__ == '__main__':` around what it does; or use 1 worker",
            )
        self._crew.append(Worker())
