"""Search named config paths; score the holdout once, at the end; say how much was tried."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.backtest.sharpe import Search
from engine.config import Config, config_sha256, with_overrides, with_plugins
from engine.errors import ConfigError
from engine.foreign import without_password
from engine.tune.evaluation import Call, Evaluate, Evaluation, Failure, Workers
from engine.tune.holdout import (
    LOOKS_FILE,
    Holdout,
    earlier_looks,
    record_look,
)
from engine.tune.objective import Objective, default_objective
from engine.tune.result import TuneResult
from engine.tune.search import Progress, search
from engine.tune.space import edges, search_space, start_values
from engine.tune.space.parameter import Parameter
from engine.tune.study import Identity, facts, open_study, storage_at_work
from engine.tune.verdict.holdout_interval import holdout_intervals
from engine.tune.verdict.judge import SearchMade, judge_search

if TYPE_CHECKING:
    import optuna
    from optuna.storages import RDBStorage

IMPORTANCE_TRIALS = 20  # fewer say nothing about which parameter matters


@with_plugins
def tune(
    config: Config,
    *,
    trials: int,
    workers: int = 1,
    storage: str | None = None,
    study: str | None = None,
    folder: Path | None = None,
    evaluate: Evaluate | None = None,
    progress: Progress | None = None,
) -> TuneResult:
    """Search the paths of ``config.tune``; see :mod:`engine.tune.space` for what each group may move.

    The result depends on the config, the data and the number of trials already in the storage, not on
    ``workers``.

    Parameters
    ----------
    trials : how many to add.  The first trial of a new study is the config as it stands.  0 adds none: the result
        of a search that was killed after its last trial.
    workers : processes; 1 evaluates in this one.  Decision trials always do: they take milliseconds.
    storage : database URL of a study that can be resumed (``sqlite:///tuning.db``); None keeps it in memory.
    study : its name in the storage; None: made from the config's and the data's hashes, so that another config is
        another study.
    folder : where the record of looks at the holdout (``holdout_looks.jsonl``) is kept and appended to.  Use
        one folder for all searches on the same data.  None: the holdout is not scored.
    evaluate : replaces the objective of the group: maximised, and picklable where ``workers`` is above 1.  The
        holdout is then not scored, unless it is an :class:`engine.tune.objective.Objective`.
    progress : called with (trials done, trials asked for) after each batch.

    Raises
    ------
    ConfigError
        From the search space (``tune.events_locked``, ``tune.not_tunable``, ...), ``tune.bad_storage`` or
        ``tune.bad_count``, or ``tune.other_config`` where ``study`` was begun with
        another config.
    """
    if trials < 0 or workers < 1:
        raise ConfigError(
            "tune.bad_count",
            f"trials {trials}, workers {workers}",
            "give 0 trials or more, and 1 worker or more",
        )
    space = search_space(config)
    chosen: Evaluate = evaluate if evaluate is not None else default_objective(config)
    objective = chosen if isinstance(chosen, Objective) else None
    looks: tuple[Path, int] | None = None
    if objective is not None and folder is not None and objective.holdout_start is not None:
        # counted before the search: a record that cannot be read must not cost its hours
        path = folder / LOOKS_FILE
        looks = path, earlier_looks(path, objective.data_sha256, str(objective.holdout_start))
    identity = Identity(
        name=config.name,
        group=config.tune.group,
        config_sha256=_question_sha256(config, space),
        data_sha256=objective.data_sha256 if objective is not None else "none",
        given=study,
        settings=_question(config, space),
    )
    inline = objective is not None and not objective.parallel
    with storage_at_work(storage), Workers(chosen, 1 if inline else workers) as crew:
        crew.start()
        opened, database = open_study(storage, identity)
        shared = database is not None
        try:
            search(opened, config, space, crew, trials=trials, shared=shared, progress=progress)
        except KeyboardInterrupt as error:
            error.add_note(_kept(opened, storage))
            raise
        best = _best(opened)
        best_values = dict(best.params) if best is not None else {}
        made = _search_made(opened, database, identity, config)
        best_config = _chosen(config, best_values, space, made)
        verdict = judge_search(
            SearchMade(config, space, _complete(opened), best, _default_score(opened, config, space), made),
            objective,
            crew,
        )
        holdout = None
        if objective is not None and looks is not None:
            rival = None if best_values in ({}, start_values(space, config)) else best_config
            holdout = _look(objective, crew, config, rival, looks, opened)
        return TuneResult(
            group=config.tune.group,
            objective=objective.label if objective is not None else "a function of the caller",
            best_config=best_config,
            best_values=best_values,
            best_score=best.value if best is not None else None,
            default_score=_default_score(opened, config, space),
            trials=_trials_table(opened, config, space),
            edges=edges(space, best_values),
            holdout=holdout,
            search=made,
            verdict=verdict,
            study_name=opened.study_name,
            importance=_importance(opened),
        )


def _kept(study: optuna.Study, storage: str | None) -> str:
    if storage is None:
        return "nothing is kept: with --storage URL the next call goes on where this one was stopped"
    finished = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
    return (
        f"{finished} finished trials are in {without_password(storage)}; the same command goes on from there"
    )


def _question(config: Config, space: tuple[Parameter, ...]) -> dict[str, Any]:
    """What trials are compared on: the config without what may change between resumptions."""
    settings = config.model_dump(mode="json")
    settings["tune"].pop("space")
    settings["space"] = {parameter.path: repr(parameter) for parameter in space}
    return settings


def _question_sha256(config: Config, space: tuple[Parameter, ...]) -> str:
    settings = json.dumps(_question(config, space), sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()


def _complete(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return [
        t
        for t in study.get_trials(deepcopy=False)
        if t.state.name == "COMPLETE" and not facts(t).keys() & {"repeats", "short_of"}
    ]


def _best(study: optuna.Study) -> optuna.trial.FrozenTrial | None:
    # the earliest of equals, so that the config as it stands wins a tie
    return max(_complete(study), key=lambda t: (t.value, -t.number), default=None)


def _default_score(study: optuna.Study, config: Config, space: tuple[Parameter, ...]) -> float | None:
    values = start_values(space, config)
    return next((t.value for t in _complete(study) if t.params == values), None)


_STATES = {"COMPLETE": "complete", "FAIL": "failed", "PRUNED": "stopped"}


def _short_of(short: dict[str, float], config: Config) -> str:
    return ", ".join(
        f"{name} {value:g} below {config.tune.constraints[name]:g}" for name, value in short.items()
    )


def _trials_table(study: optuna.Study, config: Config, space: tuple[Parameter, ...]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name not in _STATES:
            continue
        known = facts(trial)
        short = known.get("short_of")
        rows.append(
            {
                "number": trial.number,
                "state": "short" if short else _STATES[trial.state.name],
                "score": trial.value,
                "reason": _short_of(short, config) if short else known.get("reason"),
                "repeats": known.get("repeats"),
                **{parameter.path: trial.params.get(parameter.path) for parameter in space},
            }
        )
    columns = ["number", "state", "score", "reason", "repeats", *(p.path for p in space)]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(
        {"number": "int64", "state": "str", "score": "float64", "reason": "str", "repeats": "Int64"}
    )


def _chosen(config: Config, values: dict[str, Any], space: tuple[Parameter, ...], made: Search) -> Config:
    """The config with the best values and the price of having searched for them.

    The price is due where the config as it stands won, too: it then is the best of as many.  Its values stay as
    written: a horizon that is left open stays open.
    """
    if not values:
        return config
    price = {"backtest.trials": made.trials, "backtest.trials_sharpe_variance": made.sharpe_variance}
    return with_overrides(config, price if values == start_values(space, config) else values | price)


def _search_made(
    study: optuna.Study, database: RDBStorage | None, identity: Identity, config: Config
) -> Search:
    """Trials made on these data by every study of the storage; repeats of the same values count once.

    A config that itself came out of a search brings the trials of that search along.
    """
    import optuna

    count = len(_complete(study))
    if database is not None and identity.data_sha256 != "none":
        for name in optuna.get_all_study_names(database):
            if name == study.study_name:
                continue
            other = optuna.load_study(study_name=name, storage=database)
            if other.user_attrs.get("data_sha256") == identity.data_sha256:
                count += len(_complete(other))
    ratios = [facts(t)["sharpe_per_session"] for t in _complete(study) if "sharpe_per_session" in facts(t)]
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else None
    inherited = len(_complete(study)) + config.backtest.trials - 1
    return Search(trials=max(count, inherited, 1), sharpe_variance=variance)


def _importance(study: optuna.Study) -> dict[str, float]:
    trials = _complete(study)
    if len(trials) < IMPORTANCE_TRIALS or len({t.value for t in trials}) < 2:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    return dict(get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))


def _look(
    objective: Objective,
    crew: Workers,
    config: Config,
    rival: Config | None,
    looks: tuple[Path, int],
    study: optuna.Study,
) -> Holdout:
    """Score the config as it stands, and the ``rival`` that beat it, on the holdout; put the look on record."""
    path, earlier = looks
    first_date, look = str(objective.holdout_start), earlier + 1
    candidates = [config] if rival is None else [config, rival]
    found = crew.run(candidates, Call(method="score_holdout"))
    default, best = (f.value if isinstance(f, Evaluation) else None for f in (found[0], found[-1]))
    daily = [
        f.attributes.get("by_date", []) if isinstance(f, Evaluation) else [] for f in (found[0], found[-1])
    ]
    interval, gain = holdout_intervals(daily, objective, config)
    record_look(
        path,
        {
            "look": look,
            "study": study.study_name,
            "group": config.tune.group,
            "objective": objective.label,
            "trials": len(_complete(study)),
            "config_sha256": config_sha256(candidates[-1]),
            "default_config_sha256": config_sha256(config),
            "data_sha256": objective.data_sha256,
            "holdout_first_date": first_date,
            "holdout_sessions": objective.holdout_sessions,
            "best_score": best,
            "best_interval": interval,
            "default_score": default,
            "failures": [f.reason for f in found if isinstance(f, Failure)],
        },
    )
    return Holdout(
        first_date=first_date,
        sessions=objective.holdout_sessions,
        best=best,
        default=default,
        look=look,
        interval=interval,
        gain_interval=gain,
        coverage=config.verify.interval,
    )
