import numpy as np
import pandas as pd
import pytest

from engine.errors import InputError
from engine.verify.calibration.sharpness import entropy_nats, sharpness
from engine.verify.rows import common_rows
from engine.verify.skill.regimes import regimes
from engine.verify.skill.scores import log_loss
from engine.verify.skill.skill import skill
from tests.verify.factory import make_frames


def test_regimes_know_nothing_of_the_future():
    _, replay = make_frames(900, symbols=("AAA", "BBB"))
    whole = regimes(replay)
    for cut in (300, 500, 700):
        day = replay["date"].unique()[cut]
        known = replay["date"] <= day
        part = regimes(replay.loc[known])
        for column in ("volatility", "trend", "year"):
            assert part[column].tolist() == whole.loc[known, column].tolist()
    assert whole.loc[:250, "volatility"].isna().all()
    assert set(whole.loc[300:899, "volatility"]) <= {"low", "middle", "high"}
    with pytest.raises(InputError, match="sigma"):
        regimes(replay.drop(columns="sigma"))


def test_skill_of_a_group_is_skill_of_its_rows():
    forecasts, replay = make_frames(1200, horizons=(10,))
    rows = common_rows(forecasts, 10, replay)
    groups = rows.frame[["instrument", "date"]].merge(regimes(replay), on=["instrument", "date"])
    table = skill(rows, groups, coverage=0.9).table
    for line in table.to_dict("records"):
        inside = (
            np.ones(len(rows), bool)
            if line["grouping"] == "all"
            else (groups[line["grouping"]] == line["group"]).to_numpy()
        )
        mine, theirs = (
            log_loss(rows.probabilities[name][inside], rows.codes[inside]).sum()
            for name in ("model", line["baseline"])
        )
        assert line["rows"] == inside.sum()
        assert line["log_loss_skill"] == pytest.approx(1 - mine / theirs)
        assert line["log_loss_skill_low"] <= line["log_loss_skill_high"]
    assert set(table["grouping"]) == {"all", "volatility", "trend", "year"}


def test_copying_an_instrument_adds_rows_but_no_certainty():
    """Two identical instruments: dates are resampled whole, so the interval is that of one."""
    forecasts, replay = make_frames(1200, horizons=(10,))
    double = [
        pd.concat([frame, frame.assign(instrument="COPY")], ignore_index=True)
        for frame in (forecasts, replay)
    ]
    one = skill(common_rows(forecasts, 10, replay), coverage=0.9).table
    two = skill(common_rows(double[0], 10, double[1]), coverage=0.9).table
    columns = [c for c in one.columns if c not in ("rows", "effective_rows")]
    np.testing.assert_allclose(
        one[columns].select_dtypes("number"), two[columns].select_dtypes("number"), rtol=1e-9, atol=1e-12
    )
    assert two["rows"].iloc[0] == 2 * one["rows"].iloc[0]


def test_infinite_baseline_has_no_skill_figure():
    forecasts, replay = make_frames(600, horizons=(10,))
    for name, value in (("breakdown", 0.0), ("range", 0.4), ("continuation", 0.6)):
        forecasts[f"analyst_{name}"] = value
    found = skill(common_rows(forecasts, 10, replay), coverage=0.9)
    line = found.table.set_index("baseline").loc["analyst"]
    assert found.scores["analyst"]["log_loss_nats"] == np.inf
    assert np.isnan(line["log_loss_skill"])
    assert np.isnan(line["dm_p_value"])
    assert np.isfinite(line["brier_skill"])


def test_sharpness_counts_and_entropy():
    p = np.array([0.0, 0.049, 0.05, 0.5, 1.0])
    found = sharpness(p)
    assert found["rows_in_twentieths"][:2] == [2, 1]
    assert found["rows_in_twentieths"][-1] == 1
    assert sum(found["rows_in_twentieths"]) == 5
    assert entropy_nats([[1 / 3] * 3]) == pytest.approx(np.log(3))
    assert entropy_nats([[0.0, 0.0, 1.0]]) == 0.0
    with pytest.raises(InputError):
        sharpness([])
