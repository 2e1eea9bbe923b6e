"""What each trial of a search tries: a function of the seed, its number, and the results before its batch.

Every process that works on a study computes the same plan from what the storage holds, so it does not matter
which of them begins a trial, which of them was killed in between, or how many of a trial's settings it had
written by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.kernels.streams import trial_seed
from engine.tune.pruning import Floors, Pruner, floors
from engine.tune.samplers import Asked, Sampler
from engine.tune.space.parameter import Parameter
from engine.tune.study import facts

if TYPE_CHECKING:
    import optuna

MODELLED = 1000  # trials a sampler is shown: the latest, and the best; so the last proposal costs what an early one does
_BEST = 50


class Plan:
    """The settings of every trial, batch by batch.

    Parameters
    ----------
    seed, batch : of the config; a batch is planned on what was known before it.
    space : the dimensions, in the order in which they are drawn.
    first : settings of trial 0; None leaves that one to the sampler, too.
    sampler, pruner : who proposes, and who stops.
    """

    def __init__(
        self,
        seed: int,
        batch: int,
        space: Sequence[Parameter],
        first: dict[str, Any] | None,
        sampler: Sampler,
        pruner: Pruner,
    ) -> None:
        self._seed, self._size, self._first = seed, batch, first
        self._space, self._sampler, self._pruner = tuple(space), sampler, pruner
        self._told = 0  # trials learnt from: all of the batches that are finished
        self._recent: deque[tuple[np.ndarray, float]] = deque(maxlen=MODELLED)
        self._best: list[tuple[np.ndarray, float]] = []
        self._fold_scores: deque[tuple[float, ...]] = deque(maxlen=MODELLED)
        self._worst = np.inf
        self._asked: list[dict[str, Any]] = []

    def batch(self, trials: Sequence[optuna.trial.FrozenTrial]) -> tuple[int, list[dict[str, Any]]]:
        """(number of the first trial, settings of each) of the first batch that is not wholly finished.

        Parameters
        ----------
        trials : all trials of the study, ascending by number, as the storage has them now.
        """
        while self._finished(trials):
            for trial in trials[self._told : self._told + self._size]:
                self._learn(trial)
            self._told += self._size
            self._asked = []
        if not self._asked:
            units, values = self._known()
            for number in range(self._told, self._told + self._size):
                stored = trials[number] if number < len(trials) else None
                self._asked.append(self._ask(number, stored, units, values))
        return self._told, [dict(settings) for settings in self._asked]

    @property
    def floors(self) -> Floors | None:
        """What trials of the current batch must reach after each fold; see :mod:`engine.tune.pruning`."""
        return floors(self._pruner, self._fold_scores)

    def _finished(self, trials: Sequence[optuna.trial.FrozenTrial]) -> bool:
        mine = trials[self._told : self._told + self._size]
        return len(mine) == self._size and all(trial.state.is_finished() for trial in mine)

    def _learn(self, trial: optuna.trial.FrozenTrial) -> None:
        known = facts(trial)
        if known.get("fold_scores") and trial.state.name in ("COMPLETE", "PRUNED"):
            self._fold_scores.append(tuple(known["fold_scores"]))
        sound = trial.state.name == "COMPLETE" and trial.value is not None and "short_of" not in known
        if not sound and trial.state.name not in ("COMPLETE", "PRUNED"):
            return  # it failed: nothing is known about its settings
        if set(trial.params) != {parameter.path for parameter in self._space}:
            return
        units = self._place(trial.params)
        if units is None:
            return
        # stopped, or short of a constraint: worse than whatever was finished
        value = float(trial.value) if sound and trial.value is not None else -np.inf
        if sound:
            self._worst = min(self._worst, value)
            self._best = sorted([*self._best, (units, value)], key=lambda told: -told[1])[:_BEST]
        self._recent.append((units, value))

    def _place(self, settings: dict[str, Any]) -> np.ndarray | None:
        """In the unit cube; None for settings outside the space, which somebody else put into the storage."""
        if not all(parameter.contains(settings[parameter.path]) for parameter in self._space):
            return None
        return np.array([parameter.unit(settings[parameter.path]) for parameter in self._space])

    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        recent = list(self._recent)
        if len(recent) == MODELLED:
            shown = {id(units) for units, _ in recent}
            recent = [told for told in self._best if id(told[0]) not in shown] + recent
        below = self._worst - 1e-9 - 0.01 * abs(self._worst) if np.isfinite(self._worst) else 0.0
        units = np.array([units for units, _ in recent]).reshape(len(recent), len(self._space))
        return units, np.array([value if np.isfinite(value) else below for _, value in recent])

    def _ask(
        self, number: int, stored: optuna.trial.FrozenTrial | None, units: np.ndarray, values: np.ndarray
    ) -> dict[str, Any]:
        # settings that the storage has in full are kept: another version, or a dashboard, may have put them there
        given = None if stored is None else stored.params or stored.system_attrs.get("fixed_params")
        if given is not None and set(given) == {parameter.path for parameter in self._space}:
            return dict(given)
        if number == 0 and self._first is not None:
            return dict(self._first)
        placed = [self._place(settings) for settings in self._asked]
        pending = [units for units in placed if units is not None]
        proposed = self._sampler.propose(
            Asked(
                space=self._space,
                number=number,
                seed=trial_seed(self._seed, number),
                study_seed=self._seed,
                units=units,
                values=values,
                pending=np.array(pending).reshape(len(pending), len(self._space)),
            )
        )
        return {p.path: p.at(float(unit)) for p, unit in zip(self._space, proposed, strict=True)}
