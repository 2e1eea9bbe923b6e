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

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from engine.backtest.backtest import strategy_equity
from engine.backtest.overfitting import block_moments
from engine.backtest.performance import (
    certainty_equivalent_percent,
    session_returns,
    sharpe_ratio,
)
from engine.bars.load import load_all
from engine.bars.series import BarSeries
from engine.config import Config, with_overrides
from engine.errors import ConfigError, DataError
from engine.forecast.inputs import ForecastInput, forecast_input
from engine.forecast.walk_forward import walk_forward
from engine.replay.replay import replay
from engine.scenarios import SCENARIOS
from engine.tune.evaluation import Evaluation
from engine.tune.holdout import before, data_sha256, holdout_start
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
        self._year = sessions_per_year(sessions_per_week(dates))
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
        self._replayed: dict[str, tuple[ForecastInput, ...]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # a worker prepares its own: arrays are cheaper to compute than to send
        return {**self.__dict__, "_replayed": {}}

    def __call__(self, config: Config) -> Evaluation:
        """Score the out-of-sample rows before the holdout."""
        inputs = self._inputs(config)
        questions = _fingerprint(inputs)
        if self._base.tune.group == "model" and questions != _fingerprint(self._inputs(self._base)):
            raise ConfigError(
                "tune.events_moved",
                "this trial's events differ from the config's own: their log loss cannot be compared",
                "move what changes levels, setup or outcome in tune.group: event",
            )
        return _skill(_walk(inputs, _economical(config)), {"events_sha256": questions})

    def score_holdout(self, config: Config) -> Evaluation:
        """Score the out-of-sample rows of the holdout, with all the paths of the config."""
        assert self.holdout_start is not None
        rows = _walk(_inputs(self._bars, config), _plain(config))
        return _skill(rows[rows["date"] >= pd.Timestamp(self.holdout_start)], {})

    def _inputs(self, config: Config) -> tuple[ForecastInput, ...]:
        key = json.dumps(
            config.model_dump(mode="json", include={"rules", "setup", "outcome", "horizons"}), sort_keys=True
        )
        if key not in self._replayed:
            if len(self._replayed) > 8:
                self._replayed.clear()
            self._replayed[key] = _inputs(self._seen, config)
        return self._replayed[key]


class UtilityObjective(Objective):
    """Certainty equivalent of the strategy's yearly return after costs, in percent."""

    label = "certainty equivalent of the yearly return after costs, percent"
    parallel = False

    def __init__(self, config: Config, bars: Mapping[str, BarSeries] | None = None) -> None:
        super().__init__(config, bars)
        self._prepared: dict[bool, tuple[pd.DataFrame, pd.DataFrame]] = {}

    def __call__(self, config: Config) -> Evaluation:
        """Trade the out-of-sample forecasts before the holdout."""
        replayed, rows = self._forecasts(whole=False)
        equity = strategy_equity(self._seen, replayed, rows, config)
        returns = session_returns(equity)
        ratio = sharpe_ratio(returns) or 0.0
        attributes: dict[str, Any] = {"sharpe_per_session": ratio / float(np.sqrt(YEAR))}
        if len(returns) >= 2 * BLOCKS:
            attributes["block_moments"] = block_moments(returns, BLOCKS).tolist()
        return Evaluation(
            certainty_equivalent_percent(equity, config.tune.risk_aversion, self._year), attributes
        )

    def score_holdout(self, config: Config) -> Evaluation:
        """Trade the out-of-sample forecasts of the holdout; the account opens on its first session."""
        replayed, rows = self._forecasts(whole=True)
        assert self.holdout_start is not None
        late = rows[rows["date"] >= pd.Timestamp(self.holdout_start)]
        equity = strategy_equity(self._bars, replayed, late, config)
        return Evaluation(certainty_equivalent_percent(equity, config.tune.risk_aversion, self._year))

    def _forecasts(self, *, whole: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        # no decision changes a forecast: made once, with the config's own settings
        if whole not in self._prepared:
            bars = self._bars if whole else self._seen
            replays = [replay(series, self._base) for series in bars.values()]
            replayed = pd.concat([one.frame for one in replays], ignore_index=True)
            inputs = tuple(forecast_input(one) for one in replays)
            self._prepared[whole] = (replayed, _walk(inputs, _plain(self._base)))
        return self._prepared[whole]


def default_objective(config: Config, bars: Mapping[str, BarSeries] | None = None) -> Objective:
    """The objective of the config's tuning group."""
    return (UtilityObjective if config.tune.group == "decision" else SkillObjective)(config, bars)


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


def _inputs(bars: Mapping[str, BarSeries], config: Config) -> tuple[ForecastInput, ...]:
    return tuple(forecast_input(replay(series, config)) for series in bars.values())


def _plain(config: Config) -> Config:
    # intervals are shown to readers; no score depends on them
    return with_overrides(config, {"forecast.interval_draws": 0})


def _economical(config: Config) -> Config:
    """The same for every trial of a search, so that trials stay comparable; the holdout is scored without."""
    return with_overrides(
        config,
        {
            "forecast.interval_draws": 0,
            "forecast.paths": min(config.tune.paths, config.forecast.paths),
            "forecast.refit_sessions": max(config.tune.refit_sessions, config.forecast.refit_sessions),
        },
    )


def _walk(inputs: tuple[ForecastInput, ...], config: Config) -> pd.DataFrame:
    return walk_forward(inputs, config).frame


def _fingerprint(inputs: tuple[ForecastInput, ...]) -> str:
    """SHA-256 of the questions: every setup and what came of it."""
    digest = hashlib.sha256()
    for item in inputs:
        digest.update(item.bars.symbol.encode())
        digest.update(np.ascontiguousarray(item.setup, dtype="<f8").tobytes())
        digest.update(np.ascontiguousarray(item.outcomes.codes).tobytes())
    return digest.hexdigest()


def _skill(rows: pd.DataFrame, attributes: dict[str, Any]) -> Evaluation:
    """1 - log loss / log loss of filtered_history per horizon, averaged over the horizons."""
    rows = rows[rows["outcome"].notna() & rows["p_continuation"].notna()]
    if not len(rows):
        raise DataError("tune.no_rows", "no out-of-sample row has a known outcome", "use a longer history")
    skills, facts = [], dict(attributes)
    for horizon, mine in rows.groupby("horizon_sessions", sort=True):
        loss, reference = _log_loss(mine, "p"), _log_loss(mine, "filtered_history")
        skills.append(1.0 - loss / reference)
        facts[f"log_loss_h{horizon}"] = loss
        facts[f"log_loss_filtered_history_h{horizon}"] = reference
    return Evaluation(float(np.mean(skills)), facts | {"rows": len(rows)})


def _log_loss(rows: pd.DataFrame, forecast: str) -> float:
    columns = [f"{forecast}_{scenario}" for scenario in SCENARIOS]
    code = pd.Index(SCENARIOS).get_indexer(pd.Index(rows["outcome"]))
    probability = rows[columns].to_numpy(dtype=np.float64)[np.arange(len(rows)), code]
    return float(-np.mean(np.log(probability)))
