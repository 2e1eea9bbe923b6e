"""What one trial is worth, and how a trial is run so that a bad one cannot stop the search."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from engine.config import Config, guests_of
from engine.errors import RunError
from engine.guests import Guests, guests, present
from engine.kernels.threads import one_thread
from engine.processes import end_with_parent, starting_workers
from engine.tune.pruning import Floors


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The worth of one config.

    Attributes
    ----------
    value : what the search maximises.
    attributes : JSON-able facts kept with the trial.
    """

    value: float
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial has no value, in one line."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A trial that a pruner ended: its scores after the folds it reached, the last of them too low."""

    scores: tuple[float, ...]


Evaluate = Callable[[Config], "Evaluation | float"]
Result = Evaluation | Failure | Stopped


class Staged(Protocol):
    """An objective that can be stopped on the way."""

    def staged(self, config: Config, floors: Floors) -> Evaluation | Stopped:
        """The worth of ``config``, with its scores after each fold as ``fold_scores``, or where it fell below a floor."""
        ...


def attempt(evaluate: Callable[[Config], Evaluation | Stopped | float], config: Config) -> Result:
    """Evaluate one config; an exception or a value that is no number becomes a :class:`Failure`."""
    try:
        # processes are the parallelism
        with one_thread(None), present(guests_of(config)):
            found = evaluate(config)
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        return Failure(f"{type(error).__name__}: {first}"[:500])
    if isinstance(found, Stopped):
        return found
    evaluation = found if isinstance(found, Evaluation) else Evaluation(float(found))
    if not math.isfinite(evaluation.value):
        return Failure(f"the value is {evaluation.value}")
    return evaluation


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of an objective: its value, with floors that stop it, or one of its other methods.

    Attributes
    ----------
    method : ``score_holdout`` or ``null``; None: its value.
    floors : of a pruner.
    draw : number of the drawn history, for ``null``.
    """

    method: str | None = None
    draw: int | None = None
    floors: Floors | None = None

    def of(self, evaluate: Evaluate) -> Callable[[Config], Evaluation | Stopped | float]:
        """The function to call with a config."""
        if self.method is not None:
            found: Callable[..., Evaluation | float] = getattr(evaluate, self.method)
            return found if self.draw is None else partial(found, draw=self.draw)
        if self.floors is not None and hasattr(evaluate, "staged"):
            staged: Staged = evaluate
            return partial(staged.staged, floors=self.floors)
        return evaluate


PLAIN = Call()


# the worker process's own copy: sent once when the process starts, so that what it has prepared (bars,
# indicators, simulated baselines) is kept from one trial to the next
_evaluate: Evaluate | None = None


def _start_worker(plugins: Guests, evaluate: Evaluate) -> None:
    """``plugins`` are run here by being unpacked, before anything of theirs is."""
    global _evaluate
    _evaluate = evaluate
    end_with_parent()


def _ready() -> None:
    """Nothing: a process that has done it has started."""


def _work(config: Config, call: Call) -> Result:
    assert _evaluate is not None
    return attempt(call.of(_evaluate), config)


class Workers:
    """Evaluates batches in this process (``workers`` 1) or in processes of its own, in the order given.

    Processes are spawned, not forked: compiled kernels and BLAS keep threads that a fork would break.
    """

    def __init__(self, evaluate: Evaluate, workers: int) -> None:
        self._evaluate = evaluate
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._starting: list[Future[None]] = []

    @property
    def count(self) -> int:
        """How many configs are evaluated at once."""
        return self._workers

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def start(self) -> None:
        """Start the processes, which import for seconds, while the caller does something else."""
        if self._workers > 1:
            pool = self._processes(self._workers)
            self._starting = [pool.submit(_ready) for _ in range(self._workers)]

    def run(self, configs: Sequence[Config], call: Call = PLAIN) -> list[Result]:
        """One result per config, in order.

        A process that dies breaks the pool for its neighbours too.  So every config it left without a result
        is tried again in a process of its own, and only the one that kills that as well has failed.
        """
        if self._workers == 1:
            return [attempt(call.of(self._evaluate), config) for config in configs]
        self._wait_for_start()
        results: list[Result | None] = [None] * len(configs)
        with suppress(BrokenProcessPool):
            pool = self._processes(self._workers)
            jobs = [pool.submit(_work, config, call) for config in configs]
            for number, job in enumerate(jobs):
                with suppress(BrokenProcessPool):
                    results[number] = job.result()
        if None in results:
            self._close()
        return [
            self._alone(config, call) if result is None else result
            for config, result in zip(configs, results, strict=True)
        ]

    def _wait_for_start(self) -> None:
        try:
            for job in self._starting:
                job.result()
        except BrokenProcessPool:
            raise RunError(
                "tune.no_workers",
                f"{self._workers} worker processes could not be started",
                "a script that tunes needs `if __name__ == '__main__':` around the call; or use 1 worker",
            ) from None
        finally:
            self._starting = []

    def _alone(self, config: Config, call: Call) -> Result:
        try:
            return self._processes(1).submit(_work, config, call).result()
        except BrokenProcessPool:
            return Failure("the worker process died")
        finally:
            self._close()

    def _processes(self, count: int) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(guests(), self._evaluate),
            )
            with starting_workers():
                self._pool.submit(_ready)  # the first task starts all processes
        return self._pool

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
