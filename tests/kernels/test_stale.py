"""Compiled kernels do not outlive the sources they were made from."""

from __future__ import annotations

import os
from pathlib import Path

import engine
from engine.kernels.stale import _imports, drop_stale_kernels


def _touch(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(len(text), len(text)))


def _compile(path):
    cache = path.parent / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / f"{path.stem}.f-1.py311.nbi").write_bytes(b"index")
    (cache / f"{path.stem}.f-1.py311.1.nbc").write_bytes(b"code")


def _compiled(path):
    return len(list((path.parent / "__pycache__").glob(f"{path.stem}.*.nb?")))


def test_a_changed_helper_drops_what_depends_on_it_and_nothing_else(tmp_path):
    helper, kernel = tmp_path / "rules" / "helper.py", tmp_path / "rules" / "kernel.py"
    index, far, other = tmp_path / "deep" / "__init__.py", tmp_path / "far.py", tmp_path / "other.py"
    _touch(helper, "a = 1\n")
    _touch(kernel, "from engine.rules.helper import a\n")
    _touch(index, "from engine.rules import (\n    kernel,\n    more as less,\n)\n")
    _touch(far, "def f():\n    from engine import deep\n")
    _touch(other, "from engine.elsewhere import helper\n")
    kernels = (kernel, far, other)
    for path in kernels:
        _compile(path)
    assert drop_stale_kernels(tmp_path)  # never stamped: nobody knows what these were made from
    assert [_compiled(path) for path in kernels] == [0, 0, 0]
    for path in kernels:
        _compile(path)
    assert not drop_stale_kernels(tmp_path)
    assert [_compiled(path) for path in kernels] == [2, 2, 2]
    _touch(helper, "a = 22\n")
    assert drop_stale_kernels(tmp_path)
    assert [_compiled(path) for path in kernels] == [0, 0, 2]
    other.unlink()
    assert drop_stale_kernels(tmp_path)
    assert _compiled(other) == 0


def test_a_stamp_that_cannot_be_read_drops_every_kernel(tmp_path):
    kernel = tmp_path / "kernel.py"
    _touch(kernel, "b = 2\n")
    drop_stale_kernels(tmp_path)
    _compile(kernel)
    (tmp_path / "__pycache__" / "kernels.stamp").write_text("no stamp of ours\n")
    assert drop_stale_kernels(tmp_path)
    assert _compiled(kernel) == 0


def test_the_engine_s_own_imports_are_seen():
    """Every module of the engine that a kernel's module imports is among the paths that its text names."""
    root = Path(engine.__file__).parent
    seen = set(_imports((root / "replay" / "walk.py").read_text()))
    assert {
        "replay/memory.py",
        "replay/setup.py",
        "rules/book/ranks.py",
        "question.py",
        "kernels/borrow.py",
    } <= seen


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(os, "replace", refuse)
    assert drop_stale_kernels(tmp_path)
    assert drop_stale_kernels(tmp_path)
