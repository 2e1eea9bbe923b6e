"""docs/errors.md has a row for every code the engine can raise, and none besides."""

from __future__ import annotations

import re

from engine import errors
from engine.config import TuneConfig
from tests.error_codes import PAGE, ROOT, codes, page, rows

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_sources_give():
    assert page(TEXT) == TEXT, "run python -m tests.error_codes"
    assert [row[0] for row in rows(TEXT)] == list(codes())


def test_every_row_says_what_it_means_and_what_to_do():
    assert [row[0] for row in rows(TEXT) if not row[2].strip() or not row[3].strip()] == []


def test_codes_are_found_however_they_are_raised():
    found = codes()
    assert found["verify.shape"][0] == errors.InputError.exit_code
    assert found["data.not_ascending"][0] == errors.DataError.exit_code  # by way of a variable
    assert found["audit.look_ahead"][0] == errors.CheckFailed.exit_code
    # what docstrings promise is raised somewhere
    promised = set()
    for path in (ROOT / "engine").rglob("*.py"):
        for block in re.findall(
            r"Raises\n\s+-+\n(.*?)(?:\n\n|\"\"\")", path.read_text(encoding="utf-8"), flags=re.S
        ):
            promised |= set(re.findall(r"``([a-z]+\.[a-z_]+)``", block))
    keys = {f"tune.{key}" for key in TuneConfig.model_fields}
    assert promised - set(found) - keys == set()
