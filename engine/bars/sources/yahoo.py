"""Bars from Yahoo Finance through yfinance, cached as Parquet beside their SHA-256."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from engine.bars.sources.source import Table
from engine.config import YahooSource
from engine.errors import DataError
from engine.files import sha256_of, write_atomic, write_json


def read(source: YahooSource, symbol: str) -> Table:
    """See :func:`read_yahoo`."""
    return Table(read_yahoo(source), f"yahoo {source.ticker}")


def read_yahoo(source: YahooSource) -> pd.DataFrame:
    """The cached bars; downloads them when there is no cache yet.

    A run never refreshes a cache by itself, so a config gives the same numbers until ``engine fetch``.

    Raises
    ------
    DataError
        ``data.yahoo_extra_missing``, ``data.yahoo_no_network`` or ``data.cache_changed``.
    """
    path, record = _cache_paths(source)
    if not path.is_file():
        fetch_yahoo(source)
    expected = json.loads(record.read_text(encoding="utf-8"))["sha256"] if record.is_file() else None
    if sha256_of(path) != expected:
        raise DataError(
            "data.cache_changed",
            f"{path}: the cached bars are not the ones that were downloaded (SHA-256 differs)",
            "run `engine fetch CONFIG` to download them again",
        )
    return pd.read_parquet(path)


def fetch_yahoo(source: YahooSource) -> Path:
    """Download the bars up to the last finished session and replace the cache; returns its path."""
    try:
        import yfinance
    except ImportError:
        raise DataError(
            "data.yahoo_extra_missing",
            f"{source.ticker}: source kind yahoo needs the yfinance package, which is not installed",
            "pip install 'scenario-engine[data]', or use a csv source",
        ) from None
    try:
        with _quiet():
            frame = yfinance.download(
                source.ticker,
                start=source.start.isoformat(),
                auto_adjust=False,
                actions=False,
                progress=False,
                multi_level_index=False,
            )
    except Exception as error:  # yfinance lets every transport library's own errors through
        raise _no_network(source, str(error)) from None
    if frame is None or frame.empty:
        raise _no_network(source, "no rows came back")
    frame = frame.rename(columns=str.lower)
    kept = ["open", "high", "low", "close", "adj close", "volume"]
    frame = frame[[name for name in kept if name in frame.columns]]
    frame = frame.rename_axis("date").reset_index()
    # today's bar may still be moving; everything in the engine is dated after a close
    frame = frame[pd.to_datetime(frame["date"]).dt.date < datetime.now(UTC).date()]
    path, record = _cache_paths(source)
    write_atomic(path, frame.to_parquet)
    write_json(
        record,
        {
            "ticker": source.ticker,
            "downloaded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": len(frame),
            "sha256": sha256_of(path),
        },
    )
    return path


@contextmanager
def _quiet() -> Iterator[None]:
    """Without yfinance's own log lines and warnings: the error below says it in one message."""
    log = logging.getLogger("yfinance")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def _cache_paths(source: YahooSource) -> tuple[Path, Path]:
    stem = f"{source.ticker}_{source.start.isoformat()}"
    return source.cache / f"{stem}.parquet", source.cache / f"{stem}.json"


def _no_network(source: YahooSource, reason: str) -> DataError:
    return DataError(
        "data.yahoo_no_network",
        f"{source.ticker}: Yahoo Finance could not be reached or had no bars ({reason})",
        "check the network and the ticker, or use a csv source",
    )
