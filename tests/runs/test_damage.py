"""Runs that were killed, and folders that are not as a run wrote them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import commands
from engine.bars.load import load_all
from engine.errors import EngineError, RunError
from engine.files import sha256_of, write_text
from engine.foreign import visible
from engine.processes import this_process
from engine.runs.folder import MANIFEST, RunFolder
from engine.runs.run import list_runs, open_run
from tests.conftest import small_config
from tests.effort import count

quiet = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["status", "data", "artefacts", "instruments", "findings", "horizons", "10", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def write_a_small_run(results):
    config = small_config()
    folder = RunFolder(results, config, BARS, "test")
    for name in ("levels.parquet", "replay.parquet"):
        folder.write_frame(name, pd.DataFrame({"a": [1, 2]}))
    folder.log("half way")
    folder.save_manifest()
    folder.write_json("metrics.json", {"findings": []})
    folder.finish()


BARS = load_all(small_config())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the run that is killed is a fork")
def test_no_killed_run_looks_finished(tmp_path):
    """Killed before the k-th time that a file is opened, moved or removed, for every k there is: 100 and more."""
    kills = finished = 0
    for point in range(1, 1000):
        results = tmp_path / str(point)
        results.mkdir()
        child = os.fork()
        if child == 0:
            calls = []

            def watch(event, arguments, calls=calls, point=point):
                if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "tempfile.mkstemp"):
                    calls.append(event)
                    if len(calls) == point:
                        os.kill(os.getpid(), signal.SIGKILL)

            try:
                sys.addaudithook(watch)
                write_a_small_run(results)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        listed = list_runs(results)
        if os.waitstatus_to_exitcode(status) == 0:
            assert listed["status"].tolist() == ["completed"]
            finished += 1
            break
        kills += 1
        # the last calls come after the manifest was moved into place: what they interrupt is whole
        assert set(listed["status"]) <= {"interrupted", "completed"}
        for name in listed.loc[listed["status"] == "completed", "run"]:
            run = open_run(results / name)
            assert all(sha256_of(run.path / f) == h for f, h in run.manifest["artefacts"].items())
        for name in listed.loc[listed["status"] == "interrupted", "run"]:
            with pytest.raises(RunError) as error:
                open_run(results / name)
            assert error.value.code == "run.not_completed"
    assert finished == 1
    assert kills >= 50


def test_a_run_whose_process_lives_is_running_and_one_of_another_machine_too(tmp_path):
    folder = RunFolder(tmp_path, small_config(), BARS, "test")
    assert list_runs(tmp_path)["status"].tolist() == ["running"]
    path = folder.path / MANIFEST
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for change, status in (
        ({"process_id": gone.pid}, "interrupted"),
        ({"process_started": "another boot"}, "interrupted"),
        ({"process_id": gone.pid, "machine": "elsewhere"}, "running"),
    ):
        path.write_text(json.dumps(folder.manifest | {"process": this_process() | change}))
        assert list_runs(tmp_path)["status"].tolist() == [status]


def test_an_interrupt_says_what_was_kept(tmp_path, monkeypatch, capsys):
    from engine import cli

    def interrupted(*_):
        raise KeyboardInterrupt

    config = small_config(replay={"start": "2004-01-01", "end": "2010-12-31"})
    monkeypatch.setattr("engine.verify.verify.verify", interrupted)
    monkeypatch.setattr("engine.config.load_config", lambda *_: config)
    monkeypatch.setattr(sys, "argv", ["engine", "run", "x.yaml", "--results", str(tmp_path)])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    said = capsys.readouterr().err
    assert said.startswith("interrupted: ")
    assert "replay.parquet" in said
    assert list_runs(tmp_path)["status"].tolist() == ["interrupted"]


@pytest.fixture(scope="module")
def copy_of(finished, tmp_path_factory):
    results = tmp_path_factory.mktemp("damaged")
    (results / "sound").mkdir()
    shutil.copytree(finished.path, results / "run")
    return results / "run"


def restore(finished, folder):
    for path in finished.path.rglob("*"):
        if path.is_file():
            copy = folder / path.relative_to(finished.path)
            if (
                not copy.is_file()
                or copy.stat().st_size != path.stat().st_size
                or sha256_of(copy) != sha256_of(path)
            ):
                copy.unlink(missing_ok=True)
                shutil.copyfile(path, copy)


def looks(folder):
    """Everything that reads a run folder without drawing it."""
    run = open_run(folder)
    for name in ("config", "metrics", "scenarios", "forecasts", "trades", "bars", "brief", "_repr_html_"):
        value = getattr(run, name)
        if callable(value):
            value()


def answered(folder, name):
    try:
        looks(folder)
    except EngineError as error:
        caught = error
    else:
        return
    assert caught.code
    assert caught.hint
    assert name in caught.message or folder.name in caught.message
    assert visible(str(caught), lines=True) == str(caught)


FILES = [
    "manifest.json",
    "config.yaml",
    "metrics.json",
    "scenario.json",
    "forecasts.parquet",
    "replay.parquet",
    "brief.md",
]


@settings(quiet, max_examples=count(60, 400))
@given(st.sampled_from(FILES), st.binary(max_size=12), st.floats(0, 1), st.booleans())
def test_a_damaged_file_is_one_error_that_names_it(finished, copy_of, name, noise, place, cut):
    path = copy_of / name
    whole = path.read_bytes()
    at = round(place * len(whole))
    path.write_bytes(whole[:at] + noise + (b"" if cut else whole[at + len(noise) :]))
    try:
        answered(copy_of, name)
        listed = list_runs(copy_of.parent)
        assert len(listed) == 1
    finally:
        restore(finished, copy_of)


@settings(quiet, max_examples=count(60, 200))
@given(st.sampled_from(["manifest.json", "metrics.json", "scenario.json"]), any_json, st.booleans())
def test_any_shape_of_json_is_one_error_that_names_the_file(finished, copy_of, name, value, keep):
    path = copy_of / name
    known = json.loads(path.read_text())
    if keep and isinstance(value, dict) and isinstance(known, dict):
        value = known | value
    text = json.dumps(value)
    path.write_text(text)
    if (
        name != MANIFEST
    ):  # with its fingerprint, as somebody would leave it who edits a file by hand and means it
        manifest = json.loads((copy_of / MANIFEST).read_text())
        manifest["artefacts"][name] = sha256_of(path)
        (copy_of / MANIFEST).write_text(json.dumps(manifest))
    try:
        answered(copy_of, name)
        assert len(list_runs(copy_of.parent)) == 1
    finally:
        restore(finished, copy_of)


def test_a_folder_that_is_no_run_breaks_no_list(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "good")
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / MANIFEST).mkdir()
    (tmp_path / "b" / MANIFEST).write_bytes(b"\xff\xfe")
    (tmp_path / "c" / MANIFEST).write_text("[" * 100_000)
    listed = list_runs(tmp_path).set_index("run")["status"]
    assert listed.to_dict() == {"a": "damaged", "b": "damaged", "c": "damaged", "good": "completed"}


def test_a_completed_run_without_a_fingerprint_is_damaged(finished, copy_of):
    manifest = json.loads((copy_of / MANIFEST).read_text())
    del manifest["artefacts"]["metrics.json"]
    (copy_of / MANIFEST).write_text(json.dumps(manifest))
    with suppress(AttributeError), pytest.raises(RunError) as error:
        open_run(copy_of).metrics  # noqa: B018
    restore(finished, copy_of)
    assert error.value.code == "run.damaged"


def test_drawing_and_showing_a_folder_that_does_not_fit_together(finished, copy_of):
    path = copy_of / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["backtest"] = {"instruments": 3, "warnings": 7, "all": []}
    path.write_text(json.dumps(metrics))
    manifest = json.loads((copy_of / MANIFEST).read_text())
    manifest["artefacts"]["metrics.json"] = sha256_of(path)
    (copy_of / MANIFEST).write_text(json.dumps(manifest))
    try:
        commands.report(copy_of)
    except RunError as error:
        assert error.code == "run.damaged"  # noqa: PT017
    restore(finished, copy_of)


def test_a_full_disk_names_the_file(tmp_path):
    import errno

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    from engine.files import write_atomic

    with pytest.raises(OSError, match="No space") as error:
        write_atomic(tmp_path / "forecasts.parquet", full)
    assert error.value.filename == str(tmp_path / "forecasts.parquet")
    write_text(tmp_path / "a.txt", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt"]
