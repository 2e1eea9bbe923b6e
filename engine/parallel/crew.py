"""What a crew is, the crew of one, and the errors that all crews share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol, TypeVar

from engine.errors import RunError

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2  # tasks for each worker that may be under way or done and not yet taken


class Crew(Protocol):
    """Who does the work; a context manager that ends its workers on leaving."""

    @property
    def workers(self) -> int:
        """Tasks done at once."""
        ...

    @property
    def reaches_files(self) -> bool:
        """True where the workers see the files of this process."""
        ...

    def start(self) -> None:
        """Start the workers, which import for a second or two, while the caller does something else."""
        ...

    def map(self, function: Callable[[T], R], tasks: Iterable[T], names: Iterable[str] = ()) -> Iterator[R]:
        """``function`` of each task, in the order of the tasks.

        Parameters
        ----------
        function : at the top level of a module, or a ``functools.partial`` of one.
        tasks : taken one by one, a few ahead of what has been given out.
        names : what an error calls each task; else its number.

        Raises
        ------
        RunError
            ``parallel.worker_died`` or ``parallel.out_of_memory``, with the name of the task.  What ``function``
            raises is raised here.
        """
        ...

    def beside(self, function: Callable[[T], R], task: T) -> Callable[[], R]:
        """One piece of work for a process that has nothing else to do: call what is returned for its result.

        A crew that has no such process does it when the result is asked for.  ``function`` and what is raised are as in
        :meth:`map`.
        """
        ...

    def __enter__(self) -> Crew: ...

    def __exit__(self, *_: object) -> None: ...


class Alone:
    """Everything in this process, one task after the other."""

    workers = 1
    reaches_files = True

    def start(self) -> None:
        """Nothing: this process runs already."""

    def __enter__(self) -> Alone:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, function: Callable[[T], R], tasks: Iterable[T], names: Iterable[str] = ()) -> Iterator[R]:
        """See :meth:`Crew.map`."""
        for task, name in zip(tasks, named(names), strict=False):
            try:
                result = function(task)
            except MemoryError as error:
                raise out_of_memory(name) from error
            yield result

    def beside(self, function: Callable[[T], R], task: T) -> Callable[[], R]:
        """See :meth:`Crew.beside`."""
        return partial(function, task)


def named(names: Iterable[str]) -> Iterator[str]:
    """The names, then numbers without end."""
    number = 0
    for name in names:
        yield name
        number += 1
    while True:
        yield f"task {number}"
        number += 1


def out_of_memory(name: str) -> RunError:
    """The error for a task that found no memory."""
    return RunError(
        "parallel.out_of_memory",
        f"{name}: a worker ran out of memory",
        "use fewer workers, or give each more memory",
    )


def worker_died(name: str) -> RunError:
    """The error for a task that has cost too many workers."""
    return RunError(
        "parallel.worker_died",
        f"{name}: one worker after the other died over it (killed, or out of memory)",
        "use fewer workers, or give each more memory",
    )
