"""A crew whose workers are those of a Dask cluster (extra ``cluster``).

What travels: the function and its task go out, the result comes back, both pickled; nothing else.  A worker needs the
same engine as this process, and to reach the files that a task names under the same path.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.errors import ConfigError, RunError
from engine.guests import carried_away
from engine.parallel.crew import AHEAD, R, T, named, out_of_memory, worker_died
from engine.parallel.identity import identity

if TYPE_CHECKING:
    from distributed import Client

PATIENCE_SECONDS = 10.0  # for a scheduler, and for its first worker


def open_cluster(address: str) -> Cluster:
    """Connect to the scheduler at ``address``, and see that its workers run this engine.

    Raises
    ------
    ConfigError
        ``parallel.no_dask`` without the extra; ``parallel.no_cluster`` where nobody answers within ten seconds, or no
        worker is there; ``parallel.other_version`` where a worker runs another engine: both are named.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "parallel.no_dask",
            f"--cluster {address}: dask and distributed are not installed",
            "install the extra: pip install 'scenario-engine[cluster]'",
        ) from None
    try:
        # a client that finds nobody complains once more, and for long, when it is thrown away: knock first
        place = urlsplit(address)
        socket.create_connection((place.hostname or "", place.port or 0), PATIENCE_SECONDS).close()
        client = Client(address, timeout=PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            "parallel.no_cluster",
            f"--cluster {address}: no scheduler answers there ({first})",
            "start one with `dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`",
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except TimeoutError:
            raise ConfigError(
                "parallel.no_cluster",
                f"--cluster {address}: the scheduler has no worker",
                f"start some with `dask worker {address} --nthreads 1`",
            ) from None
        for worker, found in client.run(identity).items():
            _require_same(worker, found)
    except BaseException:
        client.close()
        raise
    return Cluster(client)


def _mine() -> str:
    return identity()


def _require_same(worker: str, found: object) -> None:
    if found != _mine():
        raise ConfigError(
            "parallel.other_version",
            f"worker {worker} runs engine {found}, this process {_mine()}",
            "install the same engine on every worker",
        )


def _remote(wanted: str, function: Callable[[T], R], task: T) -> R:
    from threadpoolctl import threadpool_limits

    if identity() != wanted:  # a worker that joined later
        raise ConfigError(
            "parallel.other_version",
            f"a worker runs engine {identity()}, the process that asks {wanted}",
            "install the same engine on every worker",
        )
    with threadpool_limits(1):
        return function(task)


class Cluster:
    """The workers of a Dask cluster; see :class:`engine.parallel.crew.Crew`."""

    reaches_files = False  # they may be on other machines

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def workers(self) -> int:
        """Tasks that the cluster does at once."""
        return max(1, sum(self._client.nthreads().values()))

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def start(self) -> None:
        """Nothing: they run already."""

    def map(self, function: Callable[[T], R], tasks: Iterable[T], names: Iterable[str] = ()) -> Iterator[R]:
        """See :meth:`engine.parallel.crew.Crew.map`."""
        waiting: deque[tuple[str, Any]] = deque()
        function = carried_away(function)
        ahead = zip(tasks, named(names), strict=False)
        try:
            while True:
                while len(waiting) < AHEAD * self.workers:
                    found = next(ahead, None)
                    if found is None:
                        break
                    task, name = found
                    waiting.append((name, self._client.submit(_remote, _mine(), function, task, pure=False)))
                if not waiting:
                    return
                name, future = waiting.popleft()
                yield self._result(name, future)
        finally:
            for _, future in waiting:
                future.cancel()

    def beside(self, function: Callable[[T], R], task: T) -> Callable[[], R]:
        """See :meth:`engine.parallel.crew.Crew.beside`."""
        return partial(function, task)

    def _result(self, name: str, future: Any) -> Any:
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            raise worker_died(name) from None
        except MemoryError as error:
            raise out_of_memory(name) from error
        except FutureCancelledError:
            raise RunError(
                "parallel.cluster_lost",
                f"{name}: the cluster went away while it was being done",
                "start it again; `engine run CONFIG --resume RUN` goes on where this run stopped",
            ) from None
