import numpy as np
import pytest

from engine.errors import ConfigError
from engine.tune.evaluation import Evaluation, Stopped
from engine.tune.pruning import HALVING, MEDIAN, NONE, Floors, floors
from engine.tune.space import search_space
from engine.tune.tune import tune
from tests.tune.fakes import bowl, config_of

SPACE = {"rules.rsi_bull": [42.0, 58.0], "rules.slope_sessions": [5, 60]}


class Walked:
    """What a trial is worth is seen on the way, but for a little that comes at the end."""

    def __call__(self, config):
        raise AssertionError("a pruned search asks for stages")

    def staged(self, config, floors):
        value, scores = bowl(config).value, []
        for share in np.linspace(0.5, 1.0, 9):
            scores.append(value * share)
            if floors.stop(scores):
                return Stopped(tuple(scores))
        return Evaluation(value, {"fold_scores": scores})


def test_floors_are_quantiles_of_earlier_trials_after_the_same_fold():
    nothing = -np.inf
    known = [tuple(float(i * (fold + 1)) for fold in range(9)) for i in range(9)]
    assert floors(NONE, known) is None
    # the median looks after every fold but the first and the last, successive halving after a ninth and a third
    assert floors(MEDIAN, known).values == (nothing, *(4.0 * (fold + 1) for fold in range(1, 8)), nothing)
    halving = floors(HALVING, known).values
    assert [fold for fold, value in enumerate(halving) if np.isfinite(value)] == [1, 3]
    assert halving[1] == pytest.approx(2 * 16 / 3)  # the 2/3 quantile of 0, 2, ... 16
    assert set(floors(MEDIAN, known[:7]).values) == {nothing}  # eight trials are never stopped
    assert not floors(HALVING, []).stop([-1e9])


def test_who_was_stopped_earlier_counts_at_the_folds_it_reached_only():
    known = [(0.0, 1.0, 2.0, 3.0)] * 8 + [(0.0, -5.0)] * 8
    found = floors(MEDIAN, known).values
    assert found[1] == -2.0
    assert found[2] == 2.0


def test_the_median_holds_the_best_so_far_against_its_floor_and_halving_the_latest():
    scores = [0.3, 0.1]
    assert Floors((-np.inf, 0.2), best=False).stop(scores)
    assert not Floors((-np.inf, 0.2), best=True).stop(scores)
    assert Floors((-np.inf, 0.4), best=True).stop(scores)
    assert MEDIAN.best
    assert not HALVING.best


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 40])
def test_no_pruner_looks_after_the_last_fold_or_beyond_it(n):
    for pruner in (MEDIAN, HALVING):
        assert all(1 <= fold < n - 1 for fold in pruner.folds(n))


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_pruned_search_stops_the_same_trials_for_any_number_of_workers(pruner):
    config = config_of(space=SPACE, pruner=pruner)
    one = tune(config, trials=32, evaluate=Walked())
    if pruner == "median":  # processes take seconds to start
        two = tune(config, trials=32, workers=2, evaluate=Walked())
        assert one.trials.equals(two.trials)
    states = one.trials["state"].value_counts()
    assert states["stopped"] >= 5
    assert one.to_dict()["trials_stopped"] == states["stopped"]
    assert one.best_score == one.trials["score"].max()


def with_trades(config):
    value = config.rules.rsi_bull
    return Evaluation(value, {"trades": 100 - value})


def test_a_trial_below_a_constraint_never_wins():
    config = config_of(space=SPACE, constraints={"trades": 50})
    result = tune(config, trials=30, evaluate=with_trades)
    short = result.trials["state"] == "short"
    assert short.any()
    assert (result.trials.loc[short, "rules.rsi_bull"] > 50).all()
    assert result.trials.loc[short, "reason"].str.contains("below 50").all()
    assert result.best_values["rules.rsi_bull"] == 50.0
    assert result.search.trials == int(((~short) & result.trials["repeats"].isna()).sum())


def test_a_constraint_on_an_unknown_figure_is_named():
    result = tune(config_of(space=SPACE, constraints={"trade": 5}), trials=2, evaluate=with_trades)
    assert result.trials["reason"].str.contains("a trial knows trades").all()


def test_dimensions_written_out():
    space = {
        "rules.slope_sessions": {"low": 5, "high": 60, "step": 5},
        "rules.slope_flat_atr": {"low": 0.01, "high": 1.0, "log": True},
        "rules.rsi_bull": {"choices": [45.0, 55.0]},
    }
    found = {p.path: p for p in search_space(config_of(space=space))}
    assert found["rules.slope_sessions"].values == tuple(range(5, 61, 5))
    assert found["rules.slope_flat_atr"].log
    assert found["rules.rsi_bull"].choices == (45.0, 55.0)
    result = tune(config_of(space=space), trials=12, evaluate=bowl)
    assert set(result.trials["rules.rsi_bull"]) <= {45.0, 55.0}


@pytest.mark.parametrize(
    ("dimension", "code"),
    [
        ({"low": 5}, "config.invalid"),
        ({"low": 5, "high": 9, "choices": [5]}, "config.invalid"),
        ({"low": 5, "high": 9, "step": 1, "log": True}, "config.invalid"),
        ({"choices": [5], "log": True}, "config.invalid"),
        ({"low": 5, "high": 9, "step": 0.5}, "tune.bad_range"),
        ({"low": 5, "high": 9, "step": 50}, "tune.bad_range"),
        ({"low": 9, "high": 5}, "tune.bad_range"),
    ],
)
def test_dimensions_that_make_no_sense(dimension, code):
    with pytest.raises(ConfigError) as error:
        search_space(config_of(space={"rules.slope_sessions": dimension}))
    assert error.value.code == code
