"""Bars in a CSV or Parquet file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from engine.errors import DataError


def read_csv(path: Path) -> pd.DataFrame:
    """Every cell as text, so that a value that is no number can be named with its row; see ``validate``."""
    _require_file(path)
    try:
        # text in, judged later: pandas would otherwise turn a column with one bad cell into objects unasked
        return pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True
        )
    except pd.errors.EmptyDataError:
        raise DataError("data.empty", f"{path}: the file is empty", "export the bars again") from None
    except (UnicodeDecodeError, pd.errors.ParserError, OSError) as error:
        raise DataError(
            "data.unreadable",
            f"{path}: not a readable CSV file ({error})",
            "save it as UTF-8 text with commas",
        ) from None


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file with a ``date`` column or a date index."""
    _require_file(path)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises a different class for every kind of damage
        raise DataError(
            "data.unreadable",
            f"{path}: not a readable Parquet file ({error})",
            "write it again with pandas.to_parquet",
        ) from None
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.rename_axis("date").reset_index()
    return frame


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(
            "data.missing_file",
            f"{path}: there is no such file",
            "relative paths are relative to the config file; ${ENGINE_DATA} names a data folder",
        )
