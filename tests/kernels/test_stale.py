"""Compiled kernels do not outlive the sources they were made from."""

from __future__ import annotations

import os

from engine.kernels.stale import drop_stale_kernels


def test_a_changed_helper_drops_every_kernel_and_an_unchanged_tree_keeps_them(tmp_path):
    package = tmp_path / "rules"
    cache = package / "__pycache__"
    cache.mkdir(parents=True)
    (package / "helper.py").write_text("a = 1\n")
    (package / "kernel.py").write_text("b = 2\n")

    def compiled() -> bool:
        return (cache / "kernel.f-1.py311.nbi").exists()

    def compile_kernel() -> None:
        (cache / "kernel.f-1.py311.nbi").write_bytes(b"index")
        (cache / "kernel.f-1.py311.1.nbc").write_bytes(b"code")

    compile_kernel()
    assert drop_stale_kernels(tmp_path)  # never stamped: nobody knows what these were made from
    assert not compiled()
    compile_kernel()
    assert not drop_stale_kernels(tmp_path)
    assert compiled()
    (package / "helper.py").write_text("a = 2\n")
    os.utime(package / "helper.py", ns=(1, 1))
    assert drop_stale_kernels(tmp_path)
    assert not list(cache.iterdir())


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(os, "replace", refuse)
    assert drop_stale_kernels(tmp_path)
    assert drop_stale_kernels(tmp_path)
