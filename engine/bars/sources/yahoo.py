"""Bars from Yahoo Finance, from the cache that :mod:`engine.bars.fetch` keeps."""

from __future__ import annotations

from engine.bars.fetch.yahoo import read_yahoo
from engine.bars.sources.source import Table
from engine.config import YahooSource


def read(source: YahooSource, symbol: str) -> Table:
    """See :func:`engine.bars.fetch.yahoo.read_yahoo`."""
    return Table(read_yahoo(source), f"yahoo {source.ticker}")
