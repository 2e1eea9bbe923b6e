"""Where bars come from: one file a kind, each with ``read(source, symbol) -> Table``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from engine.bars.sources.source import Table

# kind in the config -> its module, which is imported when it is used
READERS = {
    "bundled": "engine.bars.sources.bundled",
    "csv": "engine.bars.sources.csv_file",
    "parquet": "engine.bars.sources.parquet_file",
    "contracts": "engine.bars.sources.contracts",
    "yahoo": "engine.bars.sources.yahoo",
}

__all__ = ["READERS", "Table", "read_source"]


def read_source(source: Any, symbol: str) -> Table:
    """The bars that a config's source names; errors as the kind's own module says."""
    table: Table = import_module(READERS[source.kind]).read(source, symbol)
    return table
