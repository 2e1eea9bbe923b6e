"""Bars in a CSV file."""

from __future__ import annotations

from engine.bars.around import Around
from engine.bars.layouts import read_csv
from engine.bars.sources.source import Table
from engine.config import CsvSource


def read(source: CsvSource, symbol: str) -> Table:
    """See :func:`engine.bars.layouts.read_csv`."""
    frame, recognised = read_csv(source, symbol)
    return Table(frame, str(source.path), Around(origin=recognised.text))
