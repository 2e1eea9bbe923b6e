"""Bars in a Parquet file."""

from __future__ import annotations

from engine.bars.around import Around
from engine.bars.layouts import read_parquet
from engine.bars.sources.source import Table
from engine.config import ParquetSource


def read(source: ParquetSource, symbol: str) -> Table:
    """See :func:`engine.bars.layouts.read_parquet`."""
    frame, recognised = read_parquet(source, symbol)
    return Table(frame, str(source.path), Around(origin=recognised.text))
