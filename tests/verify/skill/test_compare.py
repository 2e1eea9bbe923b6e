import numpy as np
import pytest

from engine.config import with_overrides
from engine.errors import ConfigError, DataError
from engine.tune.space import MODEL_PATHS
from engine.verify.skill.compare import compare, event_differences
from engine.verify.skill.scores import log_loss
from tests.verify.factory import make_config, make_frames


@pytest.fixture(scope="module")
def pair():
    better, _ = make_frames(1500, horizons=(10,))
    worse, _ = make_frames(1500, horizons=(10,), sharpen=2.0)
    return better, worse, make_config((10,))


def test_differences_are_paired_and_antisymmetric(pair):
    better, worse, config = pair
    there = compare(worse, better, config, config).table.set_index("score")
    back = compare(better, worse, config, config).table.set_index("score")
    np.testing.assert_allclose(there["difference"], -back["difference"])
    np.testing.assert_allclose(there["difference_low"], -back["difference_high"])
    assert (there["difference_high"] < 0).all()
    assert there.loc["log_loss_nats", "dm_p_value"] < 0.05
    assert there.loc["log_loss_nats", "skill_of_second"] > 0.03


def test_figures_equal_a_plain_computation_on_common_rows(pair):
    better, worse, config = pair
    result = compare(better.iloc[100:], worse.iloc[:-200], config, config)
    common = better.iloc[100:-200].reset_index(drop=True)
    codes = common["outcome"].map({"breakdown": 0, "range": 1, "continuation": 2}).to_numpy(int)
    columns = ["p_breakdown", "p_range", "p_continuation"]
    line = result.table.set_index("score").loc["log_loss_nats"]
    assert line["rows"] == len(common)
    assert line["first"] == pytest.approx(log_loss(common[columns], codes).mean())
    other = worse.iloc[100:-200][columns].to_numpy()
    assert line["second"] == pytest.approx(log_loss(other, codes).mean())
    assert (result.only_first, result.only_second) == (200, 100)


def test_a_forecast_against_itself(pair):
    better, _, config = pair
    table = compare(better, better, config, config).table
    assert (table[["difference", "difference_low", "difference_high", "skill_of_second"]] == 0).all().all()
    assert (table["dm_p_value"] == 1).all()


def test_other_questions_are_refused_and_named(pair):
    better, _, config = pair
    other = with_overrides(
        config, {"outcome.rule": "band", "setup.min_floor_atr": 1.3, "rules.pivot_bars": 7}
    )
    assert [d.path for d in event_differences(config, other)] == [
        "outcome.rule",
        "setup.min_floor_atr",
        "rules.pivot_bars",
    ]
    with pytest.raises(
        ConfigError, match=r"outcome\.rule: target against band.*setup\.min_floor_atr"
    ) as caught:
        compare(better, better, config, other)
    assert caught.value.code == "compare.different_events"
    same = with_overrides(config, {"forecast.model": "ordinal", "rules.rsi_bull": 55.0, "seed": 8})
    assert event_differences(config, same) == []


def test_no_setting_that_tuning_calls_part_of_the_model_is_called_part_of_the_question(pair):
    config = pair[2]
    tuned = {
        "rules.rsi_oversold": 25.0, "rules.rsi_overbought": 75.0, "rules.rsi_bull": 55.0, "rules.slope_sessions": 35,
        "rules.slope_flat_atr": 0.6, "rules.mean_touch_atr": 0.6, "rules.bias_votes": 2,
    }  # fmt: skip
    assert {path for path in MODEL_PATHS if path.startswith("rules.")} == set(tuned)
    assert event_differences(config, with_overrides(config, tuned)) == []


def test_other_bars_are_refused(pair):
    better, _, config = pair
    changed = better.copy()
    changed.loc[40, "outcome"] = "range" if better.loc[40, "outcome"] != "range" else "breakdown"
    with pytest.raises(DataError, match=str(better.loc[40, "date"])[:10]) as caught:
        compare(better, changed, config, config)
    assert caught.value.code == "compare.different_outcomes"
    with pytest.raises(ConfigError) as caught:
        compare(better.assign(instrument="OTHER"), better, config, config)
    assert caught.value.code == "compare.nothing_common"
