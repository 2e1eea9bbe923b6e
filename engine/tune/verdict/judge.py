"""The verdict on a finished search: luck, overfitting, neighbourhood and fragility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.overfitting import Overfitting, probability_of_overfitting
from engine.backtest.sharpe import DeflatedSharpe, Search, deflated_sharpe
from engine.config import Config, with_overrides
from engine.errors import ConfigError
from engine.tune.evaluation import Call, Evaluation, Workers
from engine.tune.objective import Objective, SkillObjective, UtilityObjective
from engine.tune.space.parameter import Parameter
from engine.tune.study import facts
from engine.tune.verdict.luck import Luck, effective_trials, luck_of_blocks, luck_of_searches
from engine.tune.verdict.neighbourhood import Pick, StepAway, best_neighbourhood, fragility, steps_away

if TYPE_CHECKING:
    import optuna

_MOST_OVERFITTING = 1000  # trials whose choice is judged: an even selection of more, for memory and time


@dataclass(frozen=True, slots=True, eq=False)
class SearchMade:
    """What is judged: the trials that count, the best of them, the default's score, and how much was tried."""

    config: Config
    space: tuple[Parameter, ...]
    trials: Sequence[optuna.trial.FrozenTrial]
    best: optuna.trial.FrozenTrial | None
    default_score: float | None
    search: Search


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What a search may claim; None where it cannot be said.

    Attributes
    ----------
    luck : what the best of as many trials shows without skill (model and event group).
    overfitting : probability that the choice is worth nothing out of sample, by CSCV (decision group).
    deflated : probability that the best trial's Sharpe ratio is more than the luck of the best (decision group), with
        the effective number of trials.
    neighbourhood : the trial whose neighbourhood is best.
    steps : scores a tenth of each range away from the winner.
    fragility : smallest share of the gain over the default that survives one such step.
    """

    luck: Luck | None = None
    overfitting: Overfitting | None = None
    deflated: DeflatedSharpe | None = None
    effective_trials: float | None = None
    neighbourhood: Pick | None = None
    steps: tuple[StepAway, ...] = ()
    fragility: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        deflated = self.deflated
        return {
            "luck": None if self.luck is None else self.luck.to_dict(),
            "probability_of_overfitting": None if self.overfitting is None else self.overfitting.probability,
            "deflated_sharpe": None
            if deflated is None
            else {"probability": deflated.probability, "benchmark_per_session": deflated.benchmark},
            "effective_trials": self.effective_trials,
            "neighbourhood": None if self.neighbourhood is None else self.neighbourhood.to_dict(),
            "steps": [step.to_dict() for step in self.steps],
            "fragility": self.fragility,
        }


def judge_search(made: SearchMade, objective: Objective | None, crew: Workers) -> Verdict:
    """Everything that can be said; steps away from the winner, and searches on drawn histories, are computed by ``crew``."""
    if made.best is None or made.best.value is None:
        return Verdict()
    trials = made.trials
    pick = best_neighbourhood(
        made.space,
        [t.number for t in trials],
        [dict(t.params) for t in trials],
        np.array([t.value for t in trials], dtype=np.float64),
    )
    steps = _steps(made, crew)
    found = Verdict(neighbourhood=pick, steps=steps, fragility=fragility(steps))
    if any("block_moments" in facts(trial) for trial in trials):
        return replace(found, **_of_decisions(made, objective))
    return replace(found, **_of_skill(made, objective, crew))


def _steps(made: SearchMade, crew: Workers) -> tuple[StepAway, ...]:
    assert made.best is not None
    assert made.best.value is not None
    winner, best, default = dict(made.best.params), float(made.best.value), made.default_score
    configs, moves = [], []
    for path, direction, value in steps_away(made.space, winner):
        try:
            configs.append(with_overrides(made.config, winner | {path: value}))
            moves.append((path, direction, value))
        except ConfigError:  # settings that contradict each other are no neighbour
            continue
    gain = None if default is None or best <= default else best - default
    found = []
    for (path, direction, value), result in zip(moves, crew.run(configs), strict=True):
        score = result.value if isinstance(result, Evaluation) else None
        kept = None if score is None or gain is None or default is None else (score - default) / gain
        found.append(StepAway(path, direction, value, score, kept))
    return tuple(found)


def _of_decisions(made: SearchMade, objective: Objective | None) -> dict[str, Any]:
    assert made.best is not None
    kept = [facts(t)["block_moments"] for t in made.trials if "block_moments" in facts(t)]
    if len(kept) < 2:
        return {}
    some = kept if len(kept) <= _MOST_OVERFITTING else kept[:: -(-len(kept) // _MOST_OVERFITTING)]
    moments = np.array(some)
    effective = effective_trials(moments[:, :, 1], made.search.trials)
    found: dict[str, Any] = {
        "overfitting": probability_of_overfitting(moments),
        "effective_trials": effective,
    }
    if isinstance(objective, UtilityObjective):
        returns = objective.returns(with_overrides(made.config, dict(made.best.params)))
        counted = replace(made.search, trials=max(1, round(effective)))
        found["deflated"] = deflated_sharpe(returns, counted)
    return found


def _of_skill(made: SearchMade, objective: Objective | None, crew: Workers) -> dict[str, Any]:
    assert made.best is not None
    assert made.best.value is not None
    best, config = float(made.best.value), made.config
    kept = [facts(t)["blocks"] for t in made.trials if "blocks" in facts(t)]
    shapes = {np.shape(one) for one in kept}
    if not kept or len(shapes) > 1:  # events that move change how many dates there are
        return {}
    luck = luck_of_blocks(np.array(kept), best, config.seed, made.search.trials)
    if luck is not None and config.tune.null_draws and isinstance(objective, SkillObjective):
        luck = luck_of_searches(_null_study(made, crew), best, made.search.trials, luck.effective_trials)
    return {"luck": luck, "effective_trials": None if luck is None else luck.effective_trials}


def _null_study(made: SearchMade, crew: Workers) -> np.ndarray:
    """The best score of the same settings on each of ``tune.null_draws`` drawn histories."""
    configs = [with_overrides(made.config, dict(t.params)) for t in made.trials]
    highest = []
    for draw in range(made.config.tune.null_draws):
        results = crew.run(configs, Call(method="null", draw=draw))
        scores = [r.value for r in results if isinstance(r, Evaluation)]
        if scores:
            highest.append(max(scores))
    return np.array(highest)
