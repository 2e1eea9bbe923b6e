"""Compiled kernels find a folder: beside their sources, elsewhere under the name of these sources, or for a moment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.kernels import home
from engine.kernels.home import choose_kernel_home

ROOT = Path(__file__).parents[2]
# root may write anywhere until it has given that up
WITHOUT_POWERS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all"]


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A small package, and an environment whose only cache is ``cache``."""
    root = tmp_path / "engine"
    (root / "__pycache__").mkdir(parents=True)
    (root / "kernel.py").write_text("a = 1\n")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")  # so that it is as it was afterwards
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    return root


def forbid(monkeypatch, *folders):
    real = os.access
    monkeypatch.setattr(home.os, "access", lambda path, mode: Path(path) not in folders and real(path, mode))


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = os.environ.get("NUMBA_CACHE_DIR")
    yield
    assert os.environ.get("NUMBA_CACHE_DIR") == before


def test_a_folder_beside_the_sources_needs_no_other(sources):
    assert choose_kernel_home(sources) is None
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_elsewhere_a_change_of_any_source_is_another_folder(sources, tmp_path, monkeypatch):
    forbid(monkeypatch, sources / "__pycache__")
    first = choose_kernel_home(sources)
    assert first.parent == tmp_path / "cache"
    assert os.environ["NUMBA_CACHE_DIR"] == str(first)
    assert choose_kernel_home(sources) == first  # a process that this one started
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "given"))
    given = choose_kernel_home(sources)
    assert (given.parent, given.name) == (tmp_path / "given", first.name)
    (sources / "helper.py").write_text("b = 2\n")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "given"))
    assert choose_kernel_home(sources).name != first.name


def test_where_nothing_can_be_written_kernels_live_as_long_as_the_process(sources, tmp_path, monkeypatch):
    forbid(monkeypatch, sources / "__pycache__")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = choose_kernel_home(sources)
    assert folder.parent == tmp_path
    home._remove(folder, os.getpid() + 1)  # of a fork
    assert folder.is_dir()
    home._remove(folder, os.getpid())
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_an_installation_that_nobody_may_write_to_and_a_user_without_a_home(tmp_path):
    powers = WITHOUT_POWERS if os.getuid() == 0 else []
    if powers and (
        shutil.which("setpriv") is None or subprocess.run([*powers, "true"], check=False).returncode
    ):
        pytest.skip("root cannot give up its powers here")
    installed = tmp_path / "site"
    shutil.copytree(
        ROOT / "engine", installed / "engine", ignore=shutil.ignore_patterns("__pycache__", "*.j2", "*.js")
    )
    places = [installed, *(path for path in installed.rglob("*") if path.is_dir())]
    for path in places:
        path.chmod(0o555)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    try:
        done = subprocess.run(
            [
                *powers,
                sys.executable,
                "-c",
                "import os, engine.rules.pivots; print(os.environ['NUMBA_CACHE_DIR'])",
            ],
            cwd=installed,
            env=environment
            | {"HOME": str(installed / "nobody"), "PYTHONPATH": str(installed), "TMPDIR": str(scratch)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for path in places:
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == scratch
    assert not list(scratch.iterdir())
