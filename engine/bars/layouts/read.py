"""From a file to a table with the engine's columns, and what was recognised on the way.

Cells that fit nothing go through as text: the content checks name them with their row and column.
"""

from __future__ import annotations

import io
import stat
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from engine.bars.layouts.dates import DateRule, read_dates, typed_dates
from engine.bars.layouts.dialect import SEPARATORS, Dialect, find_dialect, text_of
from engine.bars.layouts.numbers import read_numbers
from engine.bars.layouts.recognised import Recognised
from engine.bars.layouts.vendors import (
    FIELDS,
    SYMBOL_NAMES,
    SYNONYMS,
    Layout,
    match_cells,
    match_header,
    plain_name,
)
from engine.bars.series import COLUMNS
from engine.config import CsvSource, ParquetSource
from engine.errors import DataError

OPEN_INTEREST = ("open interest", "open_interest", "open int", "openint", "<openint>", "oi")
_NAMED_SEPARATORS = {name: sign for sign, name in SEPARATORS.items()}


def read_csv(source: CsvSource, symbol: str) -> tuple[pd.DataFrame, Recognised]:
    """The table of a text file; the index is the line in the file.

    A line without a value is no row.  A line with more cells than the header is an error: a thousands separator
    would otherwise move every value after it into the wrong column.

    Raises
    ------
    DataError
        ``data.missing_file``, ``data.empty``, ``data.unreadable``, ``data.several_files``, ``data.several_instruments``,
        ``data.ambiguous_column``, ``data.ambiguous_date``, ``data.ambiguous_instant``, ``data.ambiguous_number`` or
        ``data.no_such_column``.
    """
    path = source.path
    _require_file(path)
    separator = _NAMED_SEPARATORS.get(source.separator or "", source.separator)
    named = next((str(c) for c in source.columns.values() if not str(c).isdigit()), None)
    if source.symbol_column is not None:
        # the file of a whole universe is parsed once, not once for each of its instruments
        state = path.stat()
        key = (str(path), state.st_mtime_ns, state.st_size, source.symbol_column)
        frame, layout, told, rows = _of_many(key, separator, named)
        mine = rows.get(source.symbol_in_file or symbol)
        return _canonical(
            frame if mine is None else frame.iloc[mine], layout, source, list(told), path, symbol
        )
    frame, layout, details = _parsed(path, separator, named, symbol)
    return _canonical(frame, layout, source, details, path, symbol)


@lru_cache(maxsize=2)
def _of_many(
    key: tuple[str, int, int, str], separator: str | None, named: str | None
) -> tuple[pd.DataFrame, Layout | None, tuple[str, ...], dict[str, np.ndarray]]:
    """A file of several instruments as it was at one moment, and the rows of each."""
    frame, layout, details = _parsed(Path(key[0]), separator, named, "")
    column = next((i for i, name in enumerate(frame.columns) if str(name) == key[3]), None)
    rows = {} if column is None else frame.groupby(frame.iloc[:, column].str.strip(), sort=False).indices
    return frame, layout, tuple(details), {str(name): np.asarray(places) for name, places in rows.items()}


def _parsed(
    path: Path, separator: str | None, named: str | None, symbol: str
) -> tuple[pd.DataFrame, Layout | None, list[str]]:
    """Named columns of text, the layout that the names (or cells) are those of, and what was found out on the way."""
    text, details = text_of(path)
    dialect = find_dialect(text, separator, named)
    if dialect.separator != ",":
        details.append(f"parted by {SEPARATORS.get(dialect.separator, repr(dialect.separator))}s")
    if dialect.skipped:
        details.append(
            f"{dialect.skipped} line{'s' if dialect.skipped > 1 else ''} before the table left out"
        )
    lines = _lines(text, dialect, path)
    frame, layout = _with_names(lines, dialect, path, symbol)
    if layout is not None and layout.footer and str(frame.iloc[-1, 0]).startswith(layout.footer):
        frame = frame.iloc[:-1]
    return frame, layout, details


def read_parquet(source: ParquetSource, symbol: str) -> tuple[pd.DataFrame, Recognised]:
    """The table of a Parquet file; rows are counted from 0.  Raises as :func:`read_csv`."""
    path = source.path
    _require_file(path)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises a different class for every kind of damage
        raise DataError(
            "data.unreadable",
            f"{path}: not a readable Parquet file ({error})",
            "write it again with pandas.to_parquet",
        ) from None
    if isinstance(frame.columns, pd.MultiIndex):
        frame.columns = pd.Index([str(parts[0]) for parts in frame.columns])
    named = any(str(name).strip().lower() == "date" for name in frame.columns)
    if isinstance(frame.index, pd.DatetimeIndex) and not named:
        frame = frame.rename_axis("date")
    return _canonical(frame.reset_index(drop=named), None, source, [], path, symbol)


# --- lines and names ------------------------------------------------------------------------------


def _lines(text: str, dialect: Dialect, path: Path) -> pd.DataFrame:
    try:
        # text in, judged later: pandas would otherwise turn a column with one bad cell into objects unasked;
        # the header is read as a row, because pandas renames a repeated name and takes a surplus cell as an index
        lines = pd.read_csv(
            io.StringIO(text),
            sep=dialect.separator,
            dtype=str,
            header=None,
            skiprows=dialect.skipped,
            keep_default_na=False,
            skipinitialspace=True,
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError:
        raise DataError(
            "data.empty", f"{path}: the file is empty, or its first line is", "export the bars again"
        ) from None
    except pd.errors.ParserError as error:
        said = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise DataError(
            "data.unreadable",
            f"{path}: {said}",
            "every line has one cell for each name in the header; a number with a comma in it stands in quotes, or its "
            "thousands separators go",
        ) from None
    lines.index += 1 + dialect.skipped
    return lines.fillna("")


def _with_names(
    lines: pd.DataFrame, dialect: Dialect, path: Path, symbol: str
) -> tuple[pd.DataFrame, Layout | None]:
    first = lines.iloc[0].tolist()
    if len(lines) > 1 and {first[0], lines.iat[1, 0]} >= {"Price", "Ticker"}:
        return _two_levels(lines, path, symbol), Layout("yahoo", columns={})
    layout = match_cells(first)
    if layout is not None:
        names = [
            *layout.names[: lines.shape[1]],
            *(f"column {i}" for i in range(len(layout.names) + 1, lines.shape[1] + 1)),
        ]
        return _without_blanks(lines.set_axis(names, axis=1)), layout
    if sum(_is_number(cell) for cell in first) >= 4:
        names = [f"column {i}" for i in range(1, lines.shape[1] + 1)]
        return _without_blanks(lines.set_axis(names, axis=1)), None
    layout, _ = match_header([plain_name(name) for name in first])
    return _without_blanks(lines.iloc[1:].set_axis(first, axis=1)), layout


def _two_levels(lines: pd.DataFrame, path: Path, symbol: str) -> pd.DataFrame:
    """A yfinance export with a level for the price and one for the ticker, in either order."""
    prices, tickers = (lines.iloc[i].tolist() for i in ((0, 1) if lines.iat[0, 0] == "Price" else (1, 0)))
    body = lines.iloc[2:]
    if len(body) and body.iat[0, 0] in ("Date", "Datetime"):
        body = body.iloc[1:]
    held = list(dict.fromkeys(tickers[1:]))
    mine = symbol if symbol in held else held[0]
    if len(held) > 1 and mine != symbol:
        raise _several(path, "Ticker", held)
    keep = [0, *(i for i in range(1, len(tickers)) if tickers[i] == mine)]
    return _without_blanks(body.iloc[:, keep].set_axis(["Date", *(prices[i] for i in keep[1:])], axis=1))


def _without_blanks(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame != "").any(axis=1)]


def _is_number(cell: str) -> bool:
    return bool(cell.strip()) and cell.strip().replace(",", "").replace(".", "").lstrip("-").isdigit()


# --- columns --------------------------------------------------------------------------------------


def _canonical(
    frame: pd.DataFrame,
    layout: Layout | None,
    source: CsvSource | ParquetSource,
    details: list[str],
    path: Path,
    symbol: str,
) -> tuple[pd.DataFrame, Recognised]:
    frame = _of_one_instrument(frame, source, path, symbol)
    names = [plain_name(name) for name in frame.columns]
    twice = [n for n in FIELDS if names.count(n) > 1 and n not in source.columns]
    positions = {} if twice else _positions(frame, layout, source, path)
    if any(name not in positions for name in FIELDS[:-1]) or not len(frame):
        return _renamed(frame, positions), Recognised("not recognised", "not read")
    place = str(path)
    found = {name: frame.iloc[:, index] for name, index in positions.items()}
    for name, index in positions.items():
        shown = str(frame.columns[index])
        if layout is None and plain_name(shown) != name:
            details = [*details, f"{name} from {shown}"]
    rule = DateRule(source.dates, source.timezone, source.session_start)
    if isinstance(source, CsvSource):
        found["date"], form = read_dates(found["date"], _times(frame, positions), rule, place)
    else:
        found["date"], form = typed_dates(found["date"], rule, place)
    if layout is not None and layout.no_volume and "volume" in found:
        found["volume"] = found["volume"].where(~found["volume"].isin(layout.no_volume), "0")
    texts = {n: c for n, c in found.items() if n in COLUMNS and not pd.api.types.is_numeric_dtype(c.dtype)}
    if texts:
        read, told = read_numbers({n: c.astype("str") for n, c in texts.items()}, source.decimal, place)
        found |= read
        details = [*details, *told]
    table = pd.DataFrame(found)[[name for name in FIELDS if name in found]]
    adjusted = [
        i
        for i, name in enumerate(frame.columns)
        if plain_name(name) in ("adj close", "adjusted_close", "adj_close")
    ]
    if adjusted and "adj close" not in table:
        table["adj close"] = frame.iloc[:, adjusted[0]]
    for index, shown in enumerate(frame.columns):
        if plain_name(shown) in OPEN_INTEREST and "open interest" not in table:
            table["open interest"] = frame.iloc[:, index]
    table, order = _oldest_first(table, source.order)
    name = layout.name if layout is not None else _named(frame, positions)
    return table, Recognised(
        name, form, tuple(dict.fromkeys([order, *details])) if order else tuple(dict.fromkeys(details))
    )


def _named(frame: pd.DataFrame, positions: dict[str, int]) -> str:
    plain = all(plain_name(frame.columns[i]) == name for name, i in positions.items())
    return "iso" if plain else "columns by name"


def _of_one_instrument(
    frame: pd.DataFrame, source: CsvSource | ParquetSource, path: Path, symbol: str
) -> pd.DataFrame:
    wanted = source.symbol_column
    index = next(
        (
            i
            for i, n in enumerate(frame.columns)
            if (str(n) == wanted if wanted else plain_name(n) in SYMBOL_NAMES)
        ),
        None,
    )
    if index is None:
        if wanted:
            raise _no_such_column(path, "symbol_column", wanted, frame)
        return frame
    values = frame.iloc[:, index].astype(str).str.strip()
    mine = source.symbol_in_file or symbol
    held = list(dict.fromkeys(values))
    if mine in held:
        return frame[(values == mine).to_numpy()]
    if len(held) == 1 and not source.symbol_in_file:
        return frame
    raise _several(path, str(frame.columns[index]), held, mine)


def _several(path: Path, column: str, held: list[str], wanted: str | None = None) -> DataError:
    shown = ", ".join(held[:5]) + (f" and {len(held) - 5} more" if len(held) > 5 else "")
    return DataError(
        "data.several_instruments",
        f"{path}: column {column} names {shown}" + (f", and no {wanted}" if wanted else ""),
        f"give each instrument its own entry with symbol_column: {column}, and symbol_in_file where the file calls it "
        "otherwise",
    )


def _no_such_column(path: Path, key: str, wanted: object, frame: pd.DataFrame) -> DataError:
    return DataError(
        "data.no_such_column",
        f"{path}: {key} names {wanted}, which is no column (found: {', '.join(map(str, frame.columns))})",
        "write the name as it stands in the file, or the column's number, counted from 1",
    )


def _positions(
    frame: pd.DataFrame, layout: Layout | None, source: CsvSource | ParquetSource, path: Path
) -> dict[str, int]:
    names = [plain_name(name) for name in frame.columns]
    positions: dict[str, int] = {}
    if layout is not None and layout.header:
        _, positions = match_header(names)
    for name in FIELDS:
        wanted = source.columns.get(name)
        if wanted is not None:
            positions[name] = _configured(name, wanted, frame, path)
            continue
        if name in positions:
            continue
        own = [i for i, n in enumerate(names) if n == name]
        others = [i for synonym in SYNONYMS[name] for i, n in enumerate(names) if n == synonym]
        taken = set(positions.values())
        choice = own or [i for i in dict.fromkeys(others) if i not in taken]
        if len(choice) > 1 and not own and name != "date":
            shown = " and ".join(str(frame.columns[i]) for i in choice)
            raise DataError(
                "data.ambiguous_column",
                f"{path}: {name} can be {shown}",
                f"say which in the source: columns: {{{name}: {frame.columns[choice[0]]}}}",
            )
        if choice:
            positions[name] = choice[0]
    return positions


def _configured(name: str, wanted: str | int, frame: pd.DataFrame, path: Path) -> int:
    names = [str(n).strip() for n in frame.columns]
    if str(wanted) in names:
        return names.index(str(wanted))
    if str(wanted).isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    raise _no_such_column(path, f"columns.{name}", wanted, frame)


def _renamed(frame: pd.DataFrame, positions: dict[str, int]) -> pd.DataFrame:
    names = list(frame.columns)
    for name, index in positions.items():
        if plain_name(names[index]) != name:
            names[index] = name
    return frame.set_axis(names, axis=1)


def _times(frame: pd.DataFrame, positions: dict[str, int]) -> pd.Series | None:
    """A column with the time of day, beside that with the date."""
    for index, name in enumerate(frame.columns):
        if plain_name(name) in ("time", "<time>") and index not in positions.values():
            cells = frame.iloc[:, index]
            if cells.str.fullmatch(r"\s*\d{1,2}:?\d\d(?::?\d\d)?(?:\.\d+)?\s*").all():
                return cells
    return None


# --- order ----------------------------------------------------------------------------------------


def _oldest_first(table: pd.DataFrame, order: str) -> tuple[pd.DataFrame, str]:
    if order == "oldest_first":
        return table, ""
    if order == "newest_first":
        return table.iloc[::-1], "newest first"
    days = table["date"].to_numpy()  # ISO text sorts as its dates do
    # one row out of place is left for the content checks to name
    if len(days) > 1 and np.mean(days[1:] < days[:-1]) > 0.9:
        return table.iloc[::-1], "newest first"
    return table, ""


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
        raise DataError(
            "data.missing_file",
            f"{path}: this is a folder",
            "name one file; a folder of futures contracts is source: {kind: contracts, folder: ...} (docs/bars.md), one of "
            'many instruments instruments: {files: "FOLDER/*.csv"} (docs/scale.md)',
        )
