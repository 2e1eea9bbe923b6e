"""Order, kills, errors and orphans of the crews; the cluster is in test_cluster.py."""

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.errors import DataError, RunError
from engine.parallel import Alone, cores, open_crew
from engine.parallel.crew import AHEAD
from engine.parallel.local import Processes
from engine.parallel.worker import ATTEMPTS
from tests.parallel import tasks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def two():
    with Processes(2) as crew:
        yield crew


def test_results_come_in_the_order_of_the_tasks_whoever_is_first(two):
    work = [(0.2, 1), (0.0, 2), (0.0, 3), (0.1, 4), (0.0, 5)]
    assert list(two.map(tasks.square, work)) == [1, 4, 9, 16, 25]
    assert list(Alone().map(tasks.square, work[1:3])) == [4, 9]
    assert list(two.map(tasks.square, [])) == []


def test_only_a_few_tasks_are_taken_ahead(two):
    taken = []

    def work():
        for value in range(20):
            taken.append(value)
            yield (0.0, value)

    results = two.map(tasks.square, work())
    assert next(results) == 0
    assert len(taken) <= 1 + 2 * AHEAD
    results.close()
    assert list(two.map(tasks.square, [(0.0, 7)])) == [49], "a crew whose results were left goes on"


def test_an_error_of_a_worker_is_raised_as_it_is(two):
    with pytest.raises(DataError) as caught:
        list(two.map(tasks.refuse, [1, 2, 3]))
    assert (caught.value.code, caught.value.message, caught.value.hint) == (
        "data.test",
        "2 is refused",
        "give another",
    )
    assert caught.value.exit_code == 3
    for crew in (two, Alone()):
        with pytest.raises(RunError, match="S1") as caught:
            list(crew.map(tasks.eat, [0, 1], ["S0", "S1"]))
        assert caught.value.code == "parallel.out_of_memory"


def test_a_killed_worker_costs_a_retry_and_changes_nothing(two, tmp_path):
    assert list(two.map(tasks.die_once, [(str(tmp_path), v) for v in range(5)])) == [0, 1, 2, 3, 4]
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_a_task_that_kills_every_worker_is_named(two):
    with pytest.raises(RunError, match="RUT") as caught:
        list(two.map(tasks.die, [0, 1, 2], ["GC", "RUT", "ES"]))
    assert caught.value.code == "parallel.worker_died"
    assert ATTEMPTS == 3


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="memory is given back by the C library of most Linux"
)
def test_a_worker_hands_freed_memory_back():
    """The last piece stays, so the library keeps what lies below it until it is asked."""
    with Processes(1) as one:
        (before,) = one.map(tasks.resident_megabytes, [None])
        (most,) = one.map(tasks.use_memory, [120])
        (after,) = one.map(tasks.resident_megabytes, [None])
    assert most > before + 100
    assert after < before + 40


def test_one_worker_is_this_process():
    assert isinstance(open_crew(1), Alone)
    assert cores() >= 1
    with open_crew(1) as crew:
        assert list(crew.map(tasks.many_results_are_held, [0])) == [os.getpid()]


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path, end):
    script = (
        "from engine.parallel.local import Processes\n"
        "from tests.parallel.tasks import tell_and_work_on\n"
        "if __name__ == '__main__':\n"
        "    with Processes(2) as crew:\n"
        f"        list(crew.map(tell_and_work_on, [{str(tmp_path)!r}] * 2))\n"
    )
    path = tmp_path / "parent.py"
    path.write_text(script)
    parent = subprocess.Popen(
        [sys.executable, str(path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    found = _until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    parent.send_signal(end)
    parent.wait(10)
    assert found, "the workers never began"
    pids = [int(p.stem) for p in tmp_path.glob("*.pid")]
    assert _until(lambda: not any(_runs(pid) for pid in pids)), "a worker goes on without its parent"


def _until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
