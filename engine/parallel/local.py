"""A crew of processes on this machine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, RunError
from engine.guests import carried_away
from engine.parallel.crew import AHEAD, R, T, named, out_of_memory, worker_died
from engine.processes import starting_workers

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

ATTEMPTS = 3  # workers that one task may cost
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
        self._crew: list[_Worker] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._crew:
            worker.end()
        self._crew = []

    def start(self) -> None:
        """See :meth:`Crew.start`."""
        while len(self._crew) < self.workers:
            self._crew.append(_Worker())

    def map(self, function: Callable[[T], R], tasks: Iterable[T], names: Iterable[str] = ()) -> Iterator[R]:
        """See :meth:`Crew.map`."""
        from multiprocessing.connection import wait

        self.start()
        ahead = enumerate(zip(tasks, named(names), strict=False))
        called = _pickled(carried_away(function))  # once: what it holds (a config, a calendar) may be long
        again: deque[_Job] = deque()
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
                    worker.give(_Job(number, name, called, task))
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

    def _replace(self, worker: _Worker, failed_starts: int) -> None:
        self._crew.remove(worker)
        worker.kill()
        if failed_starts >= _STARTS:
            raise RunError(
                "parallel.no_workers",
                f"{self.workers} worker processes could not be started",
                "a script needs `if __name__ == '__main__':` around what it does; or use 1 worker",
            )
        self._crew.append(_Worker())


class _Job:
    def __init__(self, number: int, name: str, function: bytes, task: Any) -> None:
        self.number, self.name, self.function, self.task = number, name, function, task
        self.attempts = 1

    def tried(self) -> _Job:
        if self.attempts >= ATTEMPTS:
            raise worker_died(self.name)
        self.attempts += 1
        return self


class _Answer:
    def __init__(self, job: _Job, good: bool, value: Any) -> None:
        self.number, self._name, self._good, self._value = job.number, job.name, good, value

    def result_of(self) -> Any:
        if self._good:
            return self._value
        if isinstance(self._value, MemoryError):
            raise out_of_memory(self._name) from self._value
        raise self._value


class _Worker:
    """One process and what it is doing."""

    def __init__(self) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        with starting_workers():
            self.process.start()
        theirs.close()
        self.ready = False
        self.job: _Job | None = None
        self._function: bytes | None = None  # the last one it was given, which it has kept

    def give(self, job: _Job) -> None:
        self.job = job
        message = _pickled(job.task)
        with suppress(OSError):  # it has died: reading its answer will say so
            if job.function is not self._function:
                self.pipe.send_bytes(job.function)
                self._function = job.function
            else:
                self.pipe.send_bytes(b"")
            self.pipe.send_bytes(message)

    def answer(self) -> _Answer | None:
        """What came of its job; None for the word that it is ready."""
        import pickle

        good, value = pickle.loads(self.pipe.recv_bytes())
        if not self.ready:
            self.ready = True
            return None
        job, self.job = self.job, None
        assert job is not None
        return _Answer(job, good, value)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def end(self) -> None:
        """Closing the pipe is the word to end."""
        self.pipe.close()
        if self.job is None and self.ready:
            self.process.join(2.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _pickled(value: Any) -> bytes:
    import pickle

    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def _serve(pipe: Connection) -> None:
    """A worker's life: one thread a worker, its tasks one by one, until the pipe is closed."""
    # read when these libraries are first imported, which the first task does
    for name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import pickle

    from engine.processes import end_with_parent, give_memory_back

    end_with_parent()
    function: Callable[[Any], Any]
    try:
        pipe.send_bytes(_pickled((True, None)))
        while True:
            changed = pipe.recv_bytes()
            message = pipe.recv_bytes()
            try:
                if changed:
                    function = pickle.loads(changed)
                task = pickle.loads(message)
                del changed, message
                reply = _pickled((True, function(task)))
                del task
            except BaseException as error:
                reply = _pickled((False, _portable(error)))
            pipe.send_bytes(reply)
            del reply
            give_memory_back()
    except (EOFError, OSError):
        return


def _portable(error: BaseException) -> BaseException:
    """The error as the other process can raise it, with the trace of this one as a note."""
    import pickle
    import traceback

    if not isinstance(error, EngineError):
        error.add_note("in a worker:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(_pickled(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
