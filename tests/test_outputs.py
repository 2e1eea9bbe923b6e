"""Outputs that are closed, full or narrow, caches that cannot be written, and terminals that could be fooled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.foreign import visible

ROOT = Path(__file__).parents[1]
needs_sh = pytest.mark.skipif(os.name != "posix", reason="redirections of a POSIX shell")


def shell(line, **variables):
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        ["sh", "-c", f"{sys.executable} -m engine {line}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )


@needs_sh
@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("schema >&-", (0, 1)),
        ("schema 2>&-", (0,)),
        ("run none.yaml 2>&-", (2,)),
        ("schema >/dev/full", (1,)),
        ("run none.yaml >&- 2>&-", (2,)),
    ],
)
def test_an_output_that_cannot_be_written_gives_no_traceback(line, codes):
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    done = shell(line)
    assert done.returncode in codes
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@needs_sh
def test_a_reader_that_has_seen_enough_is_no_error():
    done = shell("schema | head -1")
    assert done.returncode == 0
    assert done.stderr == b""


@needs_sh
def test_a_terminal_of_a_few_columns(tmp_path):
    for columns in ("1", "17"):
        done = shell(f"runs --results {tmp_path}", COLUMNS=columns)
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr


@needs_sh
def test_wrong_usage_reaches_the_terminal_as_text(tmp_path):
    for arguments in ("run --\x1b[31mx", "run \x1b[31m.yaml", "show x --date \x9b31m"):
        done = subprocess.run(
            [sys.executable, "-m", "engine", *arguments.split(" ")],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 2
        assert visible(done.stderr, lines=True) == done.stderr
