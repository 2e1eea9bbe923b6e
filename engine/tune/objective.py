"""What a search maximises, on sessions before the holdout.

model, event   skill in log loss over filtered_history, 1 - loss / loss of filtered_history, on the walk-forward's
               out-of-sample rows with a known outcome, averaged over the horizons.
decision       certainty equivalent of the strategy's yearly return after costs.

The holdout is cut off the bars before anything is replayed, so no indicator, level, baseline or outcome of a
trial has seen it.  Trials simulate fewer paths and refit less
often than a run (``tune.paths``, ``tune.refit_sessions``); the holdout is scored with the settings of a run.

In the model group every trial answers the same questions: rows, outcomes and filtered_history
are the same to the last bit, and a trial whose questions differ fails.  In the event group they differ by
intent, so only the skill over each trial's own filtered_history is compared, never log loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.inputs import Tradable
from engine.backtest.overfitting import block_moments
from engine.backtest.performance import certainty_equivalent_percent, session_returns, sharpe_ratio
from engine.backtest.strategy import equity_of, setups_of, strategy_equity, strategy_of, traded_horizon
from engine.bars.load import load_all
from engine.bars.series import BarSeries
from engine.config import Config
from engine.errors import ConfigError, DataError
from engine.forecast.inputs import ForecastInput
from engine.stages import Scored, Stages, scored_frame
from engine.tune.evaluation import Evaluation, Stopped
from engine.tune.holdout import before, data_sha256, holdout_start
from engine.tune.null import null_inputs
from engine.tune.pruning import Floors
from engine.tune.skill import daily_skill, mean_skill, skill_blocks, skill_by_horizon
from engine.year import YEAR, sessions_per_week, sessions_per_year

BLOCKS = 16  # of the probability of backtest overfitting


class Objective:
    """The worth of a config, before the holdout and on it.

    Attributes
    ----------
    label : what is maximised, in words.
    parallel : False where a trial is too short to be worth sending to another process.
    holdout_start : first date of the holdout, None where there is none.
    holdout_sessions : its length.
    data_sha256 : fingerprint of all bars.
    """

    label = ""
    parallel = True

    def __init__(self, config: Config, bars: Mapping[str, BarSeries] | None = None) -> None:
        self._base = config
        loaded = load_all(config) if bars is None else bars
        self._bars = {symbol: _writable(series) for symbol, series in loaded.items()}
        self.data_sha256 = data_sha256(self._bars)
        self.holdout_sessions = config.tune.holdout_sessions
        self.holdout_start = (
            holdout_start(self._bars, self.holdout_sessions) if self.holdout_sessions else None
        )
        dates = np.unique(np.concatenate([series.dates for series in self._bars.values()]))
        self.year = sessions_per_year(sessions_per_week(dates))
        self._seen = self._bars if self.holdout_start is None else before(self._bars, self.holdout_start)
        self._check_length()

    def __call__(self, config: Config) -> Evaluation:
        """The worth of ``config`` on the sessions before the holdout."""
        raise AssertionError("an objective defines what it maximises")

    def score_holdout(self, config: Config) -> Evaluation:
        """The worth of ``config`` on the holdout; the sessions before it are what is learned from."""
        raise AssertionError("an objective defines what it maximises")

    def _check_length(self) -> None:
        sessions = len(np.unique(np.concatenate([b.dates for b in self._seen.values()])))
        needed = self._base.forecast.min_train_sessions + 2 * max(self._base.horizons) + 1
        if sessions < needed:
            raise DataError(
                "tune.holdout_too_long",
                f"{sessions} sessions are left before the holdout of {self.holdout_sessions};"
                f" {needed} are needed for a first score",
                "shorten tune.holdout_sessions or forecast.min_train_sessions, or use a longer history",
            )


class SkillObjective(Objective):
    """Skill in log loss over filtered_history, out of sample."""

    def __init__(self, config: Config, bars: Mapping[str, BarSeries] | None = None) -> None:
        super().__init__(config, bars)
        own = " of each trial's own events" if config.tune.group == "event" else ""
        self.label = f"log loss skill over filtered_history{own}"
        # a worker prepares its own: arrays are cheaper to compute than to send, and a Stages sends none
        self._stages = Stages(self._seen)

    def __call__(self, config: Config) -> Evaluation:
        """Score the out-of-sample rows before the holdout."""
        inputs, facts = self._checked(config)
        return self._skill(self._stages.scores(inputs, _economical(config)), facts)

    def staged(self, config: Config, floors: Floors) -> Evaluation | Stopped:
        """The same, unless its score after a fold is below the floor there: later folds are then not fitted."""
        inputs, facts = self._checked(config)
        economical = _economical(config)
        scores: list[float] = []
        for score in self._stages.skill_by_fold(inputs, economical):
            scores.append(score)
            if floors.stop(scores):
                return Stopped(tuple(scores))
        return self._skill(self._stages.scores(inputs, economical), facts | {"fold_scores": scores})

    def null(self, config: Config, draw: int) -> Evaluation:
        """The worth of ``config`` where outcomes are drawn from filtered_history; see :mod:`engine.tune.null`."""
        economical = _economical(config)
        inputs = null_inputs(self._stages, economical, draw)
        return Evaluation(mean_skill(skill_by_horizon(self._stages.scores(inputs, economical))))

    def score_holdout(self, config: Config) -> Evaluation:
        """Score the out-of-sample rows of the holdout, with all the paths of the config."""
        assert self.holdout_start is not None
        whole = Stages(self._bars)
        rows = whole.walk(whole.inputs(config), config)
        rows = rows[rows["date"] >= pd.Timestamp(self.holdout_start)]
        late = scored_frame(rows)
        by_date = daily_skill(late)
        return Evaluation(mean_skill(skill_by_horizon(late)), {"by_date": by_date.tolist()})

    def _checked(self, config: Config) -> tuple[tuple[ForecastInput, ...], dict[str, Any]]:
        questions = self._stages.question(config)
        if self._base.tune.group == "model" and questions != self._stages.question(self._base):
            raise ConfigError(
                "tune.events_moved",
                "this trial's events differ from the config's own: their log loss cannot be compared",
                "move what changes levels, setup or outcome in tune.group: event",
            )
        return self._stages.inputs(config), {"events_sha256": questions}

    def _skill(self, rows: Scored, facts: dict[str, Any]) -> Evaluation:
        found = skill_by_horizon(rows)
        for horizon, line in found.items():
            facts[f"log_loss_h{horizon}"] = line.loss
            facts[f"log_loss_filtered_history_h{horizon}"] = line.reference
        facts["rows"] = sum(line.rows for line in found.values())
        return Evaluation(mean_skill(found), facts | {"blocks": skill_blocks(rows, self._base.horizons)})


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What trading reads of a forecast that no decision changes: setups, the rows of each horizon, and both lined up."""

    setups: pd.DataFrame
    rows: dict[int, pd.DataFrame]
    lined_up: dict[int, list[Tradable]]


class UtilityObjective(Objective):
    """Certainty equivalent of the strategy's yearly return after costs, in percent."""

    label = "certainty equivalent of the yearly return after costs, percent"
    parallel = False

    def __init__(self, config: Config, bars: Mapping[str, BarSeries] | None = None) -> None:
        super().__init__(config, bars)
        self._prepared: dict[bool, Forecast] = {}

    def __call__(self, config: Config) -> Evaluation:
        """Trade the out-of-sample forecasts before the holdout."""
        made = self._forecasts(whole=False)
        equity = equity_of(made.lined_up[traded_horizon(config)], config)
        returns = session_returns(equity)
        ratio = sharpe_ratio(returns) or 0.0
        attributes: dict[str, Any] = {"sharpe_per_session": ratio / float(np.sqrt(YEAR))}
        if len(returns) >= 2 * BLOCKS:
            attributes["block_moments"] = block_moments(returns, BLOCKS).tolist()
        if config.tune.constraints:
            attributes |= _figures(made.lined_up[traded_horizon(config)], config)
        return Evaluation(
            certainty_equivalent_percent(equity, config.tune.risk_aversion, self.year), attributes
        )

    def score_holdout(self, config: Config) -> Evaluation:
        """Trade the out-of-sample forecasts of the holdout; the account opens on its first session."""
        assert self.holdout_start is not None
        made = self._forecasts(whole=True)
        rows = made.rows[traded_horizon(config)]
        late = rows[rows["date"] >= pd.Timestamp(self.holdout_start)]
        equity = strategy_equity(self._bars, made.setups, late, config)
        return Evaluation(
            certainty_equivalent_percent(equity, config.tune.risk_aversion, self.year),
            {"by_date": session_returns(equity).tolist()},
        )

    def returns(self, config: Config) -> np.ndarray:
        """Session returns before the holdout of the strategy that ``config`` asks for."""
        lined_up = self._forecasts(whole=False).lined_up
        return session_returns(equity_of(lined_up[traded_horizon(config)], config))

    def _forecasts(self, *, whole: bool) -> Forecast:
        # no decision changes a forecast: made once, with the config's own settings
        if whole not in self._prepared:
            bars = self._bars if whole else self._seen
            stages = Stages(bars)
            frame, setups = stages.forecasts(self._base), stages.replay_frame(self._base)
            by_horizon = {h: frame[frame["horizon_sessions"] == h] for h in self._base.horizons}
            lined_up = {h: setups_of(bars, setups, rows, h) for h, rows in by_horizon.items()}
            self._prepared[whole] = Forecast(setups, by_horizon, lined_up)
        return self._prepared[whole]


def _figures(lined_up: list[Tradable], config: Config) -> dict[str, float]:
    """What a constraint can name: every number that the backtest says about the strategy."""
    metrics = strategy_of(lined_up, config).metrics
    return {k: float(v) for k, v in metrics.items() if isinstance(v, (int, float))}


def default_objective(config: Config, bars: Mapping[str, BarSeries] | None = None) -> Objective:
    """The objective of the config's tuning group."""
    if config.tune.group == "decision":
        return UtilityObjective(config, bars)
    return SkillObjective(config, bars)


def _writable(series: BarSeries) -> BarSeries:
    # a worker unpickles writable arrays; read-only ones would have every kernel compiled a second time
    return replace(
        series,
        open=np.array(series.open),
        high=np.array(series.high),
        low=np.array(series.low),
        close=np.array(series.close),
        volume=np.array(series.volume),
        opens_traded=np.array(series.opens_traded),
    )


def _economical(config: Config) -> Config:
    """The same for every trial of a search, so that trials stay comparable; the holdout is scored without."""
    settings = config.forecast.model_copy(
        update={
            "paths": min(config.tune.paths, config.forecast.paths),
            "refit_sessions": max(config.tune.refit_sessions, config.forecast.refit_sessions),
        }
    )
    return config.model_copy(update={"forecast": settings})
