"""The search itself: take trials of the current batch, evaluate them, tell what came of them.

A trial's settings follow from the seed, its number and the results before its batch (:mod:`engine.tune.plan`), never
from which process finishes first.  So the same seed gives the same search with any number of workers, with several
processes or machines on one storage, and with kills at any moment: a trial that was begun and not finished is
evaluated again, with the same settings, by whoever comes next.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.config import Config, with_overrides
from engine.errors import ConfigError
from engine.tune.evaluation import Call, Evaluation, Failure, Result, Workers
from engine.tune.plan import Plan
from engine.tune.pruning import Floors, pruner_named
from engine.tune.record import begin, write_owner, write_result, write_settings
from engine.tune.samplers import sampler_named
from engine.tune.searchers import OWNER, Searchers
from engine.tune.space import start_values
from engine.tune.space.parameter import Parameter
from engine.tune.study import facts

if TYPE_CHECKING:
    import optuna

Progress = Callable[[int, int], None]
_POLL_SECONDS = 0.25  # between looks at what other processes have finished


def search(
    study: optuna.Study,
    config: Config,
    space: tuple[Parameter, ...],
    workers: Workers,
    *,
    trials: int,
    shared: bool,
    progress: Progress | None = None,
) -> None:
    """Finish ``trials`` trials in this process; those left over from a killed search come first and count.

    The first trial of a study is the config as it stands, where it lies inside the space.

    Parameters
    ----------
    shared : whether other processes can work on the study too.  Each adds the trials it was asked for; a batch
        is divided among them.
    """
    plan = Plan(
        config.seed,
        config.tune.batch,
        space,
        start_values(space, config),
        sampler_named(config.tune.sampler),
        pruner_named(config.tune.pruner),
    )
    seen = _Seen()
    # made once: a study in memory keeps them with every trial
    distributions = {parameter.path: parameter.distribution() for parameter in space}
    done = 0
    with Searchers(study, shared=shared) as searchers:
        while done < trials:
            known = study.get_trials(deepcopy=False)
            first, planned = plan.batch(known)
            # alone, a batch is taken whole; beside others, no more than this process can work on at once
            most = len(planned) if searchers.alone() else workers.count
            mine = _take(study, searchers, known, first, len(planned), min(most, trials - done))
            if not mine:
                time.sleep(_POLL_SECONDS)
                continue
            settings = {
                trial.number: write_settings(study, trial, distributions, planned[trial.number - first])
                for trial in mine
            }
            results = _evaluate(settings, seen.before(known, first, planned), config, workers, plan.floors)
            if done + len(mine) >= trials:
                searchers.sign_off()  # before the results: so the last write of a search is its last result
            # from then on others may take these trials, too; what they have finished is theirs
            done += sum(write_result(study, trial, results[trial.number]) for trial in mine)
            if done < trials:
                searchers.sign_on()
            if progress is not None:
                progress(min(done, trials), trials)


def _take(
    study: optuna.Study,
    searchers: Searchers,
    known: Sequence[optuna.trial.FrozenTrial],
    first: int,
    size: int,
    most: int,
) -> list[optuna.trial.FrozenTrial]:
    """Up to ``most`` unfinished trials of the batch for this process: left over ones, then new ones."""
    from optuna.exceptions import UpdateFinishedTrialError

    unfinished = [trial for trial in known[first : first + size] if not trial.state.is_finished()]
    mine = []
    for trial in searchers.adoptable(unfinished)[:most]:
        if trial.state.name == "WAITING":
            mine.append(_claim(study, searchers))
        else:
            try:
                if trial.user_attrs.get(OWNER) != searchers.token:
                    write_owner(study, trial, searchers.token)
            except (
                UpdateFinishedTrialError
            ):  # by its owner, who had signed off before it wrote the last result
                continue
            mine.append(trial)
    made = len(known)
    while len(mine) < most and made < first + size:
        trial = begin(study, searchers.token)
        made = trial.number + 1
        if trial.number < first + size:
            mine.append(trial)
        # else another process was faster: the trial is of the next batch, and this process's when that comes
    return sorted(mine, key=lambda trial: trial.number)


def _claim(study: optuna.Study, searchers: Searchers) -> optuna.trial.FrozenTrial:
    """The first trial that somebody put into the queue."""
    asked = study.ask()
    asked.set_user_attr(OWNER, searchers.token)
    return study.get_trials(deepcopy=False)[asked.number]


class _Seen:
    """Settings -> (number of the first trial that has them, its value where it is of an earlier batch)."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, Evaluation | None]] = {}
        self._count = 0

    def before(
        self, trials: Sequence[optuna.trial.FrozenTrial], first: int, planned: Sequence[dict[str, Any]]
    ) -> dict[str, tuple[int, Evaluation | None]]:
        """Of the trials before ``first``, and of those ``planned`` from there on where they are among them."""
        for trial in trials[self._count : first]:
            if trial.state.name == "COMPLETE" and trial.value is not None:
                self._told.setdefault(
                    _key(trial.params), (trial.number, Evaluation(float(trial.value), facts(trial)))
                )
        self._count = first
        batch: dict[str, tuple[int, Evaluation | None]] = {}
        for number, settings in enumerate(planned, start=first):
            key = _key(settings)
            batch.setdefault(key, self._told.get(key, (number, None)))
        return batch


def _evaluate(
    settings: dict[int, dict[str, Any]],
    known: dict[str, tuple[int, Evaluation | None]],
    config: Config,
    workers: Workers,
    floors: Floors | None,
) -> dict[int, Result]:
    """Result of each trial; settings that an earlier batch evaluated are not evaluated again."""
    results: dict[str, Result] = {}
    configs: dict[str, Config] = {}
    for values in settings.values():
        key = _key(values)
        told = known.get(key, (0, None))[1]
        if told is not None:
            results[key] = told
        elif key not in configs and key not in results:
            try:
                configs[key] = with_overrides(config, values)
            except ConfigError as error:
                results[key] = Failure(f"{error.code}: {error.message}")
    made = workers.run(list(configs.values()), Call(floors=floors))
    results.update(zip(configs, (_constrained(one, config) for one in made), strict=True))
    return {
        number: _repeated(results[_key(values)], known.get(_key(values), (number, None))[0], number)
        for number, values in settings.items()
    }


def _constrained(result: Result, config: Config) -> Result:
    """The result with what it falls short of, where there are constraints."""
    if not isinstance(result, Evaluation) or not config.tune.constraints:
        return result
    short = {}
    for name, least in sorted(config.tune.constraints.items()):
        if name not in result.attributes:
            known = ", ".join(sorted(k for k, v in result.attributes.items() if isinstance(v, (int, float))))
            return Failure(f"tune.unknown_figure: tune.constraints.{name}: a trial knows {known}")
        if not result.attributes[name] >= least:
            short[name] = result.attributes[name]
    return Evaluation(result.value, result.attributes | ({"short_of": short} if short else {}))


def _repeated(result: Result, first: int, number: int) -> Result:
    if first == number or not isinstance(result, Evaluation):
        return result
    return Evaluation(result.value, {**result.attributes, "repeats": first})


def _key(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)
