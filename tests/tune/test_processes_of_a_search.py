"""Kills, several processes on one storage, and workers that must not outlive their parent."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from engine.errors import RunError
from engine.tune.tune import tune
from tests.effort import count
from tests.no_room import no_room_beyond, told_without_room
from tests.tune.fakes import bowl, config_of

SPACE = {
    "rules.rsi_bull": [42.0, 58.0],
    "rules.slope_sessions": [5, 60],
    "forecast.window": ["expanding", "rolling"],
}
TRIALS = 6
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick_disk():
    """No waiting for the disk: what a killed process has committed is there without it, too."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def hurry(connection, _):
        connection.execute("pragma synchronous = off")

    event.listen(Engine, "connect", hurry)
    yield
    event.remove(Engine, "connect", hurry)


def in_a_process_that_dies(storage, write, workers):
    """Search in a fork that is gone, without a word, before the ``write``-th time the database would keep something.

    Returns how many writes there were where it lived to the end.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    counted, told = os.pipe()
    child = os.fork()
    if child == 0:
        writes = []

        def committing(connection):
            writes.append(1)
            if len(writes) == write:
                os._exit(77)

        try:
            event.listen(Engine, "commit", committing)
            tune(
                config_of(space=SPACE, batch=3),
                trials=TRIALS,
                workers=workers,
                storage=storage,
                evaluate=bowl,
            )
            os.write(told, str(len(writes)).encode())
        finally:
            os._exit(0)
    os.close(told)
    _, status = os.waitpid(child, 0)
    with os.fdopen(counted) as said:
        whole = said.read()
    assert os.waitstatus_to_exitcode(status) == (0 if whole else 77)
    return int(whole or 0)


def rows(path):
    database = sqlite3.connect(path)
    found = []
    for trial, *facts in database.execute(
        "select t.trial_id, number, state, value from trials t left join trial_values v using (trial_id) order by number"
    ).fetchall():
        params = database.execute(
            "select param_name, param_value from trial_params where trial_id = ? order by 1", (trial,)
        )
        found.append((*facts, tuple(params.fetchall())))
    return found


def finished(path):
    return sum(state in ("COMPLETE", "FAIL") for _, state, *_ in rows(path)) if has_trials(path) else 0


def has_trials(path):
    tables = sqlite3.connect(path).execute("select name from sqlite_master where name = 'trials'")
    return tables.fetchone() is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process that dies is a fork")
@pytest.mark.parametrize(("workers", "points"), [(1, count(7, 25)), (2, count(1, 25))])
def test_a_search_killed_at_any_write_ends_as_the_unbroken_one(tmp_path, workers, points):
    whole = tmp_path / "whole.db"
    total = in_a_process_that_dies(f"sqlite:///{whole}", 0, 1)
    assert total > 5 * TRIALS
    wanted = rows(whole)
    assert [state for _, state, *_ in wanted] == ["COMPLETE"] * TRIALS
    first = 1 if workers == 1 else total // 3
    for write in sorted({first + round(k * (total - first) / max(points - 1, 1)) for k in range(points)}):
        path = tmp_path / f"killed_{write}.db"
        in_a_process_that_dies(f"sqlite:///{path}", write, workers)
        left = TRIALS - finished(path)
        tune(
            config_of(space=SPACE, batch=3),
            trials=left,
            workers=workers,
            storage=f"sqlite:///{path}",
            evaluate=bowl,
        )
        assert rows(path) == wanted, f"killed at write {write} of {total}"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process that has no room is a fork")
def test_a_database_without_room_is_one_error_and_the_search_goes_on_later(tmp_path):
    path = tmp_path / "full.db"
    seen = []

    def filling(config):
        seen.append(config)
        if len(seen) == 4:
            no_room_beyond(path.stat().st_size // 2)  # pages behind it cannot be written
        return bowl(config)

    def search(evaluate=filling, trials=TRIALS):
        return tune(
            config_of(space=SPACE, batch=3),
            trials=trials,
            workers=1,
            storage=f"sqlite:///{path}",
            evaluate=evaluate,
        )

    code, said, hint = told_without_room(None, search)
    assert code == "tune.storage_failed"
    assert str(path) in said
    assert "--trials 0" in hint
    search(bowl, TRIALS - finished(path))
    whole = tmp_path / "whole.db"
    tune(
        config_of(space=SPACE, batch=3), trials=TRIALS, workers=1, storage=f"sqlite:///{whole}", evaluate=bowl
    )
    assert rows(path) == rows(whole)


def test_a_database_that_goes_away_in_mid_search_keeps_the_trials_and_the_search_goes_on(tmp_path):
    """The connection is lost at a write, and at every one after it, until the server is back."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.exc import OperationalError

    config, whole = config_of(space=SPACE, batch=3), tmp_path / "whole.db"
    writes, lost_from = [], [10**9]

    def lose(connection):
        writes.append(1)
        if len(writes) >= lost_from[0]:
            raise OperationalError("COMMIT", {}, ConnectionError("server closed the connection unexpectedly"))

    def search(storage, trials):
        return tune(config, trials=trials, storage=storage, evaluate=bowl).trials

    event.listen(Engine, "commit", lose)
    try:
        wanted = search(f"sqlite:///{whole}", TRIALS)
        middle, last = len(writes) // 2, len(writes)  # the last one is made by the verdict, after all trials
        for lost, most in ((middle, TRIALS - 1), (last, TRIALS)):
            storage = f"sqlite:///{tmp_path / f'lost_{lost}.db'}"
            writes.clear()
            lost_from[0] = lost
            with pytest.raises(RunError) as error:
                search(storage, TRIALS)
            assert error.value.code == "tune.storage_failed"
            assert "server closed the connection" in error.value.message
            lost_from[0] = 10**9
            kept = search(storage, 0)
            assert 0 < len(kept) <= most
            pd.testing.assert_frame_equal(kept, wanted[: len(kept)])
            pd.testing.assert_frame_equal(search(storage, TRIALS - len(kept)), wanted)
    finally:
        event.remove(Engine, "commit", lose)


def test_how_the_trials_are_cut_into_calls_does_not_matter(tmp_path):
    config = config_of(space=SPACE, batch=3)
    storage = f"sqlite:///{tmp_path / 'cut.db'}"
    for trials in (3, 5, 1, 7):
        cut = tune(config, trials=trials, storage=storage, evaluate=bowl)
    whole = tune(config, trials=16, evaluate=bowl)
    pd.testing.assert_frame_equal(cut.trials, whole.trials)


SEARCH = """
import sys
from engine.tune.tune import tune
from tests.tune.fakes import config_of, {objective}
from tests.tune.test_processes_of_a_search import SPACE
if __name__ == "__main__":
    tune(config_of(space=SPACE, batch=3), trials={trials}, workers={workers}, storage=sys.argv[1], evaluate={objective})
"""


def start(folder, code, *arguments):
    script = folder / "script.py"
    script.write_text(code)
    return subprocess.Popen(
        [sys.executable, script, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_begin_together_make_the_search_of_one(tmp_path):
    path = tmp_path / "shared.db"
    code = SEARCH.format(objective="slow_bowl", trials=8, workers=1)
    together = [start(tmp_path, code, f"sqlite:///{path}") for _ in range(2)]
    for process in together:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    whole = tune(
        config_of(space=SPACE, batch=3), trials=16, storage=f"sqlite:///{tmp_path / 'one.db'}", evaluate=bowl
    )
    assert len(whole.trials) == 16
    assert rows(path) == rows(tmp_path / "one.db")


@pytest.mark.parametrize("number", [2, TRIALS - 1])
def test_a_trial_that_another_process_finished_meanwhile_is_not_counted(tmp_path, monkeypatch, number):
    """Between signing off and the last result others may take the last trial: then it is theirs, and one more is ours."""
    from engine.tune import search

    path = tmp_path / "taken.db"
    tell = search.write_result
    taken = []

    def late(study, trial, result):
        if trial.number == number and not taken:
            taken.append(number)
            assert tell(study, trial, result)
        return tell(study, trial, result)

    monkeypatch.setattr(search, "write_result", late)
    config = config_of(space=SPACE, batch=3)
    tune(config, trials=TRIALS, storage=f"sqlite:///{path}", evaluate=bowl)
    assert taken == [number]
    assert finished(path) == TRIALS + 1
    tune(config, trials=TRIALS + 1, storage=f"sqlite:///{tmp_path / 'whole.db'}", evaluate=bowl)
    assert rows(path) == rows(tmp_path / "whole.db")


def children_of(pid):
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


CREW = """
import sys
from engine.tune.evaluation import Workers
from tests.tune.fakes import config_of, endless
if __name__ == "__main__":
    with Workers(endless, 2) as crew:
        crew.run([config_of(), config_of()])
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP][: count(1, 3)])
def test_workers_end_with_their_parent(tmp_path, how):
    parent = start(tmp_path, CREW)
    for _ in range(600):
        workers = [pid for pid in children_of(parent.pid) if is_evaluating(tmp_path, pid)]
        if len(workers) == 2:
            break
        assert parent.poll() is None, parent.stderr.read()
        time.sleep(0.05)
    everyone = children_of(parent.pid)
    parent.send_signal(how)
    parent.wait()
    until = time.monotonic() + 2.0
    while time.monotonic() < until and any(map(alive, everyone)):
        time.sleep(0.02)
    left = [pid for pid in everyone if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(everyone) >= 2
    assert not left


def is_evaluating(folder, pid):
    return (folder / f"working_{pid}").exists()
