import gc
import json
import os
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from engine.config import load_config, with_overrides
from engine.errors import ConfigError, RunError
from engine.tune.evaluation import Evaluation
from engine.tune.tune import tune
from tests.tune.fakes import bowl, config_of, dies, process_of, ramp, sometimes_fails

plan_module = import_module("engine.tune.plan")

SPACE = {"rules.rsi_bull": [42.0, 58.0], "rules.slope_sessions": [5, 60]}


def test_the_search_finds_what_is_better_and_starts_from_the_config():
    result = tune(config_of(space=SPACE), trials=40, evaluate=bowl)
    first = result.trials.iloc[0]
    assert (first["rules.rsi_bull"], first["rules.slope_sessions"]) == (50.0, 20)
    assert result.default_score == pytest.approx(first["score"])
    assert result.best_score > result.default_score
    assert result.best_score > -0.05
    assert result.best_config.rules.rsi_bull == result.best_values["rules.rsi_bull"]
    assert result.best_config.forecast == config_of().forecast
    different = int(result.trials["repeats"].isna().sum())  # settings are rounded, so some come twice
    assert result.best_config.backtest.trials == result.search.trials == different
    assert 35 <= different <= len(result.trials) == 40
    assert set(result.importance) == set(SPACE)
    json.dumps(result.to_dict(), allow_nan=False)
    assert "rules.rsi_bull" in result._repr_html_()


def test_the_number_of_workers_does_not_matter():
    config = config_of(space=SPACE)
    one = tune(config, trials=14, evaluate=bowl)
    two = tune(config, trials=14, workers=2, evaluate=bowl)
    pd.testing.assert_frame_equal(one.trials, two.trials)
    assert one.best_values == two.best_values
    assert one.to_dict() == two.to_dict()


def test_workers_are_other_processes():
    space = {"rules.slope_sessions": [5, 60]}
    alone = tune(config_of(space=space), trials=4, evaluate=process_of)
    assert set(alone.trials["score"]) == {os.getpid()}
    shared = tune(config_of(space=space), trials=4, workers=2, evaluate=process_of)
    assert os.getpid() not in set(shared.trials["score"])


def test_the_seed_matters():
    config = config_of(space=SPACE)
    other = config.model_copy(update={"seed": 8})
    one, two = (tune(c, trials=6, evaluate=bowl).trials for c in (config, other))
    assert not one["rules.rsi_bull"].equals(two["rules.rsi_bull"])


def test_a_resumed_search_is_the_uninterrupted_one(tmp_path):
    config = config_of(space=SPACE)
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    tune(config, trials=12, storage=storage, evaluate=bowl)
    resumed = tune(config, trials=8, storage=storage, evaluate=bowl)
    whole = tune(config, trials=20, evaluate=bowl)
    pd.testing.assert_frame_equal(resumed.trials, whole.trials)
    assert resumed.search.trials == whole.search.trials


class Killed(BaseException):
    pass


class KilledAt:
    """Dies like an interrupted process after so many evaluations."""

    def __init__(self, count):
        self.left = count

    def __call__(self, config) -> Evaluation:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return bowl(config)


@pytest.mark.parametrize("count", [1, 6])
def test_a_killed_search_goes_on_as_if_it_had_not_been(tmp_path, count):
    config = config_of(space=SPACE)
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    with pytest.raises(Killed):
        tune(config, trials=16, storage=storage, evaluate=KilledAt(count))
    finished = 4 * (count // 4)
    resumed = tune(config, trials=16 - finished, storage=storage, evaluate=bowl)
    whole = tune(config, trials=16, evaluate=bowl)
    pd.testing.assert_frame_equal(resumed.trials, whole.trials)


def test_another_config_is_another_study(tmp_path):
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    tune(config_of(space=SPACE), trials=4, storage=storage, evaluate=bowl)
    other = config_of(space={"rules.rsi_bull": [45.0, 58.0]})
    assert len(tune(other, trials=4, storage=storage, evaluate=bowl).trials) == 4


def test_a_named_study_that_was_begun_with_another_config_is_refused_with_the_difference(tmp_path):
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    config = config_of(space=SPACE)
    tune(config, trials=4, storage=storage, study="mine", evaluate=bowl)
    other = with_overrides(config, {"forecast.paths": 500, "tune.sampler": "random"})
    with pytest.raises(ConfigError) as error:
        tune(other, trials=4, storage=storage, study="mine", evaluate=bowl)
    assert error.value.code == "tune.other_config"
    assert "forecast.paths: 1000 against 500" in error.value.message
    assert "tune.sampler: tpe against random" in error.value.message
    assert "horizons" not in error.value.message
    assert len(tune(config, trials=4, storage=storage, study="mine", evaluate=bowl).trials) == 8


def test_later_trials_are_shown_what_early_ones_are_and_memory_stays_flat(monkeypatch):
    """The model of the sampler is shown the same number of trials however many there are: here 40 of 300.

    So a later trial costs what an early one does; ``python -m benchmarks sweep`` measures that on 10,000 trials.  Times are not
    looked at here: in a process that holds much else, Python's own collection of garbage is most of them.
    """
    monkeypatch.setattr(plan_module, "MODELLED", 40)
    shown, known = [], plan_module.Plan._known

    def counted(plan):
        units, values = known(plan)
        shown.append(len(units))
        return units, values

    monkeypatch.setattr(plan_module.Plan, "_known", counted)
    config = with_overrides(config_of(space=SPACE), {"tune.batch": 10})

    sizes = []

    def progress(done, total):
        if done in (200, 300):
            gc.collect()
            sizes.append(len(gc.get_objects()))

    tune(config, trials=300, evaluate=bowl, progress=progress)
    # a trial itself is kept, by optuna; what would grow beyond that is what each keeps of the others
    assert (sizes[1] - sizes[0]) / 100 < 60
    assert 40 <= max(shown) <= 40 + plan_module._BEST


def test_failing_trials_are_recorded_with_their_reason():
    result = tune(config_of(space=SPACE), trials=24, evaluate=sometimes_fails)
    trials = result.trials
    failed = trials[trials["state"] == "failed"]
    assert 0 < len(failed) < 24
    assert failed["score"].isna().all()
    reasons = set(failed["reason"].str.split(" for ").str[0])
    assert reasons <= {"ValueError: no forecast", "the value is nan"}
    assert not any("\n" in reason for reason in failed["reason"])
    assert trials.loc[trials["state"] == "complete", "reason"].isna().all()
    assert result.best_values["rules.slope_sessions"] % 3 == 2
    assert "failed" in result.findings[0]


def test_a_search_in_which_everything_fails_is_a_result():
    def never(config):
        raise RuntimeError("no")

    config = config_of(space=SPACE)
    result = tune(config, trials=5, evaluate=never)
    assert result.best_config == config
    assert result.best_score is None
    assert result.best_values == {}
    assert any("no trial succeeded" in finding for finding in result.findings)


def test_settings_that_contradict_each_other_fail_by_name():
    space = {"rules.rsi_bull": [31.0, 45.0], "rules.rsi_oversold": [40.0, 45.0]}
    result = tune(config_of(space=space), trials=12, evaluate=ramp)
    failed = result.trials[result.trials["state"] == "failed"]
    assert len(failed)
    assert failed["reason"].str.startswith("config.invalid").all()


def test_a_process_that_dies_costs_its_own_trial_only():
    result = tune(
        config_of(space={"rules.slope_sessions": [15, 25]}, batch=2), trials=6, workers=2, evaluate=dies
    )
    assert len(result.trials) == 6
    fatal = result.trials["rules.slope_sessions"] > 20
    assert fatal.any()
    assert not fatal.all()
    assert (result.trials["state"] == np.where(fatal, "failed", "complete")).all()
    assert set(result.trials.loc[fatal, "reason"]) == {"the worker process died"}


def test_processes_that_cannot_start_are_an_error_that_says_why():
    class Unreadable:
        def __call__(self, config):
            return 1.0

        def __reduce__(self):
            return (int, ("no number",))  # fails where it is unpickled

    with pytest.raises(RunError) as error:
        tune(config_of(space=SPACE), trials=2, workers=2, evaluate=Unreadable())
    assert error.value.code == "tune.no_workers"


def test_the_edge_of_the_range_is_flagged():
    result = tune(config_of(space={"rules.rsi_bull": [45, 46]}), trials=30, evaluate=ramp)
    assert result.edges == {"rules.rsi_bull": "high"}
    assert any("edge" in f or "end of its range" in f for f in result.findings)


def test_repeated_settings_are_evaluated_and_counted_once():
    space = {"forecast.window": ["expanding", "rolling"]}
    result = tune(config_of(space=space), trials=9, evaluate=bowl)
    assert result.search.trials == 2
    repeats = result.trials["repeats"]
    assert repeats.notna().sum() == 7
    for _, row in result.trials[repeats.notna()].iterrows():
        earlier = result.trials.iloc[int(row["repeats"])]
        assert earlier["forecast.window"] == row["forecast.window"]
        assert earlier["score"] == row["score"]
        assert pd.isna(earlier["repeats"])


def test_searching_on_from_a_tuned_config_adds_up():
    config = config_of(space=SPACE)
    tuned = tune(config, trials=8, evaluate=bowl).best_config
    assert tuned.backtest.trials == 8
    again = tune(tuned, trials=8, evaluate=bowl)
    different = int(again.trials["repeats"].isna().sum())
    assert again.search.trials == different + 7


def test_a_config_that_wins_its_own_search_is_still_the_best_of_all_its_trials():
    config = config_of(space=SPACE)
    result = tune(config, trials=8, evaluate=lambda config: 1.0)
    # a tie leaves every setting alone; only the price of the search is written down
    assert result.search.trials == 8
    assert result.best_config == with_overrides(config, {"backtest.trials": 8})
    assert result.best_values == {"rules.rsi_bull": 50.0, "rules.slope_sessions": 20}


def test_the_best_config_is_written_as_yaml(tmp_path):
    result = tune(config_of(space=SPACE), trials=8, evaluate=bowl)
    path = tmp_path / "best.yaml"
    path.write_text(result.best_yaml)
    assert load_config(path) == result.best_config
    assert "pivot_bars" not in result.best_yaml  # what stands at its default is not repeated
    assert result.best_yaml.startswith("# written by: engine tune")
    assert "# study: t-model-" in result.best_yaml


def test_progress_is_told_after_every_batch():
    told = []
    tune(
        config_of(space=SPACE),
        trials=10,
        evaluate=bowl,
        progress=lambda done, all_: told.append((done, all_)),
    )
    assert told == [(4, 10), (8, 10), (10, 10)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"trials": -1}, "tune.bad_count"),
        ({"trials": 1, "workers": 0}, "tune.bad_count"),
        ({"trials": 1, "storage": "tuning.db"}, "tune.bad_storage"),
        ({"trials": 1, "storage": "sqlite:////no/such/folder/tuning.db"}, "tune.bad_storage"),
    ],
)
def test_bad_arguments_are_named(arguments, code):
    with pytest.raises(ConfigError) as error:
        tune(config_of(space=SPACE), evaluate=bowl, **arguments)
    assert error.value.code == code


def test_trials_that_carry_returns_give_the_probability_of_overfitting():
    from engine.backtest.overfitting import block_moments

    def traded(config):
        rng = np.random.default_rng(int(config.rules.slope_sessions * 100))
        returns = rng.normal(0, 0.01, 320)
        ratio = float(returns.mean() / returns.std(ddof=1))
        return Evaluation(
            ratio, {"sharpe_per_session": ratio, "block_moments": block_moments(returns, 8).tolist()}
        )

    result = tune(config_of(space=SPACE), trials=20, evaluate=traded)
    assert result.overfitting.trials == result.search.trials
    assert 0.0 <= result.overfitting.probability <= 1.0
    complete = result.trials[result.trials["repeats"].isna()]["score"]
    assert result.search.sharpe_variance == pytest.approx(complete.var(ddof=1))
