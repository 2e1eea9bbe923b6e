"""A crew of a Dask cluster on this machine; skipped without the extra ``cluster``."""

import socket
import time

import pytest

from engine.bars.simulate import simulate_bars
from engine.config import guests_of
from engine.errors import ConfigError, DataError, RunError
from engine.guests import present
from engine.parallel import cluster, open_crew
from engine.replay.replay import replay
from tests.parallel import tasks
from tests.plugins.files import KIND, plugin_file, with_plugins

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as made:
        yield made.scheduler_address


def test_a_cluster_gives_what_this_process_gives(address):
    with open_crew(cluster=address) as crew:
        assert crew.workers == 2
        assert list(crew.map(tasks.square, [(0.1, 1), (0.0, 2), (0.0, 3)])) == [1, 4, 9]
        with pytest.raises(DataError) as caught:
            list(crew.map(tasks.refuse, [1, 2, 3]))
        assert (caught.value.code, caught.value.hint) == ("data.test", "give another")
        with pytest.raises(RunError, match="RUT") as caught:
            list(crew.map(tasks.eat, [1], ["RUT"]))
        assert caught.value.code == "parallel.out_of_memory"


def test_workers_of_another_engine_are_refused_and_both_are_named(address, monkeypatch):
    theirs = cluster.identity()
    monkeypatch.setattr(cluster, "_mine", lambda: "0.0.1 (abc)")
    with pytest.raises(ConfigError) as caught:
        open_crew(cluster=address)
    assert caught.value.code == "parallel.other_version"
    assert "0.0.1 (abc)" in caught.value.message
    assert theirs in caught.value.message


def test_a_cluster_that_is_not_there_is_an_error_within_ten_seconds():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    for wrong in (f"tcp://127.0.0.1:{port}", "nonsense", "tcp://127.0.0.1:port"):
        with pytest.raises(ConfigError) as caught:
            open_crew(cluster=wrong)
        assert caught.value.code == "parallel.no_cluster"
        assert wrong in caught.value.message
    assert time.monotonic() - started < 10


def test_the_plugins_of_a_config_are_there_on_workers_that_have_no_such_file(address, tmp_path):
    path = plugin_file(tmp_path, KIND)
    config, bars = with_plugins(path), simulate_bars(300, seed=1)
    here = len(replay(bars, config).table)
    with present(guests_of(config)), open_crew(cluster=address) as crew:
        path.unlink()
        assert list(crew.map(tasks.levels_of(config), [bars, bars])) == [here, here]
