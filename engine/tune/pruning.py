"""Who stops a trial early: it is scored on the first third and two thirds of its sessions before it is on all.

A trial goes on where its score there is above a quantile of what earlier trials had at the same place.  Earlier means of
earlier batches, so it does not matter who evaluates what first, and any number of workers stops the same trials.  The
first eight trials are never stopped.  A score on part of the walk-forward is that of the whole one on these sessions: no
forecast depends on later ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.config.choices import PRUNERS

RUNGS = (1 / 3, 2 / 3)  # share of the forecast sessions
_FEWEST = 8


@dataclass(frozen=True, slots=True)
class Pruner:
    """Stops a trial whose score at a rung is below this quantile of earlier ones; None: never."""

    name: str
    meaning: str
    quantile: float | None


NONE = Pruner("none", "no trial is stopped early", None)
MEDIAN = Pruner("median", "stopped where it does worse than the median of earlier trials", 0.5)
HALVING = Pruner("halving", "successive halving: the best third goes on at each rung", 2 / 3)


def pruner_named(name: str) -> Pruner:
    """The pruner of a name that the config knows."""
    found: Pruner = PRUNERS[name].load()
    return found


def floors(pruner: Pruner, rungs: Iterable[tuple[float, ...]]) -> tuple[float, ...] | None:
    """What a trial must reach at each rung; None where nothing is pruned.

    Parameters
    ----------
    rungs : of each earlier trial, its scores at the rungs that it reached.
    """
    if pruner.quantile is None:
        return None
    known = list(rungs)
    found = []
    for rung in range(len(RUNGS)):
        reached = [scores[rung] for scores in known if len(scores) > rung]
        found.append(float(np.quantile(reached, pruner.quantile)) if len(reached) >= _FEWEST else -np.inf)
    return tuple(found)
