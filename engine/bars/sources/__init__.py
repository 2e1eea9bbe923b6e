"""Where bars come from: one file a kind, each with ``read(source, symbol) -> Table``."""

from __future__ import annotations

from typing import Any

from engine.bars.sources.source import Table
from engine.config.choices import Choice
from engine.registry import Registry

# kind in the config -> the function that reads it, imported when it is used
SOURCES: Registry[Choice] = Registry(
    "source",
    (
        Choice("bundled", "engine.bars.sources.bundled:read"),
        Choice("csv", "engine.bars.sources.csv_file:read"),
        Choice("parquet", "engine.bars.sources.parquet_file:read"),
        Choice("contracts", "engine.bars.sources.contracts:read"),
        Choice("yahoo", "engine.bars.sources.yahoo:read"),
    ),
)

__all__ = ["SOURCES", "Table", "read_source"]


def read_source(source: Any, symbol: str) -> Table:
    """The bars that a config's source names; errors as the kind's own module says."""
    table: Table = SOURCES[source.kind].load()(source, symbol)
    return table
