"""Bars in a CSV or Parquet file."""

from __future__ import annotations

import stat
from pathlib import Path

import pandas as pd

from engine.errors import DataError


def read_csv(path: Path) -> pd.DataFrame:
    """Every cell as text, so that a value that is no number can be named; the index is the line in the file.

    A line without a value is no row.  A line with more cells than the header is an error: a thousands separator
    would otherwise move every value after it into the wrong column.
    """
    _require_file(path)
    try:
        # text in, judged later: pandas would otherwise turn a column with one bad cell into objects unasked;
        # the header is read as a row, because pandas renames a repeated name and takes a surplus cell as an index
        lines = pd.read_csv(
            path,
            dtype=str,
            header=None,
            keep_default_na=False,
            encoding="utf-8-sig",
            skipinitialspace=True,
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError:
        raise DataError(
            "data.empty", f"{path}: the file is empty, or its first line is", "export the bars again"
        ) from None
    except pd.errors.ParserError as error:
        raise DataError(
            "data.unreadable",
            f"{path}: {str(error).strip().removeprefix('Error tokenizing data. C error: ')}",
            "every line has one cell for each name in the header; numbers have no thousands separators",
        ) from None
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(
            "data.unreadable",
            f"{path}: not a readable CSV file ({error})",
            "save it as UTF-8 text with commas",
        ) from None
    lines.index += 1
    frame = lines.iloc[1:].set_axis(lines.iloc[0].tolist(), axis=1)
    return frame[(frame != "").any(axis=1)]


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet file with a ``date`` column or a date index; rows are counted from 0."""
    _require_file(path)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises a different class for every kind of damage
        raise DataError(
            "data.unreadable",
            f"{path}: not a readable Parquet file ({error})",
            "write it again with pandas.to_parquet",
        ) from None
    named = any(str(name).strip().lower() == "date" for name in frame.columns)
    if isinstance(frame.index, pd.DatetimeIndex) and not named:
        frame = frame.rename_axis("date")
    return frame.reset_index(drop=named)


def _require_file(path: Path) -> None:
    try:
        found = path.stat()
    except OSError as error:  # absent, out of reach, or no possible name
        raise DataError(
            "data.missing_file",
            f"{path}: cannot be opened ({(error.strerror or str(error)).lower()})",
            "relative paths are relative to the config file; ${ENGINE_DATA} names a data folder",
        ) from None
    if stat.S_ISDIR(found.st_mode):
        raise DataError("data.missing_file", f"{path}: this is a folder", "name the file with the bars in it")
