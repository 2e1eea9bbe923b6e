"""One way to spread work: in this process, over local processes, or over a Dask cluster.

A stage says what is to be done for one instrument or one pooling group, a plain function of one argument, and a
:class:`Crew` does it for all of them.  Results come back in the order of the tasks, whoever finishes first, so
what is made from them does not depend on the crew.  At most a few tasks per worker are under way or waiting to be
taken, so a stage that writes each result away holds a few instruments at a time.

A worker that dies (killed, out of memory) costs a retry of its task; a task that has cost three workers is an error
that names it.  Workers end with the process that started them, also where that one is killed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from engine.parallel.crew import Alone, Crew
from engine.parallel.identity import identity

__all__ = ["Alone", "Crew", "assisted", "cores", "identity", "open_crew"]


def open_crew(workers: int = 1, cluster: str | None = None) -> Crew:
    """A crew of ``workers`` local processes (1: this process alone), or of the workers of a Dask cluster.

    Raises
    ------
    ConfigError
        From :func:`engine.parallel.cluster.open_cluster`, where the cluster is of no use.
    """
    if cluster is not None:
        from engine.parallel.cluster import open_cluster

        return open_cluster(cluster)
    if workers <= 1:
        return Alone()
    from engine.parallel.local import Processes

    return Processes(workers)


def assisted(modules: Sequence[str]) -> Crew:
    """This process, and one other for single pieces of work, which imports ``modules`` at its start."""
    from engine.parallel.assisted import Assisted

    return Assisted(modules)


def cores() -> int:
    """The cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)
