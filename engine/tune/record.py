"""What a search writes into its storage: a trial that has begun, its settings, and what came of it.

Each of the three is one or two transactions, whatever the number of settings: a database waits for its disk once a
transaction, and a decision trial takes less time than one such wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.tune.evaluation import Failure, Result, Stopped
from engine.tune.searchers import OWNER
from engine.tune.study import FACTS

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


def begin(study: optuna.Study, token: str) -> FrozenTrial:
    """A new trial without settings that belongs to the searcher called ``token`` from the first moment."""
    from optuna.trial import TrialState, create_trial

    # the storage itself: a study's own way of adding a trial does not say which number it was given
    storage = study._storage
    mine = create_trial(state=TrialState.RUNNING, user_attrs={OWNER: token})
    return storage.get_trial(storage.create_new_trial(study._study_id, template_trial=mine))


def write_owner(study: optuna.Study, trial: FrozenTrial, token: str) -> None:
    """The trial is that searcher's from now on."""
    study._storage.set_trial_user_attr(trial._trial_id, OWNER, token)


def write_settings(
    study: optuna.Study,
    trial: FrozenTrial,
    distributions: Mapping[str, BaseDistribution],
    planned: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the settings of a trial, or those that are missing; returns them all.

    What the storage has already, or what somebody who queued the trial fixed, goes before what was ``planned``.
    """
    settings = {**planned, **trial.system_attrs.get("fixed_params", {}), **trial.params}
    missing = {
        path: distribution.to_internal_repr(settings[path])
        for path, distribution in distributions.items()
        if path not in trial.params
    }
    if missing:
        _write_together(study._storage, trial._trial_id, distributions, missing)
    return {path: settings[path] for path in distributions}


def write_result(study: optuna.Study, trial: FrozenTrial, result: Result) -> bool:
    """Write the result; False where a process that took this one for dead was faster (it found the same)."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    values: list[float] | None = None
    facts: dict[str, Any]
    if isinstance(result, Failure):
        state, facts = TrialState.FAIL, {"reason": result.reason}
    elif isinstance(result, Stopped):
        state, facts = TrialState.PRUNED, {"fold_scores": list(result.scores)}
    else:
        state, facts, values = TrialState.COMPLETE, result.attributes, [float(result.value)]
    try:
        study._storage.set_trial_user_attr(trial._trial_id, FACTS, facts)
        return study._storage.set_trial_state_values(trial._trial_id, state, values)
    except UpdateFinishedTrialError:
        return False


def _write_together(
    storage: Any, trial_id: int, distributions: Mapping[str, BaseDistribution], values: Mapping[str, float]
) -> None:
    """All settings in one transaction where the storage is a database; it holds all of them or none.

    optuna itself writes one a transaction.  A process that works on the same trial writes the same settings, so
    the database's refusal of a second one is no error.
    """
    database = getattr(storage, "_backend", None)
    if database is None:
        for path, value in values.items():
            storage.set_trial_param(trial_id, path, value, distributions[path])
        return
    from optuna.storages._rdb.storage import _create_scoped_session

    with _create_scoped_session(database.scoped_session, True) as session:
        for path, value in values.items():
            # the study has the same space, or it had been refused: nothing to look up in an earlier trial
            database._set_trial_param_without_commit(
                session, trial_id, path, value, distributions[path], distributions[path]
            )
