"""A run folder is whole or says that it is not."""

from __future__ import annotations

import json
import os

import pandas as pd
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import load_config, parse_config
from engine.errors import RunError
from engine.files import append_line, open_for_lines, sha256_of, write_atomic
from engine.runs.folder import RunFolder
from engine.runs.run import list_runs, open_run

CONFIG = parse_config(
    {"name": "x", "instruments": [{"symbol": "X", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)
BARS = {"X": simulate_bars(50, symbol="X")}


def test_status_is_running_until_the_end_and_artefacts_are_fingerprinted(tmp_path):
    folder = RunFolder(tmp_path, CONFIG, BARS, "engine run x.yaml")
    manifest = json.loads((folder.path / "manifest.json").read_text())
    assert manifest["status"] == "running"
    with pytest.raises(RunError) as caught:
        open_run(folder.path)
    assert caught.value.code == "run.not_completed"
    folder.write_frame("replay.parquet", pd.DataFrame({"a": [1.0, 2.0]}))
    folder.finish()
    run = open_run(folder.path)
    assert run.manifest["status"] == "completed"
    assert run.manifest["artefacts"]["replay.parquet"] == sha256_of(folder.path / "replay.parquet")
    assert set(run.manifest["artefacts"]) == {"config.yaml", "run.log", "replay.parquet"}
    assert load_config(folder.path / "config.yaml") == CONFIG
    assert list_runs(tmp_path)["status"].tolist() == ["completed"]


def test_a_folder_is_never_written_into_twice(tmp_path):
    first, second = (RunFolder(tmp_path, CONFIG, BARS, "engine run") for _ in range(2))
    assert first.path != second.path


def test_other_bars_or_another_config_give_another_hash(tmp_path):
    def digest(config, bars):
        return RunFolder(tmp_path, config, bars, "").path.name.split("_")[-1].split("-")[0]

    base = digest(CONFIG, BARS)
    assert digest(CONFIG, BARS) == base
    assert digest(CONFIG, {"X": simulate_bars(51, symbol="X")}) != base
    assert digest(CONFIG.model_copy(update={"seed": 8}), BARS) != base


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_opening_what_is_no_run(tmp_path):
    with pytest.raises(RunError) as caught:
        open_run(tmp_path)
    assert caught.value.code == "run.not_found"
    folder = RunFolder(tmp_path, CONFIG, BARS, "")
    folder.finish()
    with pytest.raises(RunError, match=r"replay\.parquet"):
        _ = open_run(folder.path).replay


def finished(tmp_path):
    folder = RunFolder(tmp_path, CONFIG, BARS, "")
    folder.write_frame("replay.parquet", pd.DataFrame({"a": [1.0, 2.0]}))
    folder.write_json("metrics.json", {"a": 1})
    folder.finish()
    return folder.path


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("replay.parquet", lambda run: run.replay),
        ("metrics.json", lambda run: run.metrics),
        ("config.yaml", lambda run: run.config),
    ],
)
@pytest.mark.parametrize("keep", [0, 5])
def test_a_file_that_is_not_as_the_run_wrote_it_is_named(tmp_path, name, read, keep):
    path = finished(tmp_path)
    assert read(open_run(path)) is not None
    (path / name).write_bytes((path / name).read_bytes()[:keep])
    with pytest.raises(RunError, match=name) as caught:
        read(open_run(path))
    assert caught.value.code == "run.damaged"


@pytest.mark.parametrize("text", ["", '{"status": "comp', "[]", "{}"])
def test_a_manifest_that_is_none_is_named_and_does_not_hide_the_other_runs(tmp_path, text):
    sound, broken = finished(tmp_path), finished(tmp_path)
    (broken / "manifest.json").write_text(text)
    with pytest.raises(RunError) as caught:
        open_run(broken)
    assert caught.value.code == "run.damaged"
    listed = list_runs(tmp_path).set_index("run")
    assert listed.loc[sound.name, "status"] == "completed"
    assert listed.loc[broken.name, "status"] == "damaged"


def test_a_line_that_cannot_be_written_whole_leaves_nothing_of_itself(tmp_path, monkeypatch):
    path = tmp_path / "new" / "lines.jsonl"
    with open_for_lines(path) as handle:
        append_line(handle, "first")
    write = os.write

    def full_after_three_bytes(handle, data):
        if len(data) < 7:
            raise OSError("disk full")
        return write(handle, data[:3])

    monkeypatch.setattr(os, "write", full_after_three_bytes)
    with open_for_lines(path) as handle, pytest.raises(OSError, match="disk full"):
        append_line(handle, "second")
    assert path.read_text() == "first\n"
