"""What a search found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from engine.backtest.overfitting import Overfitting
from engine.backtest.sharpe import Search
from engine.config import Config, dump_config
from engine.foreign import html
from engine.tune.holdout import Holdout


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
    trials : one row per trial of the study: number, state (complete, failed), score, reason (of a failure),
        repeats (number of the earlier trial with the same values, or null), and one column per path.
    edges : config path -> ``low`` or ``high`` where the best value lies at an end of its range.
    holdout : scores on the sessions no trial has seen; None where there is no holdout.
    search : trials really made on these data, over all resumptions, for the deflated Sharpe ratio.
    overfitting : probability of backtest overfitting (decision group, two different trials or more).
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
    overfitting: Overfitting | None
    importance: dict[str, float]

    @property
    def best_yaml(self) -> str:
        """The best config as YAML, ready to be written and run."""
        return dump_config(self.best_config)

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
        if self.overfitting is not None and self.overfitting.probability > 0.5:
            found.append(
                f"probability of backtest overfitting {self.overfitting.probability:.2f}:"
                " the choice between trials is worth nothing out of sample"
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
            },
            "probability_of_overfitting": None if self.overfitting is None else self.overfitting.probability,
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
