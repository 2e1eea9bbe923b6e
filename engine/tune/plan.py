"""What each trial of a search tries: a function of the seed, its number, and the results before its batch.

Every process that works on a study computes the same plan from what the storage holds, so it does not matter
which of them begins a trial, which of them was killed in between, or how many of a trial's settings it had
written by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.kernels.streams import trial_seed
from engine.tune.space import Parameter

if TYPE_CHECKING:
    import optuna

STARTUP_TRIALS = 10  # drawn at random before the sampler models anything


class Plan:
    """The settings of every trial, batch by batch.

    The sampler works on a copy of the study in memory, in which the trials of earlier batches are finished, those
    of the batch are asked for one after the other, and nothing else ever happens.

    Parameters
    ----------
    seed, batch : of the config; a batch is planned on what was known before it.
    space : the dimensions, in the order in which they are drawn.
    first : settings of trial 0; None leaves that one to the sampler, too.
    """

    def __init__(
        self, seed: int, batch: int, space: Sequence[Parameter], first: dict[str, Any] | None
    ) -> None:
        import optuna

        self._seed, self._size, self._first = seed, batch, first
        self._distributions = {parameter.path: parameter.distribution() for parameter in space}
        self._copy = optuna.create_study(direction="maximize")
        self._start = 0  # number of the first trial that the copy does not know as finished
        self._asked: list[optuna.trial.Trial] = []

    def batch(self, trials: Sequence[optuna.trial.FrozenTrial]) -> tuple[int, list[dict[str, Any]]]:
        """(number of the first trial, settings of each) of the first batch that is not wholly finished.

        Parameters
        ----------
        trials : all trials of the study, ascending by number, as the storage has them now.
        """
        while self._finished(trials):
            self._learn(trials[self._start : self._start + self._size])
        if not self._asked:
            for number in range(self._start, self._start + self._size):
                stored = trials[number] if number < len(trials) else None
                self._asked.append(self._ask(number, stored))
        return self._start, [dict(trial.params) for trial in self._asked]

    def _finished(self, trials: Sequence[optuna.trial.FrozenTrial]) -> bool:
        mine = trials[self._start : self._start + self._size]
        return len(mine) == self._size and all(trial.state.is_finished() for trial in mine)

    def _learn(self, finished: Sequence[optuna.trial.FrozenTrial]) -> None:
        from optuna.trial import create_trial

        if self._asked:
            for asked, trial in zip(self._asked, finished, strict=True):
                self._copy.tell(asked, trial.values, state=trial.state)
        else:
            for trial in finished:
                self._copy.add_trial(
                    create_trial(
                        state=trial.state,
                        values=trial.values,
                        params=trial.params,
                        distributions=trial.distributions,
                    )
                )
        self._asked = []
        self._start += self._size

    def _ask(self, number: int, stored: optuna.trial.FrozenTrial | None) -> optuna.trial.Trial:
        from optuna.samplers import TPESampler

        # settings that the storage has in full are kept: another version, or a dashboard, may have put them there
        given = None if stored is None else stored.params or stored.system_attrs.get("fixed_params")
        if given is not None and set(given) == set(self._distributions):
            self._copy.enqueue_trial(given)
        elif number == 0 and self._first is not None:
            self._copy.enqueue_trial(self._first)
        # a sampler of its own for every trial: the state of a kept one could not be stored with the study
        self._copy.sampler = TPESampler(seed=trial_seed(self._seed, number), n_startup_trials=STARTUP_TRIALS)
        return self._copy.ask(self._distributions)
