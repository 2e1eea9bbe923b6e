"""Who stops a trial early: its score is looked at after every fold of the walk-forward, before the next one is fitted.

A trial goes on where that score is above a quantile of what earlier trials had after the same fold.  Earlier means of
earlier batches, so it does not matter who evaluates what first, and any number of workers stops the same trials.  The
first eight trials are never stopped.  The score after a fold is that of the whole walk-forward on the dates up to its
end: no forecast depends on later ones.

Sources: the median rule of Golovin et al., Google Vizier (2017), section 3.2; successive halving in the form in which no
trial waits for others, Li et al., A system for massively parallel hyperparameter tuning (2020), with a reduction of 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from engine.config.choices import PRUNERS

_FEWEST = 8


@dataclass(frozen=True, slots=True)
class Pruner:
    """Stops a trial whose score after one of the folds is below this quantile of earlier ones; None: never.

    Attributes
    ----------
    folds : number of folds -> those after which it looks, counted from 0.
    best : what is looked at is the best score after any fold so far, not the latest.
    """

    name: str
    meaning: str
    quantile: float | None
    folds: Callable[[int], Iterable[int]]
    best: bool = False


@dataclass(frozen=True, slots=True)
class Floors:
    """What a trial must reach after each fold, -inf where nobody looks; ``best`` as in :class:`Pruner`."""

    values: tuple[float, ...]
    best: bool = False

    def stop(self, scores: list[float]) -> bool:
        """Whether a trial with these scores after its first folds ends here."""
        if len(scores) > len(self.values):
            return False
        return (max(scores) if self.best else scores[-1]) < self.values[len(scores) - 1]


NONE = Pruner("none", "no trial is stopped early", None, lambda n: ())
MEDIAN = Pruner(
    "median",
    "stopped after the first fold at which its best is below the median of earlier trials",
    0.5,
    lambda n: range(1, n - 1),  # one fold alone says little, and after the last one nothing is saved
    best=True,
)
HALVING = Pruner(
    "halving",
    "successive halving: the best third goes on after a ninth and a third of the folds",
    2 / 3,
    lambda n: sorted({max(1, n // part) for part in (9, 3)} & set(range(1, n - 1))),
)


def pruner_named(name: str) -> Pruner:
    """The pruner of a name that the config knows."""
    found: Pruner = PRUNERS[name].load()
    return found


def floors(pruner: Pruner, scores: Iterable[tuple[float, ...]]) -> Floors | None:
    """What a trial must reach after each fold; None where nothing is pruned.

    Parameters
    ----------
    scores : of each earlier trial, its scores after the folds that it reached.
    """
    if pruner.quantile is None:
        return None
    known = list(scores)
    n = max(map(len, known), default=0)
    found = [-np.inf] * n
    for fold in pruner.folds(n):
        reached = [one[fold] for one in known if len(one) > fold]
        if len(reached) >= _FEWEST:
            found[fold] = float(np.quantile(reached, pruner.quantile))
    return Floors(tuple(found), pruner.best)
