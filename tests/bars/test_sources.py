"""A kind of source is one file and one line: a toy kind is read like the engine's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import pandas as pd
import pytest

from engine.bars.sources import SOURCES, Table, read_source
from engine.config.choices import Choice
from engine.config.instruments import Source
from engine.errors import InputError


def read(source, symbol):
    return Table(pd.DataFrame({"close": [source.price]}), f"toy of {symbol}")


def test_a_toy_kind_is_read():
    source = SimpleNamespace(kind="toy", price=7.0)
    with SOURCES.having(Choice("toy", f"{__name__}:read")):
        table = read_source(source, "X")
    assert (table.frame["close"][0], table.place) == (7.0, "toy of X")
    with pytest.raises(InputError, match="toy"):
        read_source(source, "X")


def test_every_kind_of_the_config_can_be_read():
    told = {kind.model_fields["kind"].default for kind in get_args(get_args(Source)[0])}
    assert told == set(SOURCES.names)
    assert all(callable(choice.load()) for choice in SOURCES)
