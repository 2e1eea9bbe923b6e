"""From date cells to days: one form, one order, and the cell that is at fault where there is neither."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd

from engine.errors import ConfigError, DataError

EARLIEST_DATE, LATEST_DATE = np.datetime64("1600-01-01", "D"), np.datetime64("2200-01-01", "D")
_TIME = r"\d{2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?"
# a year, a month, `today` and whatever else a lenient parser takes for a day are none
_FORMS = (
    ("YYYY-MM-DD", re.compile(r"\d{4}-\d{2}-\d{2}")),
    ("YYYYMMDD", re.compile(r"\d{8}")),
    ("YYYY-MM-DD hh:mm", re.compile(r"\d{4}-\d{2}-\d{2}[T ]" + _TIME)),
    ("YYYYMMDD hh:mm", re.compile(r"\d{8}[T ]" + _TIME)),
)
_REPEATED = 0.3  # share of rows whose date stands in another row: not a slip, another kind of file


def typed_date(text: str) -> str:
    """A date that somebody typed, as YYYY-MM-DD.

    Raises
    ------
    ConfigError
        ``usage.bad_date``.
    """
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ConfigError("usage.bad_date", f"{text!r} is not a date", "write YYYY-MM-DD") from None


def read_days(column: pd.Series, place: str) -> np.ndarray:
    """(n,) ``datetime64[D]``, in the order of the rows; :func:`require_order` judges that.

    A session has the date of the place where it is traded: an offset is dropped, not applied (it changes with daylight
    saving).

    Raises
    ------
    DataError
        ``data.bad_date``.
    """
    if column.dtype.kind == "M":
        parsed = column.dt.tz_localize(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column
        form = "date"
    else:
        text = column.astype(str).str.strip()
        form, other = _form(text)
        bare = text
        if form.endswith("hh:mm"):
            bare = text.str.replace(r"(:\d\d(?:[.,]\d+)?)\s*(?:Z|[+-]\d\d(?::?\d\d)?)$", r"\1", regex=True)
        parsed = pd.to_datetime(bare.where(~other, None), errors="coerce", format="ISO8601")
    bad = np.flatnonzero(parsed.isna().to_numpy())
    if len(bad):
        row = int(bad[0])
        shown = str(column.iloc[row]).strip()
        missing = shown.lower() in ("", "nat", "nan", "none", "<na>")
        what = "the date is missing" if missing else f"{shown!r} is not a date"
        if form != "date":
            what += f" of the form {form} that the other rows have" if not missing else ""
        raise DataError(
            "data.bad_date",
            f"{place}: row {column.index[row]}: column date: {what}",
            "write every date as YYYY-MM-DD",
        )
    days = parsed.to_numpy().astype("datetime64[D]")
    strange = np.flatnonzero((days < EARLIEST_DATE) | (days >= LATEST_DATE))
    if len(strange):
        row = int(strange[0])
        raise DataError(
            "data.bad_date",
            f"{place}: row {column.index[row]}: column date: {days[row]} is no day of a market "
            f"(before {EARLIEST_DATE} or from {LATEST_DATE} on)",
            "correct the date at its source; some vendors write 9999-12-31 for a missing one",
        )
    return days


def _form(text: pd.Series) -> tuple[str, np.ndarray]:
    """The form most cells have, and a mask of those that do not have it."""
    best, most = "", np.zeros(len(text), dtype=bool)
    cells = text.fillna("").tolist()  # one pass over a list is faster than an accessor of pandas
    for name, pattern in _FORMS:
        has = np.array([pattern.fullmatch(cell) is not None for cell in cells], dtype=bool)
        if has.sum() > most.sum():
            best, most = name, has
        if has.all():
            break
    return best or "YYYY-MM-DD", ~most


def require_order(days: np.ndarray, column: pd.Series, place: str) -> None:
    """Each day once, oldest first; the row that is blamed is the one without which the others are in order.

    Raises
    ------
    DataError
        ``data.not_daily``, ``data.duplicate_date`` or ``data.not_ascending``.
    """
    steps = np.diff(days).astype(np.int64)
    if (steps > 0).all():
        return
    rows = column.index
    repeated = float(np.mean(steps == 0)) if len(steps) else 0.0
    if repeated > _REPEATED:
        at = int(np.flatnonzero(steps == 0)[0]) + 1
        if _with_times(column):
            raise DataError(
                "data.not_daily",
                f"{place}: row {rows[at]}: column date: {column.iloc[at]} is on the same day as the row before, as are "
                f"{100 * repeated:.0f}% of the rows: intraday bars, not daily ones",
                "sum them up to one bar a session first",
            )
        raise DataError(
            "data.duplicate_date",
            f"{place}: row {rows[at]}: column date: {days[at]} appears twice, as do {100 * repeated:.0f}% of the dates: "
            "several instruments in one table, or every row twice",
            "keep the rows of one instrument, one row per session (`symbol_column:` tells instruments apart)",
        )
    falls = np.flatnonzero(steps < 0)
    if len(falls) and len(falls) > 0.9 * len(steps):
        raise DataError(
            "data.not_ascending",
            f"{place}: row {rows[1]}: column date: {days[1]} comes before {days[0]}, and so on: the rows are newest first",
            "sort by date, oldest first (`order:`)",
        )
    wrong = int(np.flatnonzero(steps <= 0)[0]) + 1
    if steps[wrong - 1] == 0:
        raise DataError(
            "data.duplicate_date",
            f"{place}: row {rows[wrong]}: column date: {days[wrong]} appears twice",
            f"one row per session: delete one at the source, or `corrections: [{{date: {days[wrong]}, keep: last, reason: ...}}]`",
        )
    again = np.isin(days[wrong:], days[:wrong])
    if len(again) > 20 and again[:20].mean() > 0.5:
        raise DataError(
            "data.not_ascending",
            f"{place}: row {rows[wrong]}: column date: the dates begin again with {days[wrong]}: several instruments under one another, "
            "or the file twice",
            "keep the rows of one instrument (`symbol_column:` tells instruments apart)",
        )
    culprit, what = wrong, f"comes after a later date, {days[wrong - 1]}"
    earlier = wrong < 2 or days[wrong - 2] < days[wrong]
    if earlier and wrong + 1 < len(days) and days[wrong - 1] > days[wrong + 1] > days[wrong]:
        culprit, what = wrong - 1, f"is later than the dates after it ({days[wrong]}): a mistyped date?"
    raise DataError(
        "data.not_ascending",
        f"{place}: row {rows[culprit]}: column date: {days[culprit]} {what}",
        "correct the date; rows go by date, oldest first, one per session",
    )


def _with_times(column: pd.Series) -> bool:
    if column.dtype.kind == "M":
        return bool((column != column.dt.normalize()).any())
    return bool(column.astype(str).str.contains(":", regex=False).any())
