import json

import numpy as np
import pytest

from engine.backtest.sharpe import Search, deflated_sharpe, expected_maximum_sharpe, probabilistic_sharpe
from engine.errors import InputError
from tests.shared_files import vectors_dir


@pytest.mark.skipif(vectors_dir() is None, reason="the folder of reference vectors is absent")
def test_the_worked_example_of_the_paper():
    known = json.loads((vectors_dir() / "deflated_sharpe.json").read_text())
    given = known["inputs"]
    daily = given["annual_sr"] / np.sqrt(given["periods_per_year"])
    variance = given["var_annual_sr_trials"] / given["periods_per_year"]
    moments = {"skewness": given["skew"], "kurtosis": given["kurtosis"]}
    for case in known["cases"]:
        benchmark = expected_maximum_sharpe(case["N"], variance)
        assert benchmark == pytest.approx(case["SR0_daily"], rel=1e-9)
        assert probabilistic_sharpe(daily, benchmark, given["T"], **moments) == pytest.approx(
            case["DSR"], abs=1e-9
        )
    assert probabilistic_sharpe(daily, 0.0, given["T"], **moments) == pytest.approx(
        known["psr_vs_zero"], abs=1e-9
    )


def test_the_expected_maximum_is_that_of_simulated_trials():
    rng = np.random.default_rng(1)
    best = rng.normal(0.0, 0.05, (20_000, 40)).max(axis=1).mean()
    # the formula is asymptotic: 1 % off at 40 trials, and the mean of 20,000 has an error of 0.2 %
    assert expected_maximum_sharpe(40, 0.05**2) == pytest.approx(best, rel=0.02)


def test_skill_is_told_from_the_luck_of_a_search():
    rng = np.random.default_rng(2)
    trials = rng.normal(0.0, 0.01, (100, 1000))
    lucky = trials[np.argmax(trials.mean(axis=1) / trials.std(axis=1))]
    assert deflated_sharpe(lucky, Search()).probability > 0.95
    assert deflated_sharpe(lucky, Search(trials=100)).probability < 0.95
    skilled = rng.normal(0.002, 0.01, 1000)
    assert deflated_sharpe(skilled, Search(trials=100)).probability > 0.95


def test_not_defined_without_variation():
    assert deflated_sharpe(np.zeros(100), Search()) is None
    assert deflated_sharpe(np.array([0.1, 0.2]), Search()) is None


def test_bad_arguments_are_named():
    for call, code in [
        (lambda: expected_maximum_sharpe(0, 0.1), "backtest.no_trials"),
        (lambda: expected_maximum_sharpe(5, float("nan")), "backtest.bad_variance"),
        (lambda: probabilistic_sharpe(0.1, 0.0, 1), "backtest.too_few_returns"),
        (lambda: probabilistic_sharpe(1.0, 0.0, 10, skewness=9.0, kurtosis=1.0), "backtest.bad_moments"),
    ]:
        with pytest.raises(InputError) as error:
            call()
        assert error.value.code == code
