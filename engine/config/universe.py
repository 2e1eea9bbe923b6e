"""Instruments that a config does not list one by one: matching files, a table of members, or one long file.

Each becomes the list that stands in the resolved config, so a run says which members it had, whatever is in the folder
later.  Who was in an index when is the user's to know: a member with a ``last_date`` ends there.
"""

from __future__ import annotations

import csv
import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import ConfigError

FILES_KEYS = ("files", "family", "symbol", "source")
TABLE_KEYS = ("table", "source")
FILE_KEYS = ("file", "symbol_column", "family", "source")
TABLE_COLUMNS = ("symbol", "path", "family", "name", "first_date", "last_date")
_FROM_THE_NAME = "from the file's name"
_PARQUET = (".parquet", ".pq")


def list_universe(data: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A copy of a config's plain data whose ``instruments`` are a list; a list stays as it is.

    Parameters
    ----------
    data : paths are absolute already.
    place : the config's file, for errors.

    Raises
    ------
    ConfigError
        ``config.bad_universe`` (keys, columns, lines), ``config.no_files`` (a pattern without a match),
        ``config.symbol_twice`` (both files are named), ``config.missing_file`` (unless ``on_error`` is ``skip``).
    """
    given = data.get("instruments")
    if not isinstance(given, Mapping):
        return dict(data)
    if "files" in given:
        members = _of_files(given, place)
    elif "table" in given:
        members = _of_table(given, place)
    elif "file" in given:
        members = _of_one_file(given, place)
    else:
        raise _bad(
            place, "write a list, {files: PATTERN}, {table: FILE} or {file: FILE, symbol_column: NAME}"
        )
    if data.get("on_error", "stop") != "skip":
        absent = [str(m["source"]["path"]) for m in members if not Path(m["source"]["path"]).exists()]
        if absent:
            more = f", and {len(absent) - 3} more" if len(absent) > 3 else ""
            raise ConfigError(
                "config.missing_file",
                f"{place}: instruments: {', '.join(absent[:3])}{more}: no such file",
                "correct the path, or write on_error: skip",
            )
    return {**data, "instruments": members}


def _of_files(given: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    _known(given, FILES_KEYS, place)
    pattern = given["files"]
    if not isinstance(pattern, str):
        raise _bad(place, "files: write one pattern, such as bars/*.parquet")
    if given.get("symbol", _FROM_THE_NAME) != _FROM_THE_NAME:
        raise _bad(place, f"symbol: only {_FROM_THE_NAME!r} is possible; name symbols in a table otherwise")
    paths = sorted(p for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
    if not paths:
        raise ConfigError(
            "config.no_files", f"{place}: instruments.files: nothing matches {pattern}", "correct it"
        )
    family = given.get("family")
    members = []
    first: dict[str, str] = {}
    for path in paths:
        symbol = Path(path).stem
        if symbol in first:
            raise _twice(place, symbol, first[symbol], path)
        first[symbol] = path
        members.append(_member(symbol, path, given, {} if family is None else {"family": family}))
    return members


def _of_one_file(given: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    """Every instrument of a long file, in the order in which they first stand in it."""
    _known(given, FILE_KEYS, place)
    column = given.get("symbol_column")
    if not isinstance(column, str):
        raise _bad(place, "symbol_column: name the column that tells the instruments of the file apart")
    path = str(given["file"])
    symbols = [text for text in dict.fromkeys(_column(path, column, place)) if text]
    if not symbols:
        raise _bad(place, f"{path}: column {column} is empty")
    family = given.get("family")
    more = {} if family is None else {"family": family}
    members = []
    for symbol in symbols:
        member = _member(symbol, path, given, more)
        member["source"] = {**member["source"], "symbol_column": column}
        members.append(member)
    return members


def _column(path: str, column: str, place: str) -> list[str]:
    """The cells of one column of a CSV or Parquet file, without blanks around them."""
    import pandas as pd

    try:
        if Path(path).suffix.lower() in _PARQUET:
            frame = pd.read_parquet(path, columns=[column])
        else:
            with open(path, encoding="utf-8-sig") as stream:
                header = stream.readline().rstrip("\r\n")
            names = {sign: [name.strip().strip('"') for name in header.split(sign)] for sign in ",;\t|"}
            separator = next((sign for sign, found in names.items() if column in found), ",")
            frame = pd.read_csv(
                path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig"
            ).rename(columns=str.strip)[[column]]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            "config.missing_file",
            f"{place}: instruments.file: {path}: {reason}",
            "name a CSV or Parquet file",
        ) from None
    except Exception as error:  # pandas and pyarrow raise a different class for every kind of damage
        raise ConfigError(
            "config.bad_universe",
            f"{path}: no column {column} can be read ({error})",
            "write symbol_column as it stands in the file's first line",
        ) from None
    return list(frame[column].astype(str).str.strip())


def _of_table(given: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    _known(given, TABLE_KEYS, place)
    table = Path(str(given["table"]))
    try:
        with open(table, newline="", encoding="utf-8-sig") as stream:
            lines = list(csv.reader(stream))
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(
            "config.missing_file", f"{place}: instruments.table: {table}: {error}", "name a CSV"
        ) from None
    header = [column.strip() for column in lines[0]] if lines else []
    unknown = [column for column in header if column not in TABLE_COLUMNS]
    if unknown or len(set(header)) < len(header) or not {"symbol", "path"} <= set(header):
        what = (
            f"no column is called {unknown[0]!r}"
            if unknown
            else f"its columns are {', '.join(header) or 'none'}"
        )
        raise ConfigError(
            "config.bad_universe",
            f"{table}: {what}",
            f"columns: symbol and path, and any of {', '.join(TABLE_COLUMNS[2:])}",
        )
    members = []
    first: dict[str, str] = {}
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise ConfigError(
                "config.bad_universe", f"{table}, line {number}: {len(cells)} cells", f"write {len(header)}"
            )
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()}
        if not {"symbol", "path"} <= row.keys():
            raise ConfigError(
                "config.bad_universe", f"{table}, line {number}: symbol or path is empty", "fill both"
            )
        symbol = row.pop("symbol")
        path = str((table.parent / Path(row.pop("path")).expanduser()).resolve())
        if symbol in first:
            raise _twice(str(table), symbol, first[symbol], path)
        first[symbol] = path
        members.append(_member(symbol, path, given, row))
    if not members:
        raise ConfigError("config.bad_universe", f"{table}: it has no member", "write one instrument a line")
    return members


def _member(symbol: str, path: str, given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    source = given.get("source", {})
    extra = dict(source) if isinstance(source, Mapping) else {"": source}
    kind = "parquet" if Path(path).suffix.lower() in _PARQUET else "csv"
    return {"symbol": symbol, **more, "source": {"kind": kind, "path": path, **extra}}


def _known(given: Mapping[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in given:
        if key not in keys:
            raise _bad(place, f"{key}: no such key beside {keys[0]} (there are {', '.join(keys)})")


def _bad(place: str, what: str) -> ConfigError:
    return ConfigError("config.bad_universe", f"{place}: instruments: {what}", "see docs/scale.md")


def _twice(place: str, symbol: str, first: str, second: str) -> ConfigError:
    return ConfigError(
        "config.symbol_twice",
        f"{place}: instruments: {first} and {second} have one symbol, {symbol}",
        "leave one out, or give them symbols of their own in a table",
    )
