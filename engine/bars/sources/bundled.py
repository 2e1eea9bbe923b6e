"""Bars that ship inside the ``arch`` package: real history without a network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from engine.bars.sources.source import Table
from engine.config import BundledSource
from engine.errors import DataError


def read(source: BundledSource, symbol: str) -> Table:
    """See :func:`read_bundled`."""
    return Table(read_bundled(source.name), symbol)


def read_bundled(name: str) -> pd.DataFrame:
    """Nasdaq Composite or S&P 500, 1999-01-04 to 2018-12-31, 5,031 sessions (source: Yahoo Finance).

    Raises
    ------
    DataError
        ``data.bundled_missing`` where the installed ``arch`` carries no such file.
    """
    # the file is read where it lies: importing the package would cost a second for its models
    spec = find_spec("arch")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    paths = [Path(folder) / "data" / name / f"{name}.csv.gz" for folder in folders]
    path = next((p for p in paths if p.is_file()), None)
    if path is None:
        raise DataError(
            "data.bundled_missing",
            f"bundled {name}: the arch package with its data files is not installed",
            "pip install 'arch>=8,<9'",
        )
    frame = pd.read_csv(path).rename(columns=str.lower)
    frame["date"] = pd.to_datetime(frame["date"], format="%m/%d/%Y")
    return frame[["date", "open", "high", "low", "close", "volume"]]
