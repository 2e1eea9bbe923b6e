"""A run of several instruments: whoever does the work, and however often it was interrupted, the bytes are the same."""

from __future__ import annotations

import errno
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

import engine
from engine.config import parse_config
from engine.errors import ConfigError, RunError
from engine.members import work
from engine.members.store import Parts
from engine.runs.run import list_runs, open_run
from tests.toy_universe import digests, toy_config

OF_INSTRUMENTS = ("levels", "level_events", "replay", "outcomes", "forecasts")


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    """A config of three instruments, and its run by one process."""
    config = toy_config(tmp_path_factory.mktemp("bars"))
    return config, engine.run(config, results=tmp_path_factory.mktemp("results"))


def test_two_workers_write_the_same_bytes_as_one(universe, tmp_path):
    config, alone = universe
    shared = engine.run(config, results=tmp_path, workers=2)
    assert digests(shared.path) == digests(alone.path)
    assert len(digests(shared.path)) >= 14


def test_every_instrument_is_a_row_group_of_its_own(universe):
    _, run = universe
    for name in OF_INSTRUMENTS:
        file = pq.ParquetFile(run.path / f"{name}.parquet")
        assert file.num_row_groups == 3
        for number, symbol in enumerate("ABC"):
            assert file.read_row_group(number, ["instrument"]).to_pandas()["instrument"].unique() == [symbol]
    assert not (run.path / "parts").exists()


@pytest.fixture
def interrupted(universe, tmp_path, monkeypatch):
    """The folder of a run whose disk was full when the third instrument was done."""
    config, _ = universe
    kept = Parts.write

    def write(self, symbol, piece):
        if symbol == "C":
            raise OSError(errno.ENOSPC, "No space left on device")
        kept(self, symbol, piece)

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "write", write)
        with pytest.raises(RunError, match="not finished") as raised:
            engine.run(config, results=tmp_path)
    assert raised.value.code == "run.disk_full"
    assert "--resume" in raised.value.hint
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    return folder


def test_a_full_disk_leaves_nothing_that_looks_finished_and_a_resumed_run_the_same_bytes(
    universe, interrupted, monkeypatch
):
    config, alone = universe
    assert list_runs(interrupted.parent)["status"].tolist() == ["failed"]
    with pytest.raises(RunError, match="status is 'failed'"):
        open_run(interrupted)
    assert not list(interrupted.glob("*.parquet"))

    # a run that was killed could not say so: its process is gone, and half a file of it is there
    manifest = json.loads((interrupted / "manifest.json").read_text())
    manifest["status"] = "running"
    (interrupted / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="still under way"):
        engine.run(config, resume=interrupted)
    manifest["process"]["process_started"] = "long ago"
    (interrupted / "manifest.json").write_text(json.dumps(manifest))
    (interrupted / "parts" / ".half.part").write_bytes(b"half")

    studied = []
    study = work.study
    monkeypatch.setattr(work, "study", lambda *given: studied.append(given[-1].symbol) or study(*given))
    resumed = engine.run(config, resume=interrupted)
    assert studied == ["C"]
    assert resumed.path == interrupted
    assert digests(resumed.path) == digests(alone.path)
    assert not list(resumed.path.rglob("*.part"))
    assert resumed.manifest["started_at"] == manifest["started_at"]
    assert len(resumed.manifest["resumed_at"]) == 1
    with pytest.raises(RunError, match="nothing to resume"):
        engine.run(config, resume=interrupted)


def test_parts_that_were_damaged_are_made_again(universe, interrupted):
    config, alone = universe
    first, second = sorted((interrupted / "parts").glob("instrument_*.npz"))
    whole = first.read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    flipped = bytearray(second.read_bytes())
    flipped[len(flipped) // 3] ^= 1
    second.write_bytes(flipped)
    resumed = engine.run(config, resume=interrupted)
    assert digests(resumed.path) == digests(alone.path)
    log = (resumed.path / "run.log").read_text()
    assert [f"parts/{part.name} is damaged and made again" in log for part in (first, second)] == [True, True]


def test_what_changed_is_named_and_the_run_is_refused(universe, interrupted, tmp_path):
    config, _ = universe
    before = {path: path.read_bytes() for path in interrupted.rglob("*") if path.is_file()}
    plain = config.model_dump(mode="json")
    with pytest.raises(RunError, match=r"config seed was 7, is 8") as raised:
        engine.run(parse_config(plain | {"seed": 8}), resume=interrupted)
    assert raised.value.code == "run.changed"
    other = tmp_path / "other.csv"
    bars = pd.read_csv(config.instruments[0].source.path)
    bars.loc[10, "high"] *= 1.001
    bars.to_csv(other, index=False)
    plain["instruments"][0]["source"]["path"] = str(other)
    with pytest.raises(RunError, match=r"the bars of A differ: 700 from 1970-01-01"):
        engine.run(parse_config(plain), resume=interrupted)
    plain["instruments"].pop()
    with pytest.raises(RunError, match="C is gone"):
        engine.run(parse_config(plain), resume=interrupted)
    assert before == {path: path.read_bytes() for path in interrupted.rglob("*") if path.is_file()}


def test_a_worker_without_memory_is_an_error_that_names_the_instrument(universe, tmp_path, monkeypatch):
    config, _ = universe
    study = work.study

    def short(plan, dates, bars):
        if bars.symbol == "B":
            raise MemoryError
        return study(plan, dates, bars)

    monkeypatch.setattr(work, "study", short)
    with pytest.raises(RunError, match="B: a worker ran out of memory") as raised:
        engine.run(config, results=tmp_path)
    assert raised.value.code == "parallel.out_of_memory"
    assert [path.name for path in tmp_path.rglob("instrument_*")] == ["instrument_00000_A.npz"]


def test_a_cluster_that_is_not_there_leaves_no_folder(universe, tmp_path):
    pytest.importorskip("distributed")
    config, _ = universe
    with pytest.raises(ConfigError, match="no scheduler answers there") as raised:
        engine.run(config, results=tmp_path, cluster="tcp://127.0.0.1:9")
    assert raised.value.code == "parallel.no_cluster"
    assert not list(tmp_path.iterdir())


def test_a_cluster_writes_the_same_bytes_as_this_process(universe, tmp_path):
    distributed = pytest.importorskip("distributed")
    config, alone = universe
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        shared = engine.run(config, results=tmp_path, cluster=cluster.scheduler_address)
    assert digests(shared.path) == digests(alone.path)
