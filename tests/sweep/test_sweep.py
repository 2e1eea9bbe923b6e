"""A sweep on short simulated bars: the same bytes for any crew and any interruption, and what a run would say."""

import json
import os
import shutil

import pandas as pd
import pytest

from engine import commands
from engine.backtest.backtest import backtest
from engine.bars.load import load_all
from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.errors import ConfigError, RunError
from engine.forecast.inputs import forecast_input
from engine.forecast.walk_forward import walk_forward
from engine.replay.replay import replay
from engine.report.terminal.listings import sweep_view
from engine.runs.run import list_runs, open_run
from engine.searches import work as searches
from engine.sweep import grid_points, open_sweep, parse_axes, random_points
from engine.verify.rows import common_rows
from engine.verify.skill.skill import skill
from tests.no_room import told_without_room
from tests.report.terminal.test_terminal import printed


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    bars = simulate_bars(620, seed=3, symbol="SIM")
    path = tmp_path_factory.mktemp("bars") / "sim.csv"
    pd.DataFrame(
        {"date": bars.dates, "open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
    ).to_csv(path, index=False)
    return parse_config(
        {
            "name": "t",
            "instruments": [{"symbol": "SIM", "source": {"kind": "csv", "path": str(path)}}],
            "horizons": [3, 5],
            "forecast": {"min_train_sessions": 400, "paths": 100, "interval_draws": 0},
            "backtest": {"entry_threshold": 0.35, "random_entries": 20},
        }
    )


OVER = ["forecast.calibrator=identity,temperature", "backtest.entry_threshold=0.30..0.40/3"]


@pytest.fixture(scope="module")
def swept(config, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    folder, result = searches.sweep(config, OVER, results=results)
    return results, folder, result


def test_a_sweep_has_every_combination_and_shares_what_does_not_differ(swept):
    _, folder, result = swept
    table = pd.read_parquet(folder / "sweep.parquet")
    assert table["point"].nunique() == 6
    assert result.forecasts == 2
    assert len(list((folder / "stages" / "history").iterdir())) == 1
    assert set(table["horizon_sessions"].dropna()) == {3, 5}
    skills = table[table["metric"] == "log_loss_skill"]
    assert ((skills["low"] <= skills["value"]) & (skills["value"] <= skills["high"])).all()
    assert result.to_dict()["points"] == 6
    assert "They share 2 forecasts" in printed(sweep_view(result.to_dict(), table), width=120)
    assert (folder / "report.html").read_text().count("<section") >= 3
    assert open_sweep(folder).manifest["status"] == "completed"


def test_a_point_is_what_a_run_of_its_settings_says(swept, config):
    settings = {"forecast.calibrator": "temperature", "backtest.entry_threshold": 0.35}
    plain = with_overrides(config, settings)
    bars = load_all(plain)
    replays = [replay(series, plain) for series in bars.values()]
    forecasts = walk_forward([forecast_input(one) for one in replays], plain).frame
    _, folder, _ = swept
    table = pd.read_parquet(folder / "sweep.parquet").set_index(["metric", "horizon_sessions"])
    mine = table[
        (table["forecast.calibrator"] == "temperature") & (table["backtest.entry_threshold"] == 0.35)
    ]
    for horizon in (3, 5):
        told = skill(common_rows(forecasts, horizon, others=("filtered_history",)), coverage=0.9).table.iloc[
            0
        ]
        for name in ("log_loss_skill", "brier_skill", "rps_skill"):
            assert mine.loc[(name, horizon), "value"] == pytest.approx(told[name], abs=1e-12)
    traded = backtest(bars, replays[0].frame, forecasts, plain).metrics["strategy"]
    assert mine.loc[("trades", 5), "value"] == traded["trades"]
    assert mine.loc[("annual_return_percent", 5), "value"] == pytest.approx(traded["annual_return_percent"])


def test_a_sweep_that_is_killed_goes_on_and_ends_with_the_same_bytes(swept, config, tmp_path, monkeypatch):
    _, whole, _ = swept
    seen = []

    class Killed(BaseException):
        pass

    def stop(done, total):
        seen.append(done)
        raise Killed

    with pytest.raises(Killed):
        searches.sweep(config, OVER, results=tmp_path, place=searches.Place(progress=stop))
    (begun,) = tmp_path.iterdir()
    assert open_sweep(begun).manifest["status"] == "failed"
    with open(begun / "points.jsonl", "a") as stream:
        stream.write('{"half": ')
    folder, _ = searches.sweep(config, OVER, results=tmp_path, resume=begun)
    assert folder == begun
    assert (folder / "sweep.parquet").read_bytes() == (whole / "sweep.parquet").read_bytes()
    assert (folder / "report.html").read_bytes() == (whole / "report.html").read_bytes()
    with pytest.raises(ConfigError) as error:
        searches.sweep(with_overrides(config, {"seed": 8}), OVER, results=tmp_path, resume=begun)
    assert error.value.code == "sweep.other_question"
    assert "seed: 7 against 8" in error.value.message


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process that has no room is a fork")
def test_a_full_disk_names_the_file_and_the_sweep_goes_on_when_there_is_room(swept, config, tmp_path):
    _, whole, _ = swept

    def ask():
        searches.sweep(config, OVER, results=tmp_path)

    code, said, hint = told_without_room(4_000, ask)
    (begun,) = tmp_path.iterdir()
    assert code == "run.disk_full"
    assert str(begun) in said
    assert f"--resume {begun}" in hint
    assert list_runs(tmp_path)["status"].tolist() == ["failed"]
    assert not (begun / "sweep.parquet").exists()
    assert not list(begun.rglob("*.part"))
    folder, _ = searches.sweep(config, OVER, results=tmp_path, resume=begun)
    assert (folder / "sweep.parquet").read_bytes() == (whole / "sweep.parquet").read_bytes()


def test_a_sweep_whose_process_is_gone_is_interrupted_and_one_that_lives_is_left_alone(
    swept, config, tmp_path
):
    _, whole, _ = swept
    begun = tmp_path / whole.name
    shutil.copytree(whole, begun)
    manifest = json.loads((begun / "manifest.json").read_text()) | {"status": "running"}
    (begun / "manifest.json").write_text(json.dumps(manifest))
    assert list_runs(tmp_path)["status"].tolist() == ["running"]
    with pytest.raises(RunError) as error:
        searches.sweep(config, OVER, results=tmp_path, resume=begun)
    assert error.value.code == "sweep.is_running"
    manifest["process"]["process_started"] = "long ago"
    (begun / "manifest.json").write_text(json.dumps(manifest))
    assert list_runs(tmp_path)["status"].tolist() == ["interrupted"]
    folder, _ = searches.sweep(config, OVER, results=tmp_path, resume=begun)
    assert (folder / "sweep.parquet").read_bytes() == (whole / "sweep.parquet").read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("manifest.json", "[]", "sweep.not_found"),
        ("manifest.json", '{"kind": "sweep"}', "sweep.damaged"),
        ("manifest.json", '{"kind": "sweep", "status": "x", "config_sha256": "x", "data": {"SIM": 3}}', "sweep.damaged"),
        ("sweep.json", "[1]", "sweep.damaged"),
        ("sweep.json", "{", "sweep.damaged"),
        ("points.jsonl", "[]\n", "sweep.damaged"),
        ("points.jsonl", '{"point": "1"}\n', "sweep.damaged"),
        ("points.jsonl", "\udc80\n", "sweep.damaged"),
    ],
)  # fmt: skip
def test_a_damaged_sweep_is_one_error_that_names_the_file(swept, config, tmp_path, name, text, code):
    _, whole, _ = swept
    begun = tmp_path / whole.name
    shutil.copytree(whole, begun, ignore=shutil.ignore_patterns("stages"))
    (begun / name).write_text(text, errors="surrogateescape")
    with pytest.raises(RunError) as error:
        searches.sweep(config, OVER, results=tmp_path, resume=begun)
    assert error.value.code == code
    assert (name if code == "sweep.damaged" else begun.name) in error.value.message


def test_two_workers_write_the_same_bytes_as_one(swept, config, tmp_path):
    _, alone, _ = swept
    folder, _ = searches.sweep(config, OVER, results=tmp_path, place=searches.Place(workers=2))
    for name in ("sweep.parquet", "report.html", "summary.json", "config.yaml", "sweep.json"):
        assert (folder / name).read_bytes() == (alone / name).read_bytes(), name
    stored = [
        {path.name: path.read_bytes() for path in (one / "stages").rglob("*.npz")} for one in (folder, alone)
    ]
    assert stored[0] == stored[1]


def test_a_threshold_that_no_forecast_reaches_is_no_trade_and_no_nan(config, tmp_path):
    folder, _ = searches.sweep(config, ["backtest.entry_threshold=0.35,0.99"], results=tmp_path)
    table = pd.read_parquet(folder / "sweep.parquet")
    never = table[table["backtest.entry_threshold"] == 0.99].set_index("metric")
    assert never["reason"].isna().all()
    assert never.loc["trades", "value"] == 0
    for name in ("annual_return_percent", "max_drawdown_percent", "certainty_equivalent_percent"):
        assert never.loc[name, "value"] == never.loc[name, "low"] == never.loc[name, "high"] == 0.0
    # what has no value is missing in the table and in the lines of the points, not a number that is none
    assert never.loc[["sharpe", "win_rate_percent"], "value"].isna().all()
    assert "NaN" not in (folder / "points.jsonl").read_text()
    assert (table[table["backtest.entry_threshold"] == 0.35].set_index("metric").loc["trades", "value"]) > 0


def test_runs_and_compare_know_a_sweep(swept):
    results, folder, _ = swept
    listed = list_runs(results)
    assert listed["run"].tolist() == [folder.name]
    assert listed["kind"].tolist() == ["sweep"]
    comparison = commands.compare(folder / "0", folder / "3")
    assert (comparison.table["rows"] > 0).all()
    with pytest.raises(RunError) as error:
        commands.compare(folder / "0", folder / "99")
    assert error.value.code == "sweep.no_point"
    with pytest.raises(RunError) as error:
        open_run(folder)
    assert error.value.code == "run.is_a_sweep"


def test_settings_that_change_the_question_are_compared_by_skill_and_failures_have_a_reason(config, tmp_path):
    over = ["setup.min_target_atr=1.0,2.0", "rules.rsi_bull=40.0,50.0", "rules.rsi_oversold=45.0"]
    folder, result = searches.sweep(config, over, results=tmp_path, null_draws=3)
    assert result.questions == 2
    failed = result.table[result.table["reason"].notna()]
    assert set(failed["rules.rsi_bull"]) == {40.0}
    assert failed["reason"].str.startswith("config.invalid").all()
    assert result.luck.method == "null study"
    assert result.luck.draws == 3
    page = (folder / "report.html").read_text()
    assert "2 different questions" in page
    assert "Log loss" not in page


def test_many_points_have_to_be_asked_for_twice(config, tmp_path):
    over = ["rules.rsi_bull=40.0..60.0/1000", "backtest.entry_threshold=0.2..0.8/1000"]
    with pytest.raises(ConfigError) as error:
        searches.sweep(config, over, results=tmp_path)
    assert error.value.code == "sweep.many"
    assert "1,000,000 points" in error.value.message
    assert not list(tmp_path.iterdir())
    points = grid_points(parse_axes(over, drawn=False))
    assert points.settings(999_999) == {"rules.rsi_bull": 60.0, "backtest.entry_threshold": 0.8}


def test_random_points_are_those_of_the_seed_and_more_of_them_move_none():
    axes = parse_axes(["rules.rsi_bull=40..60", "rules.slope_sessions=5..60 log"], drawn=True)
    few, more = (random_points(axes, n, 4) for n in (5, 9))
    assert [few.settings(i) for i in range(5)] == [more.settings(i) for i in range(5)]
    for _, settings in more:
        assert 40 <= settings["rules.rsi_bull"] <= 60
        assert isinstance(settings["rules.slope_sessions"], int)


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ([], "sweep.no_axes"),
        (["rules.pivot_bars"], "sweep.bad_axis"),
        (["rules.pivot_bars="], "sweep.bad_axis"),
        (["rules.pivot_bars=3,,5"], "sweep.bad_axis"),
        (["rules.pivot_bars=3,3"], "sweep.bad_axis"),
        (["rules.pivot_bars=3,5", "rules.pivot_bars=8"], "sweep.bad_axis"),
        (["rules.pivot_bars=3..8"], "sweep.bad_axis"),
        (["rules.pivot_bars=8..3/4"], "sweep.bad_axis"),
        (["rules.pivot_bars=3..8/1"], "sweep.bad_axis"),
        (["rules.pivot_bars=3..8/many"], "sweep.bad_axis"),
        (["forecast.calibrator=identity..vector/3"], "sweep.no_range"),
        (["setup.memory=0..1/2"], "sweep.no_range"),
        (["horizons=5..15/3"], "sweep.no_range"),
        (["rules.pivot_bar=3,5"], "tune.unknown_path"),
        (["rules.pivot_bars=3,500"], "tune.bad_range"),
        (["name=a,b"], "sweep.not_swept"),
        (["replay.start=2001-01-01,2002-01-01"], "sweep.not_swept"),
    ],
)
def test_what_cannot_be_swept_is_refused(over, code):
    with pytest.raises(ConfigError) as error:
        parse_axes(over, drawn=False)
    assert error.value.code == code


def test_values_of_an_axis():
    over = ["rules.pivot_bars=3..8/3", "setup.min_target_atr=1.0..2.0/6", "horizons=[3],[3,5]", "seed=1..3/3"]
    axes = parse_axes(over, drawn=False)
    assert [axis.values for axis in axes] == [
        (3, 6, 8), (1.0, 1.2, 1.4, 1.6, 1.8, 2.0), ([3], [3, 5]), (1, 2, 3),
    ]  # fmt: skip
