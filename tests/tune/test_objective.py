import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.backtest.backtest import backtest
from engine.backtest.performance import certainty_equivalent_percent
from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.errors import ConfigError, DataError, RunError
from engine.forecast.models.ridge_path import RidgePath
from engine.stages import Stages, scored_frame
from engine.tune import objective as objective_module
from engine.tune.holdout import LOOKS_FILE, before, holdout_start, record_look
from engine.tune.objective import SkillObjective, UtilityObjective, default_objective
from engine.tune.pruning import Floors
from engine.tune.skill import mean_skill, skill_by_horizon
from engine.tune.tune import tune

HOLDOUT = 60


@pytest.fixture(scope="module")
def bars():
    return {"SIM": simulate_bars(620, seed=3, volatility_persistence=0.97, symbol="SIM")}


@pytest.fixture(scope="module")
def longer():
    """Long enough for corrections to differ from none: over a short history every skill is exactly 0."""
    return {"SIM": simulate_bars(1500, seed=3, volatility_persistence=0.97, momentum=0.6, symbol="SIM")}


def config_of(group="model", **tune):
    return parse_config(
        {
            "name": "t",
            "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
            "horizons": [3, 5],
            "forecast": {"min_train_sessions": 400, "refit_sessions": 63, "paths": 100, "interval_draws": 0},
            "backtest": {"entry_threshold": 0.35},
            "tune": {"group": group, "holdout_sessions": HOLDOUT, "paths": 100, "refit_sessions": 63, **tune},
        }
    )


def with_other_holdout(bars):
    """The same history, and another future from the first session of the holdout on."""
    series = bars["SIM"]
    start = len(series) - HOLDOUT
    changed = {}
    for name in ("open", "high", "low", "close"):
        values = getattr(series, name).copy()
        values[start:] *= 1.3
        changed[name] = values
    return {"SIM": replace(series, **changed)}


@pytest.mark.parametrize("group", ["model", "decision"])
def test_no_trial_sees_the_holdout(bars, group):
    config = config_of(group)
    one = default_objective(config, bars)
    two = default_objective(config, with_other_holdout(bars))
    assert one.data_sha256 != two.data_sha256
    found, again = one(config), two(config)
    assert found == again
    assert one.score_holdout(config) != two.score_holdout(config)


def test_the_skill_is_that_of_the_walk_forward_rows(bars):
    config = config_of()
    objective = SkillObjective(config, bars)
    found = objective(config)
    skills = [
        1 - found.attributes[f"log_loss_h{h}"] / found.attributes[f"log_loss_filtered_history_h{h}"]
        for h in (3, 5)
    ]
    assert found.value == pytest.approx(np.mean(skills))
    # rows from the first fold on whose horizon ends before the holdout
    assert found.attributes["rows"] == sum(620 - HOLDOUT - 400 - h for h in (3, 5))
    # nothing to be found in a random walk; a leak would show as skill
    assert abs(found.value) < 0.05


def test_model_trials_share_their_questions_and_reference(bars):
    config = config_of()
    objective = SkillObjective(config, bars)
    trials = [
        objective(with_overrides(config, values))
        for values in ({}, {"rules.slope_sessions": 40}, {"forecast.calibrator": "identity"})
    ]
    for name in ("events_sha256", "rows", "log_loss_filtered_history_h3", "log_loss_filtered_history_h5"):
        assert len({trial.attributes[name] for trial in trials}) == 1
    with pytest.raises(ConfigError) as error:
        objective(with_overrides(config, {"setup.min_target_atr": 0.7}))
    assert error.value.code == "tune.events_moved"


def test_event_trials_are_compared_by_skill_over_their_own_reference(bars):
    config = config_of("event", unlock_events=True)
    objective = SkillObjective(config, bars)
    assert "own events" in objective.label
    one, two = (objective(with_overrides(config, {"setup.min_target_atr": v})) for v in (0.7, 2.0))
    assert one.attributes["events_sha256"] != two.attributes["events_sha256"]
    assert one.attributes["log_loss_filtered_history_h5"] != two.attributes["log_loss_filtered_history_h5"]


def test_a_decision_is_worth_what_the_backtest_earns(bars):
    config = config_of("decision")
    objective = UtilityObjective(config, bars)
    made = objective._forecasts(whole=False)
    replayed, rows = made.setups, pd.concat(made.rows.values())
    seen = before(bars, holdout_start(bars, HOLDOUT))
    for threshold in (0.3, 0.4):
        trial = with_overrides(config, {"backtest.entry_threshold": threshold})
        equity = backtest(seen, replayed, rows, trial).equity["strategy"].to_numpy()
        found = objective(trial)
        assert found.value == pytest.approx(certainty_equivalent_percent(equity, 3.0), abs=1e-12)
        assert np.shape(found.attributes["block_moments"]) == (16, 3)


def test_a_whole_search_scores_the_holdout_once_and_says_so(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(objective_module, "load_all", lambda config: bars)
    config = config_of("decision")
    first = tune(config, trials=6, folder=tmp_path)
    assert first.holdout.look == 1
    assert first.holdout.sessions == HOLDOUT
    assert first.holdout.first_date == str(bars["SIM"].dates[-HOLDOUT])
    assert first.overfitting is not None
    second = tune(config, trials=6, folder=tmp_path)
    assert second.holdout.look == 2
    assert any("look 2" in finding for finding in second.findings)
    lines = [json.loads(line) for line in (tmp_path / LOOKS_FILE).read_text().splitlines()]
    assert [line["look"] for line in lines] == [1, 2]
    for line in lines:
        assert len(line["config_sha256"]) == len(line["data_sha256"]) == 64
        assert line["best_score"] == first.holdout.best
    # other data, another count
    monkeypatch.setattr(objective_module, "load_all", lambda config: with_other_holdout(bars))
    assert tune(config, trials=2, folder=tmp_path).holdout.look == 1


def test_without_a_folder_or_a_holdout_nothing_is_looked_at(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(objective_module, "load_all", lambda config: bars)
    assert tune(config_of("decision"), trials=1).holdout is None
    open_end = config_of("decision", holdout_sessions=0)
    assert tune(open_end, trials=1, folder=tmp_path).holdout is None
    assert not (tmp_path / LOOKS_FILE).exists()


def test_a_record_that_cannot_be_read_is_not_counted_around(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(objective_module, "load_all", lambda config: bars)
    record_look(tmp_path / LOOKS_FILE, {"data_sha256": "x", "holdout_first_date": "2000-01-01"})
    with open(tmp_path / LOOKS_FILE, "a") as stream:
        stream.write("{half a line")
    with pytest.raises(RunError) as error:
        tune(config_of("decision"), trials=1, folder=tmp_path)
    assert error.value.code == "tune.broken_looks"
    assert "line 2" in error.value.message


def test_a_holdout_that_leaves_nothing_is_refused(bars):
    for sessions in (220, 620, 5000):
        with pytest.raises(DataError) as error:
            default_objective(config_of(holdout_sessions=sessions), bars)
        assert error.value.code == "tune.holdout_too_long"


def test_the_holdout_starts_on_one_date_for_all_instruments(bars):
    other = simulate_bars(500, seed=4, symbol="TWO")
    both = {**bars, "TWO": other}
    start = holdout_start(both, HOLDOUT)
    seen = before(both, start)
    assert all(series.dates[-1] < start for series in seen.values())
    assert len(seen["SIM"]) == 620 - HOLDOUT
    assert len(seen["TWO"]) == 500


NOBODY = Floors(())


def test_a_trial_that_is_stopped_has_the_scores_of_one_that_is_not_and_these_are_those_of_the_folds(longer):
    config = config_of(pruner="median")
    objective = SkillObjective(config, longer)
    plain = objective(config)
    fresh = SkillObjective(config, longer).staged(config, NOBODY)
    again = objective.staged(config, NOBODY)  # the fits are there already
    assert fresh.value == again.value == plain.value
    scores = fresh.attributes["fold_scores"]
    assert len(scores) == 17  # of 63 sessions, from session 400 to 1440
    assert scores == again.attributes["fold_scores"]
    assert scores[-1] == pytest.approx(plain.value, abs=1e-12)
    stopped = SkillObjective(config, longer).staged(config, Floors((-np.inf, np.inf)))
    assert stopped.scores == tuple(scores[:2])


def test_the_score_after_a_fold_is_that_of_a_shorter_walk_over_the_same_dates(longer):
    config = config_of()
    stages = Stages(longer)
    inputs = stages.inputs(config)
    frame = stages.walk(inputs, config)
    first = frame[frame["fold"] <= 1]
    assert list(stages.skill_by_fold(inputs, config))[1] == pytest.approx(
        mean_skill(skill_by_horizon(scored_frame(first))), abs=1e-12
    )


def test_a_stopped_trial_fits_no_later_fold(longer, monkeypatch):
    fitted = []
    fit = RidgePath.fit
    monkeypatch.setattr(RidgePath, "fit", lambda self, window: fitted.append(1) or fit(self, window))
    config = config_of()
    SkillObjective(config, longer).staged(config, NOBODY)
    whole = len(fitted)
    SkillObjective(config, longer).staged(config, Floors((np.inf,)))
    assert len(fitted) - whole < 0.5 * whole


def test_an_early_score_knows_nothing_of_later_sessions(longer):
    bars, config = longer, config_of()
    cut = 480  # in the second fold, of the sessions 463 to 525
    changed = {"SIM": with_changed_end(bars["SIM"], cut)}
    one, two = (
        SkillObjective(config, these).staged(config, Floors((-np.inf, np.inf))) for these in (bars, changed)
    )
    assert one.scores[0] == two.scores[0]
    assert one.scores[1] != two.scores[1]


def with_changed_end(series, start):
    changed = {}
    for name in ("open", "high", "low", "close"):
        values = getattr(series, name).copy()
        values[start:] *= 1.02 ** np.arange(len(values) - start)
        changed[name] = values
    return replace(series, **changed)


def test_a_null_trial_has_other_outcomes_and_the_same_rows(longer):
    config = config_of()
    objective = SkillObjective(config, longer)
    found = [objective.null(config, draw).value for draw in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
