"""A search in batches: ask for a batch, evaluate it, tell it in order.

The settings of trial ``k`` depend on the seed, on ``k`` and on what had been told before its batch began, never on
which process finishes first.  So the same seed gives the same search with any number of workers, and a
search that was killed goes on as if it had not been: trials that were asked and not told are evaluated
again, with the settings they had.  (A batch that an earlier call left incomplete, because its number of
trials was no multiple of the batch, is filled up with what is known by then.)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.config import Config, with_overrides
from engine.errors import ConfigError
from engine.tune.evaluation import Evaluation, Failure, Workers
from engine.tune.space import Parameter, start_values

if TYPE_CHECKING:
    import optuna

Progress = Callable[[int, int], None]
STARTUP_TRIALS = 10  # drawn at random before the sampler models anything


@dataclass(frozen=True, slots=True)
class Identity:
    """What a study belongs to; a study of anything else is never continued."""

    name: str
    group: str
    config_sha256: str
    data_sha256: str


def open_study(storage: str | None, identity: Identity) -> optuna.Study:
    """Create or reopen the study of this config, data and group.

    Raises
    ------
    ConfigError
        ``tune.bad_storage`` where the database cannot be opened.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it logs every study and trial to stderr
    name = f"{identity.name}-{identity.group}-{identity.config_sha256[:8]}-{identity.data_sha256[:8]}"
    try:
        study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        study.set_user_attr("config_sha256", identity.config_sha256)
        study.set_user_attr("data_sha256", identity.data_sha256)
        study.set_user_attr("group", identity.group)
    except Exception as error:
        if storage is None:
            raise
        first = (str(error).splitlines() or [""])[0]
        raise ConfigError(
            "tune.bad_storage",
            f"--storage {storage}: {type(error).__name__}: {first}",
            "write a database URL, for example sqlite:///tuning.db",
        ) from None
    return study


def search(
    study: optuna.Study,
    config: Config,
    space: tuple[Parameter, ...],
    workers: Workers,
    *,
    trials: int,
    progress: Progress | None = None,
) -> None:
    """Add ``trials`` trials to the study; those left over from a killed search come first and count.

    The first trial of a study is the config as it stands, where it lies inside the space.
    """
    if not study.get_trials(deepcopy=False):
        first = start_values(space, config)
        if first is not None:
            study.enqueue_trial(first)
    known = {
        _key(t.params): t
        for t in study.get_trials(deepcopy=False)
        if t.state.name == "COMPLETE" and t.value is not None
    }
    done = 0
    while done < trials:
        batch = _in_state(study, "RUNNING")
        begun = len(study.get_trials(deepcopy=False)) - len(_in_state(study, "WAITING"))
        missing = -begun % config.tune.batch
        if not missing and not batch:
            missing = config.tune.batch
        for _ in range(min(missing, trials - done - len(batch))):
            batch.append(_ask(study, config.seed, space))
        results = _evaluate(batch, config, workers, known)
        for (number, params), result in zip(batch, results, strict=True):
            _tell(study, number, result)
            if isinstance(result, Evaluation):
                known[_key(params)] = study.get_trials(deepcopy=False)[number]
        done += len(batch)
        if progress is not None:
            progress(min(done, trials), trials)


def _ask(study: optuna.Study, seed: int, space: tuple[Parameter, ...]) -> tuple[int, dict[str, Any]]:
    from optuna.samplers import TPESampler

    number = sum(t.state.name != "WAITING" for t in study.get_trials(deepcopy=False))
    # a sampler of its own for every trial: the state of a kept one could not be stored with the study
    stream = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study.sampler = TPESampler(seed=stream, n_startup_trials=STARTUP_TRIALS)
    trial = study.ask({parameter.path: parameter.distribution() for parameter in space})
    return trial.number, dict(trial.params)


def _in_state(study: optuna.Study, state: str) -> list[tuple[int, dict[str, Any]]]:
    return [(t.number, dict(t.params)) for t in study.get_trials(deepcopy=False) if t.state.name == state]


def _evaluate(
    batch: list[tuple[int, dict[str, Any]]],
    config: Config,
    workers: Workers,
    known: dict[str, Any],
) -> list[Evaluation | Failure]:
    """Results in the order of the batch; settings that were evaluated before are not evaluated again."""
    results: dict[int, Evaluation | Failure] = {}
    asked: dict[str, int] = {}
    configs: dict[int, Config] = {}
    for number, params in batch:
        key = _key(params)
        if key in known:
            earlier = known[key]
            attributes = {**earlier.user_attrs, "repeats": earlier.number}
            results[number] = Evaluation(earlier.value, attributes)
        elif key not in asked:
            asked[key] = number
            try:
                configs[number] = with_overrides(config, params)
            except ConfigError as error:
                results[number] = Failure(f"{error.code}: {error.message}")
    for number, result in zip(configs, workers.run(list(configs.values())), strict=True):
        results[number] = result
    for number, params in batch:
        if number not in results:
            first = asked[_key(params)]
            twin = results[first]
            results[number] = (
                Evaluation(twin.value, {**twin.attributes, "repeats": first})
                if isinstance(twin, Evaluation)
                else twin
            )
    return [results[number] for number, _ in batch]


def _tell(study: optuna.Study, number: int, result: Evaluation | Failure) -> None:
    from optuna.trial import Trial, TrialState

    trial = Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)
    if isinstance(result, Failure):
        trial.set_user_attr("reason", result.reason)
        study.tell(number, state=TrialState.FAIL)
        return
    for name, value in result.attributes.items():
        trial.set_user_attr(name, value)
    study.tell(number, result.value)


def _key(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)
