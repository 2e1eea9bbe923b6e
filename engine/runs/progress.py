"""Progress on a terminal, silence elsewhere; run.log and the manifest have it either way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from engine.processes import give_memory_back
from engine.runs.folder import RunFolder

if TYPE_CHECKING:
    from rich.progress import Progress as ProgressBar
    from rich.progress import TaskID

Item = TypeVar("Item")
STAGES = ("instruments", "forecast", "verify", "backtest", "report")


def _bar() -> ProgressBar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:<10}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def track(items: Sequence[Item], name: str) -> Iterator[Item]:
    """Yield the items one by one, counted on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _bar() as bar:
        yield from bar.track(items, description=name)


class Progress:
    """One line that moves from stage to stage on stderr while a run is under way."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._bar: ProgressBar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task(STAGES[0], total=len(STAGES))
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name a stage while it runs; its seconds go to run.log and the manifest."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=name)
        started = time.perf_counter()
        yield
        give_memory_back()
        seconds = time.perf_counter() - started
        self._folder.manifest["seconds"][name] = round(seconds, 3)
        self._folder.log(f"{name}: {seconds:.2f} s")
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
