import json

import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.files import to_json
from engine.question import SETUP_LEVELS
from engine.scenarios import SCENARIOS
from engine.verify.calibration.calibration import RELIABILITY_COLUMNS
from engine.verify.plain import plain
from engine.verify.skill.skill import SKILL_COLUMNS
from engine.verify.verify import verify
from tests.verify.factory import make_config, make_frames


@pytest.fixture(scope="module")
def verified():
    forecasts, replay = make_frames(1500)
    return forecasts, replay, verify(forecasts, replay, make_config())


def test_metrics_are_json_and_complete(verified):
    _, _, result = verified
    text = to_json(result.metrics)
    assert json.loads(text) == result.metrics
    for horizon in ("10", "15"):
        entry = result.metrics["horizons"][horizon]
        assert entry["rows"] == 1500 - 300 - int(horizon)
        assert entry["effective_rows"] == pytest.approx(entry["rows"] / int(horizon))
        assert entry["unresolved_rows"] == int(horizon)
        assert set(entry["scores"]) == {"model", "raw", "climatology", "filtered_history"}
        assert set(entry["calibration"]) == set(SCENARIOS)
        assert sum(entry["base_rates"].values()) == pytest.approx(1.0)
        assert entry["block_sessions"] >= 5 * int(horizon)
        for line in entry["calibration"].values():
            assert line["mcb_p_value"] <= line["mcb_p_holm"] <= 1.0
    assert tuple(result.skill.columns) == SKILL_COLUMNS
    assert tuple(result.reliability.columns) == RELIABILITY_COLUMNS


def test_figures_equal_a_plain_computation(verified):
    forecasts, _, result = verified
    frame = forecasts[(forecasts.horizon_sessions == 10) & forecasts.outcome.notna()]
    hit = [getattr(row, f"p_{row.outcome}") for row in frame.itertuples()]
    base = [getattr(row, f"climatology_{row.outcome}") for row in frame.itertuples()]
    entry = result.metrics["horizons"]["10"]
    assert entry["scores"]["model"]["log_loss_nats"] == pytest.approx(-np.log(hit).mean())
    expected = 1 - np.log(hit).mean() / np.log(base).mean()
    assert entry["skill"]["climatology"]["log_loss_skill"] == pytest.approx(expected)
    parts = entry["scores"]["model"]
    assert parts["brier"] == pytest.approx(parts["brier_mcb"] - parts["brier_dsc"] + parts["brier_unc"])
    assert parts["brier_refinement"] == pytest.approx(parts["brier_unc"] - parts["brier_dsc"])


def test_metrics_say_how_often_each_edge_is_projected():
    forecasts, replay = make_frames(800, horizons=(10,), symbols=("A", "B"))
    first = replay["instrument"] == "A"
    replay.loc[first, "target_level_id"] = -1
    replay.loc[~first & (np.arange(len(replay)) % 4 == 0), "floor_level_id"] = -1
    replay.loc[first & (np.arange(len(replay)) < 400), list(SETUP_LEVELS)] = -2  # no setup: does not count
    shares = verify(forecasts, replay, make_config((10,), symbols=("A", "B"))).metrics["projected_share"]
    assert shares["by_instrument"]["A"] == {"floor": 0.0, "ceiling": 0.0, "target": 1.0, "retest": 0.0}
    assert shares["by_instrument"]["B"] == {"floor": 0.25, "ceiling": 0.0, "target": 0.0, "retest": 0.0}
    assert shares["all"] == {"floor": 200 / 1200, "ceiling": 0.0, "target": 400 / 1200, "retest": 0.0}


def test_scores_of_a_regime_equal_a_plain_computation(verified):
    forecasts, replay, result = verified
    frame = forecasts[(forecasts.horizon_sessions == 10) & forecasts.outcome.notna()]
    frame = frame.merge(replay[["date", "close", "sma_200"]], on="date")
    above = frame[frame["close"] > frame["sma_200"]]
    (regime,) = (r for r in result.metrics["horizons"]["10"]["regimes"] if r["group"] == "above_sma_200")
    assert regime["rows"] == len(above)
    order = np.array([SCENARIOS.index(outcome) for outcome in above["outcome"]])
    brier = {}
    for name, prefix in (("model", "p"), ("climatology", "climatology")):
        p = above[[f"{prefix}_{scenario}" for scenario in SCENARIOS]].to_numpy()
        brier[name] = np.mean(((p - np.eye(3)[order]) ** 2).sum(axis=1))
        assert regime["scores"][name]["log_loss_nats"] == pytest.approx(
            -np.log(p[np.arange(len(p)), order]).mean()
        )
        assert regime["scores"][name]["brier"] == pytest.approx(brier[name])
    skill = regime["skill"]["climatology"]
    assert skill["brier_skill"] == pytest.approx(1 - brier["model"] / brier["climatology"])
    assert skill["brier_skill_low"] < skill["brier_skill"] < skill["brier_skill_high"]
    assert skill["rps_skill_low"] < skill["rps_skill"] < skill["rps_skill_high"]


def test_same_input_same_bytes_and_row_order_does_not_matter(verified):
    forecasts, replay, result = verified
    again = verify(forecasts.sample(frac=1.0, random_state=1), replay, make_config())
    assert to_json(again.metrics) == to_json(result.metrics)
    pd.testing.assert_frame_equal(again.skill, result.skill)
    pd.testing.assert_frame_equal(again.reliability, result.reliability)


def test_rows_missing_for_one_are_left_out_for_all():
    forecasts, replay = make_frames(700, horizons=(10,))
    forecasts.loc[:49, "filtered_history_range"] = np.nan
    entry = verify(forecasts, replay, make_config((10,))).metrics["horizons"]["10"]
    assert entry["incomplete_rows"] == 50
    assert entry["rows"] == 700 - 300 - 10 - 50
    assert "analyst" not in entry["scores"]


def test_exact_forecast_is_not_distinguishable_and_overconfident_one_is():
    # false-alarm rate of the first assertion: 5 % by construction, seed 0 fixed
    forecasts, replay = make_frames(3000, seed=0)
    fine = verify(forecasts, replay, make_config())
    assert (
        "not distinguishable from calibrated; an overconfidence of 25%"
        in fine.metrics["horizons"]["10"]["verdict"]
    )
    forecasts, replay = make_frames(3000, seed=0, sharpen=2.5)
    bad = verify(forecasts, replay, make_config(null_draws=199))
    assert bad.metrics["horizons"]["10"]["verdict"].startswith("distinguishable from calibrated")
    assert "miscalibrated" in {f.code for f in bad.findings}
    assert bad.metrics["horizons"]["10"]["calibration"]["continuation"]["slope"] < 0.7


def test_several_instruments():
    forecasts, replay = make_frames(700, symbols=("AAA", "BBB"))
    result = verify(forecasts, replay, make_config(symbols=("AAA", "BBB")))
    entry = result.metrics["horizons"]["10"]
    assert entry["rows"] == 2 * entry["dates"]
    assert {r["group"] for r in entry["regimes"] if r["grouping"] == "instrument"} == {"AAA", "BBB"}


def test_five_rows_and_none_are_defined_values():
    forecasts, replay = make_frames(315, first_forecast=300, horizons=(10,))
    result = verify(forecasts, replay, make_config((10,)))
    assert result.metrics["horizons"]["10"]["rows"] == 5
    assert result.failed
    forecasts["outcome"] = None
    result = verify(forecasts, replay, make_config((10,)))
    assert result.metrics["horizons"]["10"]["rows"] == 0
    assert {f.code for f in result.findings} >= {"too_few_windows"}
    assert len(result.skill) == len(result.reliability) == 0


def test_equal_forecasts_and_a_class_never_observed():
    forecasts, replay = make_frames(600, horizons=(10,))
    for prefix in ("p", "raw", "climatology", "filtered_history"):
        for name, value in zip(SCENARIOS, (0.2, 0.3, 0.5), strict=True):
            forecasts[f"{prefix}_{name}"] = value
    forecasts.loc[forecasts.outcome == "breakdown", "outcome"] = "range"
    entry = verify(forecasts, replay, make_config((10,))).metrics["horizons"]["10"]
    line = entry["calibration"]["breakdown"]
    assert line["frequency"] == line["unc"] == line["dsc"] == 0.0
    assert line["mcb"] == pytest.approx(0.04)
    assert line["slope"] is None
    assert entry["skill"]["climatology"]["log_loss_skill"] == 0.0
    assert entry["skill"]["climatology"]["dm_p_value"] == 1.0


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda f: f.drop(columns="p_range"), "verify.missing_column"),
        (lambda f: f.assign(p_range=f.p_range + 0.1), "verify.not_probabilities"),
        (lambda f: f.assign(outcome="sideways"), "verify.not_outcomes"),
        (lambda f: pd.concat([f, f.tail(1)]), "verify.duplicate_rows"),
        (lambda f: f.assign(date=f.date + pd.Timedelta(hours=1)), "verify.not_in_calendar"),
    ],
)
def test_bad_frames_are_named(spoil, code):
    forecasts, replay = make_frames(400, horizons=(10,))
    with pytest.raises(InputError) as caught:
        verify(spoil(forecasts), replay, make_config((10,)))
    assert caught.value.code == code


def test_plain_turns_nan_into_null():
    assert plain({"b": np.float64(np.nan), "a": [np.int64(1), np.inf, np.bool_(True)]}) == {
        "a": [1, None, True],
        "b": None,
    }
