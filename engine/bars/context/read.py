"""Context series from CSV or Parquet files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from engine.bars.context.observed import Observed
from engine.config import ContextConfig
from engine.errors import DataError


def read_context(item: ContextConfig) -> Observed:
    """The observations of one series; missing values are no observations.

    Raises
    ------
    DataError
        ``context.missing_file``, ``context.unreadable``, ``context.no_such_column``, ``context.bad_date``,
        ``context.not_a_number``, ``context.future_date``, ``context.duplicate_date``, ``context.released_before_its_day``,
        ``context.has_releases`` or ``context.empty``.
    """
    path = item.place
    table = _table(item)
    column = item.column if item.source is None else item.source.series
    names = {str(c).strip().lower(): c for c in table.columns}
    for key, wanted in (
        ("date_column", item.date_column),
        ("column", column),
        ("released", item.released),
    ):
        if wanted is not None and wanted.strip().lower() not in names:
            raise DataError(
                "context.no_such_column",
                f"{path}: context {item.name}: {key} names {wanted}, which is no column (found: {', '.join(map(str, table.columns))})",
                "write the name as it stands in the file",
            )
    if item.released is None and "released" in names:
        raise DataError(
            "context.has_releases",
            f"{path}: context {item.name}: the file has a column released, which the config does not use",
            "set released: released, so that a value is known from the day it was published",
        )
    days = _days(table[names[item.date_column.strip().lower()]], item, "date")
    cells = table[names[column.strip().lower()]]
    text = cells.astype(str).str.strip()
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = np.flatnonzero(
        ~np.isfinite(numbers)
        & ~cells.isna().to_numpy()
        & ~text.str.lower().isin(["", ".", "nan", "na", "n/a", "none", "<na>", "nd"]).to_numpy()
    )
    if len(bad):
        raise DataError(
            "context.not_a_number",
            f"{path}: context {item.name}: row {bad[0] + 2} ({days[bad[0]]}): {text.iloc[bad[0]]} is not a number",
            "leave a missing value empty, or write a dot as FRED does",
        )
    released = None
    kept = np.isfinite(numbers)
    if item.released is not None:
        released = _days(table[names[item.released.strip().lower()]], item, "released")
        early = np.flatnonzero(kept & (released < days))
        if len(early):
            raise DataError(
                "context.released_before_its_day",
                f"{path}: context {item.name}: row {early[0] + 2}: the value of {days[early[0]]} was released on {released[early[0]]}",
                "were the two columns mistaken for each other?",
            )
    _require_past(item, days, released, kept)
    days, numbers = days[kept], numbers[kept]
    released = None if released is None else released[kept]
    if not len(days):
        raise DataError(
            "context.empty",
            f"{path}: context {item.name}: no value in column {column}",
            "name another column",
        )
    order = np.lexsort((days,) if released is None else (released, days))
    days, numbers, released = days[order], numbers[order], None if released is None else released[order]
    same = days[1:] == days[:-1]
    if released is not None:
        same &= released[1:] == released[:-1]
    if same.any():
        raise DataError(
            "context.duplicate_date",
            f"{path}: context {item.name}: {days[1:][same][0]} has two values"
            + ("" if released is not None else "; are they vintages of one observation?"),
            "keep one"
            if released is not None
            else "keep one, or name the column with the day of publication in released",
        )
    return Observed(
        item.name,
        item.role,
        days,
        100.0 * numbers if item.unit == "fraction" else numbers,
        released,
        item.publication_lag_sessions or 0,
        item.max_age_sessions,
    )


def _require_past(
    item: ContextConfig, days: np.ndarray, released: np.ndarray | None, kept: np.ndarray
) -> None:
    """No value can be known that is about, or was published on, a day to come."""
    today = np.datetime64("today", "D") + np.timedelta64(1, "D")  # it may be tomorrow there
    for what, column in (("is about", days), ("was released on", released)):
        if column is None:
            continue
        later = np.flatnonzero(kept & (column > today))
        if len(later):
            raise DataError(
                "context.future_date",
                f"{item.place}: context {item.name}: row {later[0] + 2} {what} {column[later[0]]}, a day to come",
                "a forecast is no observation: leave it out",
            )


def _table(item: ContextConfig) -> pd.DataFrame:
    if item.source is not None:
        from engine.bars.fetch.fred import read_fred

        return read_fred(item.source)
    path = Path(str(item.path))
    if not path.is_file():
        raise DataError(
            "context.missing_file", f"{path}: no such file", "relative paths are relative to the config file"
        )
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            return table if isinstance(table.index, pd.RangeIndex) else table.reset_index()
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except Exception as error:  # pandas and pyarrow raise a different class for every kind of damage
        raise DataError(
            "context.unreadable", f"{path}: cannot be read ({error})", "save it as a CSV with a header"
        ) from None


def _days(cells: pd.Series, item: ContextConfig, what: str) -> np.ndarray:
    text = cells.astype(str).str.strip().str.slice(0, 10)
    parsed = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    bad = np.flatnonzero(parsed.isna().to_numpy())
    if len(bad):
        raise DataError(
            "context.bad_date",
            f"{item.place}: context {item.name}: row {bad[0] + 2}: {what} {cells.iloc[bad[0]]!r} is no date",
            "write dates as YYYY-MM-DD",
        )
    return parsed.to_numpy().astype("datetime64[D]")
