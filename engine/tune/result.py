"""What a search found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from engine.backtest.overfitting import Overfitting
from engine.backtest.sharpe import Search
from engine.config import Config
from engine.foreign import html
from engine.tune.holdout import Holdout
from engine.tune.verdict.judge import Verdict
from engine.tune.verdict.neighbourhood import share_of_gain
from engine.tune.verdict.written import written_config
from engine.verify.checks.forecasts.skill_too_good import LIMIT as SKILL_LIMIT


@dataclass(frozen=True, slots=True, eq=False)
class TuneResult:
    """Result of :func:`engine.tune.tune.tune`.

    Attributes
    ----------
    group : model, decision or event.
    objective : what was maximised, in words.
    best_config : the config with the best trial's values (its own where nothing beat them), and with the number of
        trials behind them in ``backtest.trials``; unchanged where no trial succeeded.
    best_values : config path -> value of the best trial; empty where no trial succeeded.
    best_score, default_score : of the best trial and of the config as it stands; None where not known.
    trials : one row per trial of the study: number, state (complete, failed, stopped, or short of
        a constraint), score, reason (of a failure),
        repeats (number of the earlier trial with the same values, or null), and one column per path.
    edges : config path -> ``low`` or ``high`` where the best value lies at an end of its range.
    holdout : scores on the sessions no trial has seen; None where there is no holdout.
    search : trials really made on these data, over all resumptions, for the deflated Sharpe ratio.
    verdict : how much of the best is luck, and whether its neighbours agree.
    study_name : under which a storage keeps the search.
    importance : config path -> share of the variation explained; empty below 20 complete trials.
    """

    group: str
    objective: str
    best_config: Config
    best_values: dict[str, Any]
    best_score: float | None
    default_score: float | None
    trials: pd.DataFrame
    edges: dict[str, str]
    holdout: Holdout | None
    search: Search
    verdict: Verdict
    study_name: str
    importance: dict[str, float]

    @property
    def best_yaml(self) -> str:
        """The best config as YAML, ready to be written and run: what differs from the default, and where it comes from."""
        return written_config(self.best_config, self.provenance)

    @property
    def overfitting(self) -> Overfitting | None:
        """Probability of backtest overfitting (decision group, two different trials or more)."""
        return self.verdict.overfitting

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the best config comes from, in the order in which it is written."""
        found: dict[str, Any] = {
            "written_by": f"engine tune {_version()}",
            "study": self.study_name,
            "trials": f"{len(self.trials)}, {self.search.trials} different ones on these data",
            "objective": self.objective,
        }
        if self.best_score is not None:
            found["score"] = self.best_score
        if self.default_score is not None:
            found["score_of_the_config_as_it_stood"] = self.default_score
        if self.holdout is not None and self.holdout.best is not None:
            found["score_on_the_holdout"] = self.holdout.best
        if self.best_values:
            found["searched"] = ", ".join(self.best_values)
        return found

    @property
    def findings(self) -> list[str]:
        """What a reader must know before using the best config, one sentence each."""
        found = []
        failed = int((self.trials["state"] == "failed").sum())
        if failed:
            reasons = self.trials["reason"].value_counts()
            found.append(f"{failed} of {len(self.trials)} trials failed; most often: {reasons.index[0]}")
        if not self.best_values:
            found.append("no trial succeeded: the config is unchanged")
        for path, end in self.edges.items():
            found.append(
                f"{path} = {self.best_values[path]} lies at the {end} end of its range: the optimum may be outside"
            )
        if self.holdout is not None:
            if self.holdout.look > 1:
                found.append(
                    f"look {self.holdout.look} at this holdout: it is no longer out of sample for these choices"
                )
            best, default = self.holdout.best, self.holdout.default
            if best is not None and default is not None and best < default:
                found.append(
                    f"on the holdout the best config ({best:.4f}) does worse than the default ({default:.4f})"
                )
            if best is not None and "skill" in self.objective and best > SKILL_LIMIT:
                found.append(
                    f"skill over filtered_history is {best:+.1%} on the holdout; more than {SKILL_LIMIT:.0%} has only ever "
                    "been a leak: run `engine audit` and look for a feature that knows the future"
                )
        return found + self._of_verdict()

    def _of_verdict(self) -> list[str]:
        found = []
        verdict, best = self.verdict, self.best_score
        if verdict.overfitting is not None and verdict.overfitting.probability > 0.5:
            found.append(
                f"probability of backtest overfitting {verdict.overfitting.probability:.2f}:"
                " the choice between trials is worth nothing out of sample"
            )
        if verdict.deflated is not None and verdict.deflated.probability < 0.95:
            found.append(
                f"deflated Sharpe ratio: the best trial's is more than the luck of the best of "
                f"{verdict.effective_trials:.0f} independent ones with probability {verdict.deflated.probability:.2f}"
            )
        luck = verdict.luck
        if luck is not None and best is not None and luck.p_value > 0.05:
            found.append(
                f"without any skill the best of {luck.trials} such trials ({luck.effective_trials:.0f} independent ones) "
                f"shows {luck.best_median:+.4f} in half of all searches and more than {luck.best_high:+.4f} in one of "
                f"twenty; this one shows {best:+.4f} (p {luck.p_value:.2f}, {luck.method})"
            )
        if verdict.fragility is not None and verdict.fragility < 0.5:
            worst = min((s for s in verdict.steps if s.kept is not None), key=lambda s: s.kept or 0.0)
            found.append(
                f"fragile: with {worst.path} = {worst.value} in place of {self.best_values[worst.path]} "
                f"{share_of_gain(verdict.fragility)} is left"
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-able summary; units and definitions as in the attributes."""
        return {
            "group": self.group,
            "objective": self.objective,
            "best_values": self.best_values,
            "best_score": self.best_score,
            "default_score": self.default_score,
            "trials": len(self.trials),
            "trials_failed": int((self.trials["state"] == "failed").sum()),
            "trials_stopped": int((self.trials["state"] == "stopped").sum()),
            "trials_short_of_a_constraint": int((self.trials["state"] == "short").sum()),
            "trials_counted": self.search.trials,
            "sharpe_variance": self.search.sharpe_variance,
            "edges": self.edges,
            "holdout": None
            if self.holdout is None
            else {
                "first_date": self.holdout.first_date,
                "sessions": self.holdout.sessions,
                "best_score": self.holdout.best,
                "default_score": self.holdout.default,
                "look": self.holdout.look,
                "best_interval": self.holdout.interval,
                "gain_interval": self.holdout.gain_interval,
                "coverage": self.holdout.coverage,
            },
            "probability_of_overfitting": None if self.overfitting is None else self.overfitting.probability,
            "verdict": self.verdict.to_dict(),
            "study": self.study_name,
            "importance": self.importance,
            "findings": self.findings,
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html(path)}</td><td>{html(str(value))}</td></tr>"
            for path, value in self.best_values.items()
        )
        notes = "".join(f"<li>{html(note)}</li>" for note in self.findings)
        score = "none" if self.best_score is None else f"{self.best_score:.5f}"
        default = "none" if self.default_score is None else f"{self.default_score:.5f}"
        return (
            f"<p><b>{html(self.objective)}</b>: best {score}, default {default},"
            f" {len(self.trials)} trials</p><table>{rows}</table><ul>{notes}</ul>"
        )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("scenario-engine")
    except PackageNotFoundError:
        return "(version unknown)"
