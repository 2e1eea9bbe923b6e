"""One process that works for this one, and what it is given."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.parallel.crew import out_of_memory, worker_died
from engine.processes import starting_workers

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

ATTEMPTS = 3  # workers that one task may cost


class Job:
    """One task on its way: its number, what an error calls it, and its pickled function."""

    def __init__(self, number: int, name: str, function: bytes, task: Any) -> None:
        self.number, self.name, self.function, self.task = number, name, function, task
        self.attempts = 1

    def tried(self) -> Job:
        """The same once more; raises ``parallel.worker_died`` where it has cost three workers."""
        if self.attempts >= ATTEMPTS:
            raise worker_died(self.name)
        self.attempts += 1
        return self


class _Answer:
    def __init__(self, job: Job, good: bool, value: Any) -> None:
        self.number, self._name, self._good, self._value = job.number, job.name, good, value

    def result_of(self) -> Any:
        if self._good:
            return self._value
        if isinstance(self._value, MemoryError):
            raise out_of_memory(self._name) from self._value
        raise self._value


class Worker:
    """One process and what it is doing; ``modules`` are what it imports before it is ready."""

    def __init__(self, modules: Sequence[str] = ()) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, tuple(modules)), daemon=True)
        with starting_workers():
            self.process.start()
        theirs.close()
        self.ready = False
        self.job: Job | None = None
        self._function: bytes | None = None  # the last one it was given, which it has kept

    def give(self, job: Job) -> None:
        """Send it a job; a process that has died is noticed when its answer is read."""
        self.job = job
        message = pickled(job.task)
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
        """End it at once, whatever it is doing."""
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


def pickled(value: Any) -> bytes:
    """Bytes that travel through its pipe."""
    import pickle

    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def _serve(pipe: Connection, modules: tuple[str, ...]) -> None:
    """A worker's life: one thread a worker, its tasks one by one, until the pipe is closed."""
    # read when these libraries are first imported, which the first task does
    for name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import pickle
    from importlib import import_module

    from engine.processes import end_with_parent, give_memory_back

    end_with_parent()
    for name in modules:
        import_module(name)
    function: Callable[[Any], Any]
    try:
        pipe.send_bytes(pickled((True, None)))
        while True:
            changed = pipe.recv_bytes()
            message = pipe.recv_bytes()
            try:
                if changed:
                    function = pickle.loads(changed)
                task = pickle.loads(message)
                del changed, message
                reply = pickled((True, function(task)))
                del task
            except BaseException as error:
                reply = pickled((False, _portable(error)))
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
        pickle.loads(pickled(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
