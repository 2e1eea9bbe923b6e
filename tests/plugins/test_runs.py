"""A run with plugins: in any number of processes, resumed, saved, shown again, and said to be the user's."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import engine
from engine import commands
from engine.bars.simulate import simulate_bars
from engine.cli import app
from engine.config import guests_of, load_config, with_overrides
from engine.errors import ConfigError, RunError
from engine.guests import present
from engine.members.store import Parts
from engine.parallel import open_crew
from engine.plugins.words import plugin_times
from engine.replay.replay import replay
from engine.rules.kinds import KINDS
from engine.runs.run import open_run
from engine.table import words
from engine.verify.audit.audit import audit
from tests.parallel import tasks
from tests.plugins.files import HEAD, KIND, MODEL, plugin_file, the_example
from tests.toy_universe import digests, toy_config

MORE = {"forecast": {"min_train_sessions": 500, "paths": 100, "interval_draws": 3, "model": "bolder"}}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A config of two instruments with two plugins, and its run by one process."""
    folder = tmp_path_factory.mktemp("own")
    paths = [str(the_example(folder)), str(plugin_file(folder, MODEL, "bolder.py"))]
    config = toy_config(folder, lengths=(640, 630), plugins=paths, **MORE)
    return config, engine.run(config, results=tmp_path_factory.mktemp("results"))


def test_two_workers_write_the_same_bytes_as_one(own, tmp_path):
    config, alone = own
    shared = engine.run(config, results=tmp_path, workers=2)
    assert digests(shared.path) == digests(alone.path)
    spent = shared.manifest["plugin_seconds"]["level kind round_number"]
    # the history once, and for each audited date three times up to it: the clock of every worker is summed
    assert spent[2] > 10 * 1270
    assert spent[2] == alone.manifest["plugin_seconds"]["level kind round_number"][2]


def test_what_they_add_is_replayed_scored_and_audited(own):
    _, run = own
    assert "round_number" in set(run.levels["kind"])
    assert run.replay["rsi_change"].notna().any()
    assert run.forecasts["last_year_range"].notna().any()
    assert "last_year" in json.dumps(run.metrics["horizons"]["10"])
    assert all(one["passed"] for one in run.manifest["audit"])
    assert run.scenarios[0]["horizons"][0]["rows"][0]["baselines"]["last_year"] > 0


def test_manifest_page_brief_and_terminal_say_whose_rules_they_are(own, tmp_path):
    config, run = own
    one, two = run.manifest["plugins"]
    assert (one["file"], one["sha256"]) == ("my_rules.py", config.plugins[0].sha256)
    assert [member["name"] for member in one["adds"]["level kind"]] == ["round_number"]
    assert two["adds"] == {"model": [{"name": "bolder"}]}
    told = f"From my_rules.py ({one['sha256'][:12]}), not of the engine: baseline last_year; feature family rsi_change"
    for page in (run.path / "report.html", run.path / "brief.md"):
        assert "my_rules.py" in page.read_text().replace("\\", "")
    assert told in (run.path / "report.html").read_text()
    assert (run.path / "plugins" / "my_rules.py").read_bytes() == Path(config.plugins[0].path).read_bytes()
    path = tmp_path / "config.yaml"
    shutil.copy(run.path / "config.yaml", path)
    shown = CliRunner().invoke(app, ["scenario", str(path), "--model", str(run.path), "--full"])
    assert shown.exit_code == 0, shown.output
    assert told in shown.output
    assert "Year" in shown.output
    assert "every_fifty" not in KINDS
    assert "round_number" not in KINDS


def test_a_saved_model_is_of_one_version_of_its_plugins(own, tmp_path):
    config, run = own
    tables = engine.scenario(config, model=run.path)
    was, found = (one["horizons"][0]["rows"] for one in (run.scenarios[0], tables[0].to_dict()))
    assert [row["probability"] for row in found] == [row["probability"] for row in was]
    edited = plugin_file(tmp_path, MODEL + "\n# edited\n", "bolder.py")
    plain = config.model_dump(mode="json")
    plugins = [plain["plugins"][0], {"path": str(edited)}]
    with pytest.raises(ConfigError, match=r"config\.other_model.*version of its plugins"):
        engine.scenario(with_overrides(config, {"plugins": plugins}), model=run.path)


def test_an_edited_plugin_is_another_run_and_is_not_resumed(tmp_path, monkeypatch):
    path = plugin_file(tmp_path, KIND)
    config = toy_config(tmp_path, plugins=[str(path)])
    kept = Parts.write

    def write(self, symbol, piece):
        if symbol == "B":
            raise OSError(errno.ENOSPC, "No space left on device")
        kept(self, symbol, piece)

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "write", write)
        with pytest.raises(RunError):
            engine.run(config, results=tmp_path / "results", audit_dates=0)
    (folder,) = (tmp_path / "results").iterdir()
    path.write_text(path.read_text() + "\n# a word\n")
    with pytest.raises(RunError, match=r"run\.changed.*plugin my_rules\.py is another version"):
        engine.run(toy_config(tmp_path, plugins=[str(path)]), resume=folder)
    other = plugin_file(tmp_path, KIND, "other.py")
    with pytest.raises(RunError, match=r"plugin my_rules\.py is gone; plugin other\.py is new"):
        engine.run(toy_config(tmp_path, plugins=[str(other)]), resume=folder)


def test_a_run_is_opened_and_drawn_again_without_running_its_plugins(own, tmp_path):
    _, run = own
    copy = shutil.copytree(run.path, tmp_path / "copy")
    marked = tmp_path / "ran"
    manifest = json.loads((copy / "manifest.json").read_text())
    for item in manifest["plugins"]:  # the user's files are gone, and what is in the folder must not run
        item["path"] = str(tmp_path / item["file"])
        (copy / "plugins" / item["file"]).write_text(f"open({str(marked)!r}, 'w')\n")
    text = (copy / "config.yaml").read_text()
    for item in open_run(run.path).manifest["plugins"]:
        text = text.replace(item["path"], str(tmp_path / item["file"]))
    (copy / "config.yaml").write_text(text)
    manifest["artefacts"].pop("config.yaml")
    manifest["status"] = "completed"
    from engine.files import sha256_of

    manifest["artefacts"]["config.yaml"] = sha256_of(copy / "config.yaml")
    (copy / "manifest.json").write_text(json.dumps(manifest))
    opened = open_run(copy)
    assert opened.config.forecast.model == "bolder"
    assert commands.report(copy).is_file()
    assert "my_rules.py" in (copy / "report.html").read_text()
    with present(opened.named_guests):
        assert words.baseline_label("last_year") == "Last year"
        assert KINDS["round_number"].noun == "round number"
    with pytest.raises(ConfigError, match=r"plugin\.missing_file"):
        commands.show(copy, None)
    assert not marked.exists()


def test_show_makes_the_book_again_with_the_users_file(own):
    _, run = own
    ((table, _), *_) = commands.show(run.path, None, quick=True)
    assert table.horizons[0].rows[0].baselines["last_year"] > 0


def test_code_travels_to_workers_that_have_no_such_file(tmp_path):
    path = plugin_file(tmp_path, KIND)
    config = toy_config(tmp_path, lengths=(300,), plugins=[str(path)])
    bars = simulate_bars(300, seed=1)
    here = len(replay(bars, config).table)
    with present(guests_of(config)), open_crew(2) as crew:
        path.unlink()
        assert list(crew.map(tasks.levels_of(config), [bars, bars])) == [here, here]
    assert "every_fifty" not in KINDS


SWING = """
import numba
from engine.rules.pivots import swing_highs_confirmed

@numba.njit(cache=True, error_model="numpy")
def scan(open, high, low, close, indicators, start, stop, params, out):
    count = 0
    confirmed = swing_highs_confirmed(high, start, stop, params.pivot_bars)
    for i in range(start, stop):
        if confirmed[i - start] and usable(indicators[i, ATR], close[i]):
            p = i - params.pivot_bars
            count = put(out, count, i, p, p, 1, high[p] - params.zone_width_atr * indicators[i, ATR], high[p])
    return count
PLUGIN = Plugin(level_kinds=(LevelKind("my_swing", "swing high", 0.45, False, by_month, scan),))
"""


def test_a_numba_kind_finds_what_the_same_built_in_finds(tmp_path):
    from engine.rules.indicators import compute_indicators
    from engine.rules.kinds import find_candidates, level_params

    config = toy_config(tmp_path, lengths=(300,), plugins=[str(plugin_file(tmp_path, SWING))])
    bars = simulate_bars(600, seed=4)
    with present(guests_of(config)):
        found = find_candidates(bars, compute_indicators(bars), 0, 600, level_params(config.rules))
        names = np.array(KINDS.names)[found["kind"]]
        other = KINDS.position("my_swing")
    mine, theirs = found[names == "my_swing"], found[names == "swing_high"]
    assert len(mine) > 20
    assert (mine["kind"] == other).all()
    for name in ("bar", "formed", "since", "touches", "weight", "low", "high"):
        assert np.array_equal(mine[name], theirs[name])


def test_the_template_is_written_once_and_runs(tmp_path):
    path = tmp_path / "my_rules.py"
    written = CliRunner().invoke(app, ["init", "--plugin", str(path)])
    assert written.exit_code == 0
    assert written.output.strip() == str(path)
    again = CliRunner().invoke(app, ["init", "--plugin", str(path)])
    assert isinstance(again.exception, ConfigError)
    assert CliRunner().invoke(app, ["init"]).exit_code == 2
    config = toy_config(tmp_path, lengths=(300,), plugins=[str(path)])
    assert "rsi_change" in replay(simulate_bars(300, seed=1), config).frame
    assert HEAD.strip().startswith("import numpy")
    (tmp_path / "x.yaml").write_text(
        "name: x\ninstruments: [{symbol: X, source: {kind: bundled, name: nasdaq}}]\nplugins: [my_rules.py]\n"
    )
    assert load_config(tmp_path / "x.yaml").plugins == config.plugins


def test_a_slow_rule_is_named_with_its_pace():
    assert plugin_times({"level kind odd": [3.0, 40, 1_000_000], "model fast": [0.2, 1, 100]}) == [
        "level kind odd: 3.0 s, 3.0 µs a bar (audit included); the same in numba takes a hundredth."
    ]
    assert plugin_times(None) == []


def test_the_example_of_the_documentation_runs_and_passes_the_audit(tmp_path):
    text = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
    path = tmp_path / "from_the_page.py"
    path.write_text(text.split("```python\n")[1].split("```")[0])
    config = toy_config(tmp_path, lengths=(300,), plugins=[str(path)])
    bars = simulate_bars(500, seed=1)
    found = replay(bars, config)
    born = found.levels[(found.levels["kind"] == "outside_day") & (found.levels["kinds"] == 1)]
    outside = (
        (bars.high[1:] > bars.high[:-1]) & (bars.low[1:] < bars.low[:-1]) & (bars.close[1:] > bars.high[:-1])
    )
    days = bars.dates[1:][outside].astype("datetime64[us]")
    assert len(born) > 3
    assert set(born["confirmed"]) <= set(days)
    assert audit(bars, config, dates=5).passed
