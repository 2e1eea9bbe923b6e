"""Several machines on one PostgreSQL: two processes on one study, one of them killed; the trials are those of one process."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest

from engine.errors import ConfigError
from engine.tune.tune import tune
from tests.tune.fakes import config_of, slow_bowl

pytest.importorskip("psycopg", reason="the extra postgres is not installed")
ROOT = Path(__file__).parents[2]
SPACE = {"rules.rsi_bull": [42.0, 58.0], "rules.slope_sessions": [5, 60]}
TRIALS = 12


def program(name):
    """Of the newest server there is; Debian keeps them out of the path."""
    found = [
        shutil.which(name),
        *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)),
    ]
    return next((path for path in found if path), None)


@pytest.fixture(scope="module")
def server():
    """The URL of a server of its own on loopback, gone with its data afterwards."""
    if program("initdb") is None or program("postgres") is None:
        pytest.skip("no PostgreSQL server here")
    as_user = {}
    if os.getuid() == 0:  # the server refuses to run as root
        try:
            import pwd

            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("root, and no user postgres to run the server as")
        as_user = {"user": "postgres"}
    folder = tempfile.mkdtemp(prefix="engine-postgres-")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = None
    try:
        if as_user:
            shutil.chown(folder, "postgres")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **as_user}
        data = f"{folder}/data"
        subprocess.run(
            [program("initdb"), "-D", data, "-A", "trust", "-U", "engine", "-N"], check=True, **quiet
        )
        process = subprocess.Popen(
            [program("postgres"), "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"], **quiet
        )
        for _ in range(100):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"postgresql://engine@127.0.0.1:{port}/postgres"
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


SEARCH = """
import sys
from engine.tune.tune import tune
from tests.tune.fakes import config_of, slow_bowl
from tests.tune.test_postgres import SPACE
tune(config_of(space=SPACE), trials=int(sys.argv[2]), storage=sys.argv[1], study="shared", evaluate=slow_bowl)
"""


def searching(url, trials):
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH, url, str(trials)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def finished(url):
    import psycopg

    with psycopg.connect(url) as database:
        there = database.execute("select to_regclass('trials')").fetchone()[0]
        if there is None:
            return 0
        return database.execute("select count(*) from trials where state <> 'RUNNING'").fetchone()[0]


def test_two_processes_on_one_study_and_one_is_killed(server):
    one, two = searching(server, TRIALS), searching(server, TRIALS)
    try:
        deadline = time.monotonic() + 120
        while finished(server) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        two.kill()
        two.wait()
        assert one.wait(120) == 0
    finally:
        for process in (one, two):
            process.kill()
            process.wait()
    config = config_of(space=SPACE)
    done = finished(server)
    assert done >= TRIALS
    shared = tune(config, trials=0, storage=server, study="shared", evaluate=slow_bowl)
    whole = tune(config, trials=len(shared.trials), evaluate=slow_bowl)
    pd.testing.assert_frame_equal(shared.trials, whole.trials)
    assert shared.best_values == whole.best_values
    # the same name with another config is refused, and the difference is named
    other = config.model_copy(update={"seed": 8})
    with pytest.raises(ConfigError) as error:
        tune(other, trials=1, storage=server, study="shared", evaluate=slow_bowl)
    assert error.value.code == "tune.other_config"
    assert "seed: 7 against 8" in error.value.message


def test_a_server_that_is_not_there_is_named_without_the_password():
    with pytest.raises(ConfigError) as error:
        tune(
            config_of(space=SPACE),
            trials=1,
            storage="postgresql://me:secret@127.0.0.1:1/nothing",
            evaluate=slow_bowl,
        )
    assert error.value.code == "tune.bad_storage"
    assert "secret" not in str(error.value)
