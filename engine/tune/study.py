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
FACTS = "facts"  # one attribute per trial: each costs the database a transaction
STARTUP_TRIALS = 10  # drawn at random before the sampler models anything


@dataclass(frozen=True, slots=True)
class _Asked:
    number: int
    params: dict[str, Any]
    trial: optuna.trial.Trial


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
            "write the URL of a database that works, or of one to be made, for example sqlite:///tuning.db",
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
    trials_before = study.get_trials(deepcopy=False)
    if not trials_before:
        first = start_values(space, config)
        if first is not None:
            study.enqueue_trial(first)
    known = {
        _key(t.params): (t.number, Evaluation(float(t.value), facts(t)))
        for t in trials_before
        if t.state.name == "COMPLETE" and t.value is not None
    }
    begun = sum(t.state.name != "WAITING" for t in trials_before)
    batch = [
        _Asked(t.number, dict(t.params), _handle(study, t))
        for t in trials_before
        if t.state.name == "RUNNING"
    ]
    done = 0
    while done < trials:
        missing = -begun % config.tune.batch
        if not missing and not batch:
            missing = config.tune.batch
        for _ in range(min(missing, trials - done - len(batch))):
            batch.append(_ask(study, config.seed, begun, space))
            begun += 1
        results = _evaluate(batch, config, workers, known)
        for asked, result in zip(batch, results, strict=True):
            _tell(study, asked, result)
            if isinstance(result, Evaluation):
                known.setdefault(_key(asked.params), (asked.number, result))
        done += len(batch)
        batch = []
        if progress is not None:
            progress(min(done, trials), trials)


def facts(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """What was kept with a finished trial besides its value."""
    return dict(trial.user_attrs.get(FACTS, {}))


def _handle(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> optuna.trial.Trial:
    from optuna.trial import Trial

    return Trial(study, trial._trial_id)


def _ask(study: optuna.Study, seed: int, number: int, space: tuple[Parameter, ...]) -> _Asked:
    from optuna.samplers import TPESampler

    # a sampler of its own for every trial: the state of a kept one could not be stored with the study
    stream = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study.sampler = TPESampler(seed=stream, n_startup_trials=STARTUP_TRIALS)
    trial = study.ask({parameter.path: parameter.distribution() for parameter in space})
    return _Asked(trial.number, dict(trial.params), trial)


def _evaluate(
    batch: list[_Asked],
    config: Config,
    workers: Workers,
    known: dict[str, tuple[int, Evaluation]],
) -> list[Evaluation | Failure]:
    """Results in the order of the batch; settings that were evaluated before are not evaluated again."""
    results: dict[str, Evaluation | Failure] = {}
    configs: dict[str, Config] = {}
    first: dict[str, int] = {}
    for asked in batch:
        key = _key(asked.params)
        if key in known:
            first[key], results[key] = known[key]
        elif key not in first:
            first[key] = asked.number
            try:
                configs[key] = with_overrides(config, asked.params)
            except ConfigError as error:
                results[key] = Failure(f"{error.code}: {error.message}")
    results.update(zip(configs, workers.run(list(configs.values())), strict=True))
    return [
        _repeated(results[_key(asked.params)], first[_key(asked.params)], asked.number) for asked in batch
    ]


def _repeated(result: Evaluation | Failure, first: int, number: int) -> Evaluation | Failure:
    if first == number or isinstance(result, Failure):
        return result
    return Evaluation(result.value, {**result.attributes, "repeats": first})


def _tell(study: optuna.Study, asked: _Asked, result: Evaluation | Failure) -> None:
    from optuna.trial import TrialState

    if isinstance(result, Failure):
        asked.trial.set_user_attr(FACTS, {"reason": result.reason})
        study.tell(asked.trial, state=TrialState.FAIL)
    else:
        asked.trial.set_user_attr(FACTS, result.attributes)
        study.tell(asked.trial, result.value)


def _key(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)
