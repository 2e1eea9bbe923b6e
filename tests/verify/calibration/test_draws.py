"""A test that can never reject is not made: it draws more often, or refuses, and is never worded as a pass."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.report.prose.verdicts import calibration_verdict
from engine.report.trust import read_metrics
from engine.verify.calibration.joint import joint_test
from engine.verify.calibration.power import LEVEL, draws_needed
from engine.verify.calibration.race import questions
from engine.verify.multiple import holm
from engine.verify.overlap import Windows
from engine.verify.verify import verify
from tests.verify.factory import make_config, make_frames


@pytest.mark.parametrize("tests", [1, 3, 6, 45, 63, 300])
def test_the_draws_let_the_smallest_corrected_p_value_fall_below_the_level(tests):
    def smallest(draws):
        p_values = np.ones(tests)
        p_values[0] = 1 / (draws + 1)
        return holm(p_values)[0]

    assert smallest(draws_needed(tests)) < LEVEL
    assert smallest(draws_needed(tests) - 2) > LEVEL  # and not much fewer would do


@pytest.fixture(scope="module")
def never_right():
    """Says 20 to 60 % of what comes every time; at ten horizons, and with the fewest draws a config may ask for."""
    horizons = tuple(range(3, 13))
    forecasts, replay = make_frames(420, first_forecast=100, horizons=horizons)
    forecasts["outcome"] = forecasts["outcome"].where(forecasts["outcome"].isna(), "continuation")
    return verify(forecasts, replay, make_config(horizons, null_draws=99, placebo=False))


def test_what_is_wrong_every_time_is_rejected_with_the_fewest_draws(never_right):
    metrics = never_right.metrics
    assert metrics["null_draws"] == draws_needed(3 * 10) > 99
    for line in metrics["horizons"].values():
        assert line["calibration"]["continuation"]["mcb_p_holm"] < LEVEL
    assert "miscalibrated" in {finding.code for finding in never_right.findings}
    assert metrics["calibration_test"]["verdict"].startswith("Distinguishable from calibrated")


def test_too_few_draws_are_never_worded_as_a_pass(never_right):
    """Metrics of a run of old, that drew 99 times for 30 tests: nothing was rejected, and nothing could be."""
    metrics = dict(never_right.metrics) | {"null_draws": 99, "calibration_test": {}}
    for line in metrics["horizons"].values():
        for entry in line["calibration"].values():
            entry |= {"mcb_p_value": 0.01, "mcb_p_holm": 0.3, "rejected": False}
    said = calibration_verdict(read_metrics(metrics))
    assert said == "Calibration cannot be tested with 99 draws: 30 tests need at least 600."


def test_the_joint_test_refuses_draws_with_which_it_could_say_nothing():
    rng = np.random.default_rng(0)
    said, came = rng.dirichlet([2, 3, 4], 60), rng.integers(0, 3, 60)
    asked = questions({5: (said, came, Windows.consecutive(60))})
    with pytest.raises(InputError, match="nothing could ever be rejected") as raised:
        joint_test(asked, draws=18)
    assert raised.value.code == "verify.too_few_draws"
    joint_test(asked, draws=20)
