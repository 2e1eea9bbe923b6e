"""The main job end to end: the contract of a run's folder, and that every command tells the same story."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import engine
from engine.bars.simulate import simulate_bars
from engine.config import load_config
from engine.errors import DataError, InputError, RunError
from engine.table.scenario import Scenario
from tests.conftest import small_config

FILES = {
    "manifest.json", "config.yaml", "levels.parquet", "level_events.parquet", "replay.parquet", "outcomes.parquet",
    "forecasts.parquet", "trades.parquet", "equity.parquet", "thresholds.parquet", "metrics.json", "scenario.json", "brief.md",
    "brief.svg", "report.html", "run.log",
}  # fmt: skip
REPRODUCIBLE = (
    "levels.parquet", "level_events.parquet", "replay.parquet", "outcomes.parquet", "forecasts.parquet",
    "trades.parquet", "equity.parquet", "thresholds.parquet", "metrics.json", "scenario.json", "brief.md",
    "brief.svg", "report.html",
)  # fmt: skip
CLASSES = ("continuation", "range", "breakdown")


def test_the_folder_holds_every_file_of_the_contract(finished):
    names = {p.name for p in finished.path.iterdir()}
    assert names >= FILES | {"model"}
    assert not [n for n in names if n.endswith(".part")]
    assert set(finished.manifest["artefacts"]) >= FILES - {"manifest.json"}
    assert finished.manifest["status"] == "completed"
    assert finished.manifest["data"]["IXIC"]["rows"] == len(finished.replay)


def test_the_dumped_config_is_the_whole_config(finished):
    assert load_config(finished.path / "config.yaml") == small_config()


def test_columns_are_those_of_the_contract(finished):
    assert list(finished.outcomes.columns) == [
        "instrument", "date", "horizon_sessions", "outcome", "resolved_on", "ambiguous", "target_touched",
        "retest_touched",
    ]  # fmt: skip
    sources = (
        "p", "raw", "climatology", "same_reading", "random_walk", "filtered_history", "analyst",
        "implied_history", "recalibrated",
    )  # fmt: skip
    expected = ["instrument", "date", "horizon_sessions", "fold", "outcome"]
    expected += [f"{source}_{name}" for source in sources for name in CLASSES]
    expected += ["p_target_touch", "p_retest_touch"]
    assert list(finished.forecasts.columns) == expected
    assert {"instrument", "level_id", "kind", "low", "high", "formed", "confirmed"} <= set(
        finished.levels.columns
    )
    assert {"instrument", "level_id", "date", "event"} <= set(finished.level_events.columns)


def test_replay_knows_nothing_of_the_future(finished):
    assert not {"outcome", "resolved_on", "fold"} & set(finished.replay.columns)
    assert not [c for c in finished.replay.columns if c.startswith(("p_", "outcome", "future"))]


def test_setup_order_holds_on_every_date(finished):
    rows = finished.replay.dropna(subset=["floor"])
    assert len(rows) > 0.98 * len(finished.replay)
    assert (rows["retest"] < rows["floor"]).all()
    assert (rows["floor"] < rows["close"]).all()
    assert (rows["close"] < rows["ceiling"]).all()
    assert (rows["ceiling"] <= rows["target_low"]).all()
    assert (rows["target_low"] <= rows["target_high"]).all()


@pytest.mark.parametrize(
    "source", ["p", "raw", "climatology", "same_reading", "random_walk", "filtered_history"]
)
def test_probabilities_are_probabilities(finished, source):
    values = finished.forecasts[[f"{source}_{name}" for name in CLASSES]].to_numpy()
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-9)
    if source == "p":
        assert values.min() >= 0.001


def test_the_tail_is_unresolved_by_the_full_horizon(finished):
    for horizon, rows in finished.outcomes.groupby("horizon_sessions"):
        rows = rows.sort_values("date")
        assert rows["outcome"].tail(horizon).isna().all()
        assert rows["outcome"].iloc[-horizon - 1] in CLASSES


def _digests(path) -> dict[str, str]:
    return {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in REPRODUCIBLE}


def test_a_second_run_is_byte_identical_whatever_the_number_of_threads_and_whoever_trades_and_draws(
    finished, tmp_path
):
    script = (
        "import sys, engine; from engine.config import load_config;"
        "print(engine.run(load_config(sys.argv[1]), results=sys.argv[2], workers=2).path)"
    )
    threads = {
        name: "1"
        for name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(finished.path / "config.yaml"), str(tmp_path)],
        env=os.environ | threads, capture_output=True, text=True, check=True,
    )  # fmt: skip
    from pathlib import Path

    mine, other = _digests(finished.path), _digests(Path(done.stdout.strip().splitlines()[-1]))
    # the page shows the time of the run; every number in it comes from the other files
    for name in ("report.html",):
        mine.pop(name), other.pop(name)
    assert mine == other


def test_scenario_as_of_a_date_is_the_forecast_row_of_that_date(finished):
    forecasts = finished.forecasts
    dates = sorted(forecasts["date"].unique())
    rng = np.random.default_rng(5)
    for date in [*rng.choice(dates, 9, replace=False), dates[-1]]:
        (table,) = engine.scenario(small_config(), as_of=str(pd.Timestamp(date).date()))
        rows = forecasts[forecasts["date"] == date].set_index("horizon_sessions")
        for horizon in table.horizons:
            for line in horizon.rows:
                row = rows.loc[horizon.horizon_sessions]
                assert line.probability == row[f"p_{line.scenario}"]
                assert line.baselines["filtered_history"] == row[f"filtered_history_{line.scenario}"]


def test_the_last_table_of_a_run_is_what_scenario_says(finished):
    (table,) = engine.scenario(small_config())
    assert json.loads(json.dumps(table.to_dict())) == finished.scenarios[0]


def test_notes_name_the_percents_the_table_shows(finished):
    for scenario in map(Scenario.from_dict, finished.scenarios):
        for table in scenario.horizons:
            shown = table.baseline_percents("filtered_history")
            for row in table.rows:
                assert f"alone say {shown[row.scenario]}%" in row.note


def test_bad_bars_leave_no_run_behind(tmp_path):
    bars = pd.DataFrame({"date": ["2020-01-01"], "open": [1], "high": [2], "low": [3], "close": [1]})
    bars.to_csv(tmp_path / "bad.csv", index=False)
    source = {"kind": "csv", "path": str(tmp_path / "bad.csv")}
    with pytest.raises(DataError):
        engine.run(
            small_config(instruments=[{"symbol": "X", "source": source}]), results=tmp_path / "results"
        )
    assert not (tmp_path / "results").exists()


def test_a_run_that_dies_says_failed_and_cannot_be_opened(tmp_path, monkeypatch):
    import engine.verify.verify as verify

    def fail(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(verify, "verify", fail)
    with pytest.raises(OSError, match="no space left"):
        engine.run(small_config(), results=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "manifest.json").read_text())["status"] == "failed"
    assert "no space left" in (folder / "run.log").read_text()
    with pytest.raises(RunError):
        engine.open_run(folder)


def test_the_checks_see_the_folds_the_audit_and_the_placebo(finished):
    assert finished.manifest["audit"][0]["passed"]
    assert {"train_test_overlap", "audit_missing"} <= set(finished.metrics["checks"])
    assert not {"train_test_overlap", "audit_missing"} & set(finished.metrics["checks_not_applicable"])
    assert set(finished.metrics["placebo"]["horizons"]) == {"10", "15"}


@pytest.mark.parametrize(
    "before",
    ["", "import engine.outcomes.outcomes, engine.tune.space", "import engine.pipeline", "engine.Run"],
)
def test_the_functions_are_functions_whatever_was_imported_before(before):
    """Two packages bear the name of a function."""
    said = subprocess.run(
        [sys.executable, "-c", f"import engine\n{before}\nfrom engine import *\nprint(replay.__module__, tune.__module__, "
         "callable(engine.replay), callable(engine.tune))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.split() == ["engine.pipeline", "engine.searches.work", "True", "True"]


def test_a_date_before_the_bars_or_too_early_for_a_forecast_is_said_so():
    config = small_config()
    for call in (engine.scenario, engine.replay):
        with pytest.raises(DataError, match=r"1999-05-03 is before the first session, 2004-01-02") as caught:
            call(config, as_of="1999-05-03")
        assert caught.value.code == "data.too_few_bars"
    for call in (engine.scenario, engine.replay):
        with pytest.raises(InputError, match="'1999-13-01' is not a date"):
            call(config, as_of="1999-13-01")
    with pytest.raises(DataError, match="the first forecast needs") as caught:
        engine.scenario(config, as_of="2005-06-15")
    assert "a later date" in caught.value.hint


def test_prices_that_stand_still_are_not_called_a_short_history(tmp_path):
    frame = simulate_bars(1400).to_frame()
    frame[["open", "high", "low", "close"]] = 100.0
    frame.to_csv(tmp_path / "still.csv")
    still = {"symbol": "STILL", "source": {"kind": "csv", "path": str(tmp_path / "still.csv")}}
    with pytest.raises(DataError, match="all four prices are those of the session before") as caught:
        engine.scenario(small_config(instruments=[still], replay={}))
    assert caught.value.code == "bars.stuck"
