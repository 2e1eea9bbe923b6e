"""Whole runs that are killed, interrupted, or lose the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import engine
from engine.config import dump_config
from engine.errors import RunError
from engine.runs.run import list_runs, open_run
from tests.effort import FULL, count
from tests.no_room import told_without_room
from tests.toy_universe import digests, toy_config

ROOT = Path(__file__).parents[2]
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="looks at processes in /proc, and forks"
)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Two short instruments, each a group of its own."""
    return toy_config(
        tmp_path_factory.mktemp("bars"), (600, 580), verify={"bootstrap_draws": 100, "placebo": False}
    )


def fields_of(pid: int) -> list[str]:
    """What the system says of a process, after its name; the first is its state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def alive(pid: int) -> bool:
    try:
        return fields_of(pid)[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(fields_of(int(folder.name))[1])
        except OSError:
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def in_a_fork(config, results: Path, until: float) -> float:
    """A whole run in a process that is killed after ``until`` seconds of computing; returns how long it has computed."""
    child = os.fork()
    if child == 0:
        try:
            engine.run(config, results=results)
        finally:
            os._exit(0)
    while (ended := os.wait4(child, os.WNOHANG))[0] == 0:
        user, system = fields_of(child)[11:13]
        if (int(user) + int(system)) / TICK >= until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.004)
    return ended[2].ru_utime + ended[2].ru_stime


@needs_proc
def test_a_run_killed_at_any_moment_is_interrupted_and_resumes_to_the_same_bytes(config, tmp_path):
    whole = in_a_fork(config, tmp_path / "whole", float("inf"))
    (name,) = list_runs(tmp_path / "whole")["run"]
    wanted = digests(tmp_path / "whole" / name)
    kills, resumed = count(2, 100), 0
    statuses = []
    for kill in range(kills):
        results = tmp_path / str(kill)
        in_a_fork(config, results, whole * (kill + 0.7) / kills)
        listed = list_runs(results) if results.is_dir() else list_runs(tmp_path / "nothing")
        statuses += list(listed["status"])
        for run, status in zip(listed["run"], listed["status"], strict=True):
            if status == "completed":  # it was over before it could be killed
                assert digests(open_run(results / run).path) == wanted
                continue
            assert status == "interrupted"
            with pytest.raises(RunError, match="status is"):
                open_run(results / run)
            if kill % (4 if FULL else 2) == 1:
                assert digests(engine.run(config, resume=results / run).path) == wanted
                assert list(list_runs(results)["status"]) == ["completed"]
                resumed += 1
    print(f"{kills} kills: {statuses.count('interrupted')} interrupted, {resumed} resumed to the same bytes")
    assert statuses.count("interrupted") >= kills * 0.8
    assert resumed >= kills // 5


@needs_proc
def test_a_run_without_room_names_the_file_and_says_how_to_go_on(config, tmp_path):
    code, said, hint = told_without_room(60_000, lambda: engine.run(config, results=tmp_path, audit_dates=0))
    (folder,) = tmp_path.iterdir()
    assert code == "run.disk_full"
    assert str(folder / "parts" / "instrument_00000_A.npz") in said
    assert f"--resume {folder}" in hint
    assert list(list_runs(tmp_path)["status"]) == ["failed"]
    assert not list(folder.rglob("*.part"))


@pytest.fixture
def started(config, tmp_path):
    """``engine run --workers 2`` in a session of its own, as a terminal starts it, with its two workers at work."""
    path = tmp_path / "toy.yaml"
    path.write_text(dump_config(config))
    begun = []

    def start(delay: float) -> tuple[subprocess.Popen, set[int]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", "run", str(path), "--workers", "2", "--results", str(tmp_path / "r")],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )  # fmt: skip
        begun.append(process)
        while len(workers := descendants(process.pid)) < 2 or not list(
            (tmp_path / "r").glob("*/manifest.json")
        ):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        time.sleep(delay)
        return process, workers | descendants(process.pid)

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def left_after_two_seconds(pids: set[int]) -> list[int]:
    until = time.monotonic() + 2.0
    while time.monotonic() < until and any(map(alive, pids)):
        time.sleep(0.02)
    left = [pid for pid in pids if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


@needs_proc
def test_ctrl_c_on_a_run_with_workers_says_what_is_kept_and_leaves_no_process(started, tmp_path):
    process, everyone = started(0.2)
    os.killpg(process.pid, signal.SIGINT)  # a terminal interrupts everybody
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "interrupted: " in said
    assert "--resume" in said
    assert not left_after_two_seconds(everyone)
    assert list(list_runs(tmp_path / "r")["status"]) == ["interrupted"]


@needs_proc
def test_no_process_of_a_run_outlives_the_one_that_started_it(started, tmp_path):
    kills = count(1, 20)
    hows = [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]
    for kill in range(kills):
        process, everyone = started(2.0 * kill / kills)
        process.send_signal(hows[kill % 3])
        process.wait()
        assert not left_after_two_seconds(everyone), hows[kill % 3]
        assert process.returncode == -hows[kill % 3]
    assert set(list_runs(tmp_path / "r")["status"]) == {"interrupted"}
    print(f"{kills} kills of the process that started a run: nothing left after 2 s")
