"""A calendar of releases from a CSV."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.bars.events.schedule import NEVER, Schedule
from engine.config import EventsConfig
from engine.errors import DataError

_FEWEST = 24  # releases of a kind before one can be called late
_LATE = 3  # days beyond the longest delay so far


def read_events(item: EventsConfig) -> Schedule:
    """The entries of a file, by day.

    Raises
    ------
    DataError
        ``events.missing_file``, ``events.unreadable``, ``events.no_such_column``, ``events.has_announcements``,
        ``events.bad_date``, ``events.empty``, ``events.added_later``, ``events.withdrawn_early`` or ``events.duplicate``.
    """
    table = _table(item)
    names = {str(c).strip().lower(): c for c in table.columns}
    for key, wanted in (
        ("date_column", item.date_column),
        ("event_column", item.event_column),
        ("announced", item.announced),
        ("withdrawn", item.withdrawn),
    ):
        if wanted is not None and wanted.strip().lower() not in names:
            raise DataError(
                "events.no_such_column",
                f"{item.path}: events.{key} names {wanted}, which is no column (found: {', '.join(map(str, table.columns))})",
                "write the name as it stands in the file",
            )
    if item.announced is None and "announced" in names:
        raise DataError(
            "events.has_announcements",
            f"{item.path}: the file has a column announced, which the config does not use",
            "set events.announced: announced, so that a date is known from the day it was announced",
        )

    def column(wanted: str) -> pd.Series:
        return table[names[wanted.strip().lower()]]

    kinds = column(item.event_column).str.strip().to_numpy(dtype=object)
    days = _days(column(item.date_column), item, "date", needed=True)
    if not len(days):
        raise DataError("events.empty", f"{item.path}: there are no events", "name another file")
    nothing = np.full(len(days), NEVER)
    announced = nothing.copy()
    if item.announced is not None:
        announced = _days(column(item.announced), item, "announced", needed=False)
    withdrawn = nothing
    if item.withdrawn is not None:
        withdrawn = _days(column(item.withdrawn), item, "withdrawn", needed=False)
    sudden = np.isin(kinds.astype(str), item.unscheduled)
    _check(item, kinds, (days, announced, withdrawn), sudden)
    announced[sudden & np.isnat(announced)] = days[sudden & np.isnat(announced)]
    doubtful: tuple[tuple[str, str], ...] = ()
    if item.announced is None and item.period_column.strip().lower() in names:
        late = _late(kinds, days, column(item.period_column))
        announced[late] = days[late]
        doubtful = tuple((str(kinds[i]), str(days[i])) for i in np.flatnonzero(late))
    order = np.argsort(days, kind="stable")
    return Schedule(kinds[order].astype(str), days[order], announced[order], withdrawn[order], doubtful)


def _table(item: EventsConfig) -> pd.DataFrame:
    if not item.path.is_file():
        raise DataError(
            "events.missing_file",
            f"{item.path}: no such file",
            "relative paths are relative to the config file",
        )
    try:
        return pd.read_csv(item.path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise DataError(
            "events.unreadable", f"{item.path}: cannot be read ({error})", "save it as a CSV with a header"
        ) from None


def _days(cells: pd.Series, item: EventsConfig, what: str, *, needed: bool) -> np.ndarray:
    text = cells.str.strip()
    parsed = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    bad = np.flatnonzero(parsed.isna().to_numpy() & (needed | (text != "").to_numpy()))
    if len(bad):
        raise DataError(
            "events.bad_date",
            f"{item.path}: row {bad[0] + 2}: {what} {cells.iloc[bad[0]]!r} is no date",
            "write dates as YYYY-MM-DD",
        )
    return parsed.to_numpy().astype("datetime64[D]")


def _check(
    item: EventsConfig,
    kinds: np.ndarray,
    dates: tuple[np.ndarray, np.ndarray, np.ndarray],
    sudden: np.ndarray,
) -> None:
    days, announced, withdrawn = dates
    after = np.flatnonzero((announced > days) & ~sudden)
    if len(after):
        row = after[0]
        more = f" (and {len(after) - 1} more)" if len(after) > 1 else ""
        raise DataError(
            "events.added_later",
            f"{item.path}: row {row + 2}: {kinds[row]} of {days[row]} was put into the calendar on {announced[row]}, after it "
            f"had taken place{more}",
            f"correct the announcement, or write events.unscheduled: [{kinds[row]}] if nobody could have had it in a calendar",
        )
    early = np.flatnonzero(withdrawn <= announced)
    if len(early):
        row = early[0]
        raise DataError(
            "events.withdrawn_early",
            f"{item.path}: row {row + 2}: {kinds[row]} of {days[row]} was withdrawn on {withdrawn[row]}, before it was "
            f"announced on {announced[row]}",
            "were the two columns mistaken for each other?",
        )
    standing = np.flatnonzero(np.isnat(withdrawn))
    seen: dict[tuple[str, str], int] = {}
    for row in standing:
        key = (str(kinds[row]), str(days[row]))
        if key in seen:
            raise DataError(
                "events.duplicate",
                f"{item.path}: rows {seen[key] + 2} and {row + 2}: {key[0]} stands twice on {key[1]}",
                "keep one",
            )
        seen[key] = int(row)


def _late(kinds: np.ndarray, days: np.ndarray, periods: pd.Series) -> np.ndarray:
    """(m,) mask of releases that came later after their month than any of their kind before them."""
    month = (
        pd.to_datetime(periods.str.strip(), format="%B %Y", errors="coerce")
        .to_numpy()
        .astype("datetime64[M]")
    )
    delay = (days - (month + 1).astype("datetime64[D]")).astype(np.int64)
    late = np.zeros(len(days), dtype=bool)
    for kind in np.unique(kinds.astype(str)):
        mine = np.flatnonzero((kinds == kind) & ~np.isnat(month))
        mine = mine[np.argsort(days[mine], kind="stable")]
        longest = None
        for count, row in enumerate(mine):
            if count >= _FEWEST and longest is not None and delay[row] > longest + _LATE:
                late[row] = True
            else:
                longest = delay[row] if longest is None else max(longest, delay[row])
    return late
