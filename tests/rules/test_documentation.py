"""docs/rules.md names every kind, event, column and threshold there is, with the defaults in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.config import RulesConfig, SetupConfig
from engine.rules.book.events import CAPACITY
from engine.rules.book.levels import EVENTS
from engine.rules.kinds import KINDS
from engine.rules.momentum import MOMENTUM

TEXT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
DEFAULTS = RulesConfig().model_dump() | SetupConfig().model_dump()


@pytest.mark.parametrize(
    "name", [*DEFAULTS, *(kind.name for kind in KINDS), *EVENTS, *MOMENTUM], ids=lambda name: name
)
def test_it_is_named(name):
    assert f"`{name}`" in TEXT


def test_defaults_are_those_in_force():
    said = re.findall(r"`(\w+)`(?: \(|, )([\d.]+)\)", TEXT)
    assert {name for name, _ in said} == {k for k, v in DEFAULTS.items() if not isinstance(v, bool)}
    for name, value in said:
        assert value == str(DEFAULTS[name]), name


def test_weights_and_capacity_are_those_in_force():
    for kind in KINDS:
        (line,) = (line for line in TEXT.splitlines() if line.startswith("| `") and f"`{kind.name}`" in line)
        assert str(kind.weight) in line.split("|")[-2]
        assert ("major" in line.split("|")[-2]) >= kind.major
    assert f"The book holds {CAPACITY};" in TEXT
