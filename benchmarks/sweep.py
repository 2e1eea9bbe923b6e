"""Trials of a search beside an earlier build, a sweep of 60 points, and ten thousand trials.

With ``ENGINE_BASE`` naming a checkout of another build (``git worktree add /tmp/base 9c17f48``), the processor time of a
trial is measured in both builds, each in a process of its own, by turns, and the smallest of three counts.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.config import Config, load_config, with_overrides
from engine.tune.tune import tune

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "configs" / "nasdaq.yaml"
OVER = (
    "forecast.calibrator=identity,temperature,vector",
    "rules.rsi_bull=46.0..54.0/4",
    "backtest.entry_threshold=0.3..0.5/5",
)
_TRIALS = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from engine.config import load_config, with_overrides
from engine.tune.tune import tune

at = []

def progress(done, total):
    used = resource.getrusage(resource.RUSAGE_SELF)
    at.append((done, used.ru_utime + used.ru_stime))
    if done == total:
        # from the end of the first batch on: bars are read, and what no trial can move is computed; no verdict is made
        print((at[-1][1] - at[0][1]) / (at[-1][0] - at[0][0]), flush=True)
        os._exit(0)

over = {"tune.group": sys.argv[3], "tune.holdout_sessions": 504}
if sys.argv[3] == "event":
    over["tune.unlock_events"] = True
config = with_overrides(load_config(sys.argv[2]), over)
tune(config, trials=int(sys.argv[4]), progress=progress)
"""
_TRIALS_OF = {"model": 16, "decision": 104, "event": 12}
_BUDGETS = {"model": 3.0, "decision": 4.0, "event": 2.0}


def constant(config: Config) -> float:
    """An objective that costs nothing: what is left is the search itself."""
    return config.rules.rsi_bull


def measure() -> list[dict[str, Any]]:
    """Each row: name, value, unit, budget."""
    rows = []
    base = os.environ.get("ENGINE_BASE")
    builds = [str(ROOT)] if base is None else [str(ROOT), base]
    for group, trials in _TRIALS_OF.items():
        turns = [[_seconds_per_trial(build, group, trials) for build in builds] for _ in range(3)]
        spent = dict(zip(builds, np.min(turns, axis=0), strict=True))
        mine = spent[str(ROOT)]
        rows.append(_row(f"trials, {group} group, processor time", 1.0 / mine, "trials/s", None))
        if base is not None:
            rows.append(
                _row(
                    f"the same, times the rate of {base}", spent[base] / mine, "x", f">= {_BUDGETS[group]:g}"
                )
            )
    rows.append(_row("sweep of 60 points, start included", _sweep(), "s", "<= 20"))
    rows += _many_trials(10_000)
    rows += _with_a_database()
    return rows


def _seconds_per_trial(build: str, group: str, trials: int) -> float:
    command = [sys.executable, "-c", _TRIALS, build, str(CONFIG), group, str(trials)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=build)
    return float(done.stdout)


def _sweep() -> float:
    with tempfile.TemporaryDirectory() as results:
        over = [part for text in OVER for part in ("--over", text)]
        command = [sys.executable, "-m", "engine", "sweep", str(CONFIG), *over, "--results", results]
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
        return time.perf_counter() - started


def _many_trials(count: int) -> list[dict[str, Any]]:
    config = with_overrides(load_config(CONFIG), {"tune.batch": 10})
    tune(config, trials=20, evaluate=constant)
    memory, at = [], []

    def progress(done: int, total: int) -> None:
        at.append((done, time.process_time()))
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    tune(config, trials=count, evaluate=constant, progress=progress)
    done, spent = (np.array(column, dtype=np.float64) for column in zip(*at, strict=True))

    def of_hundred(first: int) -> float:
        return float(np.interp(first + 100, done, spent) - np.interp(first, done, spent))

    return [
        _row(
            "last 100 of 10,000 trials, times the first 100",
            of_hundred(count - 100) / of_hundred(config.tune.batch),
            "x",
            "<= 1.5",
        ),
        _row("the same, times trials 1,000 to 1,100", of_hundred(count - 100) / of_hundred(1000), "x", None),
        _row(
            "memory a trial, from trial 1,000 to 10,000",
            1e3 * (memory[-1] - memory[len(memory) // 10]) / (0.9 * count),
            "kB",
            None,
        ),
    ]


def _with_a_database(trials: int = 100) -> list[dict[str, Any]]:
    """What a study in a SQLite file adds to a trial: processor time, and how often it waits for the disk."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    config = with_overrides(load_config(CONFIG), {"tune.batch": 10})
    wrote, waits = [], []

    def executing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split()[0] in ("INSERT", "UPDATE"):
            wrote.append(1)

    def committing(_: Any) -> None:
        waits.append(bool(wrote))
        wrote.clear()

    with tempfile.TemporaryDirectory() as folder:
        storage = f"sqlite:///{folder}/study.db"
        tune(config, trials=10, evaluate=constant, storage=storage)
        event.listen(Engine, "before_cursor_execute", executing)
        event.listen(Engine, "commit", committing)
        started = time.process_time()
        tune(config, trials=trials, evaluate=constant, storage=storage)
        spent = time.process_time() - started
        event.remove(Engine, "before_cursor_execute", executing)
        event.remove(Engine, "commit", committing)
    return [
        _row("a trial that costs nothing, study in a file: processor time", 1e3 * spent / trials, "ms", None),
        _row("  transactions that write, a trial", sum(waits) / trials, "", "<= 5"),
    ]


def _row(name: str, value: float, unit: str, budget: str | None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
