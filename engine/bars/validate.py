"""From a raw table to a sound bar series, or to one exact error; nothing is repaired on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.bars.series import COLUMNS, PRICE_COLUMNS, BarSeries
from engine.errors import DataError

FAKE_OPEN_WINDOW = 63
FAKE_OPEN_SHARE = 0.25
EARLIEST_DATE, LATEST_DATE = np.datetime64("1600-01-01", "D"), np.datetime64("2200-01-01", "D")


def to_series(frame: pd.DataFrame, *, symbol: str, family: str, place: str) -> BarSeries:
    """Check the content of ``frame`` and make it a :class:`BarSeries`.

    Parameters
    ----------
    frame : columns date, open, high, low, close and, optionally, volume (any case); text or numbers.  The index
        is what the source calls each row.
    place : file or source, for error messages.

    Raises
    ------
    DataError
        ``data.missing_column``, ``data.duplicate_column``, ``data.empty``, ``data.bad_date``, ``data.duplicate_date``,
        ``data.not_ascending``, ``data.not_a_number``, ``data.infinite``, ``data.not_positive``,
        ``data.high_below_low``, ``data.outside_range`` or ``data.negative_volume``; the first offending row
        and column are named, with the number of further rows that share the defect.
    """
    columns = {str(name).strip().lower(): name for name in frame.columns}
    missing = [name for name in ("date", *PRICE_COLUMNS) if name not in columns]
    if missing:
        raise DataError(
            "data.missing_column",
            f"{place}: no column {', '.join(missing)} (found: {', '.join(map(str, frame.columns)) or 'none'})",
            "name the columns date, open, high, low, close and, optionally, volume; a CSV parts them by commas",
        )
    names = [str(name).strip().lower() for name in frame.columns]
    twice = [name for name in ("date", *COLUMNS) if names.count(name) > 1]
    if twice:
        raise DataError(
            "data.duplicate_column",
            f"{place}: more than one column {', '.join(twice)} (found: {', '.join(map(str, frame.columns))})",
            "keep the column that is meant and rename the other",
        )
    if not len(frame):
        raise DataError("data.empty", f"{place}: there are no bars", "export the bars again")

    days = _dates(frame[columns["date"]], place)
    report = _Reporter(place, days, frame.index.to_numpy())
    values: dict[str, np.ndarray] = {}
    for name in COLUMNS:
        if name in columns:
            values[name] = _numbers(frame[columns[name]], name, report)
        else:
            values[name] = np.zeros(len(frame))

    for name in PRICE_COLUMNS:
        report.check(
            values[name] <= 0,
            "data.not_positive",
            name,
            values[name],
            "is not positive",
            "log returns are undefined for prices of zero or below (WTI settled at -37.63 on 2020-04-20); "
            "use a positive series, for example a back-adjusted ratio or an ETF",
        )
    report.check(
        values["volume"] < 0, "data.negative_volume", "volume", values["volume"], "is negative",
        "leave the volume column out if the source has none",
    )  # fmt: skip
    report.check(
        values["high"] < values["low"], "data.high_below_low", "high", values["high"], "is below the low",
        "correct the bar at its source",
    )  # fmt: skip
    slack = 1e-9 * values["close"]  # a vendor's adjustment factor leaves noise in the last bits
    for name in ("open", "close"):
        outside = (values[name] > values["high"] + slack) | (values[name] < values["low"] - slack)
        report.check(
            outside,
            "data.outside_range",
            name,
            values[name],
            "is outside [low, high]",
            "correct the bar at its source",
        )
    return BarSeries(
        symbol=symbol,
        family=family,
        dates=days,
        opens_real_from=opens_real_from(values["open"], values["close"]),
        **values,  # type: ignore[arg-type]
    )


def opens_real_from(opens: np.ndarray, closes: np.ndarray) -> int:
    """Index of the first bar from which on opens are traded prices.

    Some cash-index histories carry ``open = previous close``.  A bar is suspect when at least a quarter of the
    63 bars up to it do; opens count as real after the last suspect bar.  0 where there is none; n where the
    last bar is suspect.
    """
    if len(opens) < FAKE_OPEN_WINDOW:
        return 0
    fake = np.zeros(len(opens))
    fake[1:] = opens[1:] == closes[:-1]
    total = np.concatenate(([0.0], np.cumsum(fake)))
    share = (total[FAKE_OPEN_WINDOW:] - total[:-FAKE_OPEN_WINDOW]) / FAKE_OPEN_WINDOW
    suspect = np.flatnonzero(share >= FAKE_OPEN_SHARE)
    return int(suspect[-1]) + FAKE_OPEN_WINDOW if len(suspect) else 0


class _Reporter:
    """Turns a mask of bad rows into one error that names the first of them."""

    def __init__(self, place: str, days: np.ndarray, rows: np.ndarray) -> None:
        self.place, self.days, self.rows = place, days, rows

    def check(self, bad: np.ndarray, code: str, column: str, shown: object, what: str, hint: str) -> None:
        found = np.flatnonzero(bad)
        if not len(found):
            return
        first, others = int(found[0]), len(found) - 1
        more = f" (and in {others} more row{'s' if others > 1 else ''})" if others else ""
        value = np.asarray(shown, dtype=object)[first]
        raise DataError(
            code,
            f"{self.place}: row {self.rows[first]} ({self.days[first]}): {column} {value!s} {what}{more}",
            hint,
        )


def _dates(column: pd.Series, place: str) -> np.ndarray:
    if column.dtype.kind == "M":
        parsed = column
    else:
        text = column.astype(str).str.strip()
        if text.str.contains(":", regex=False).any():
            # a session has the date of the place where it is traded; its offset changes with daylight saving
            text = text.str.replace(r"(:\d\d(?:\.\d+)?)\s*(?:Z|[+-]\d\d:?\d\d)$", r"\1", regex=True)
        parsed = pd.to_datetime(text, errors="coerce", format="ISO8601")
    if isinstance(parsed.dtype, pd.DatetimeTZDtype):
        parsed = parsed.dt.tz_localize(None)
    bad = np.flatnonzero(parsed.isna().to_numpy())
    if len(bad):
        row = int(bad[0])
        shown = str(column.iloc[row]).strip()
        what = (
            f"{shown!r} is not a date"
            if shown.lower() not in ("", "nat", "nan", "none", "<na>")
            else "the date is missing"
        )
        raise DataError(
            "data.bad_date",
            f"{place}: row {column.index[row]}: column date: {what}",
            "write dates as YYYY-MM-DD",
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
    steps = np.diff(days).astype(np.int64)
    for mask, code, what in (
        (steps == 0, "data.duplicate_date", "appears twice"),
        (steps < 0, "data.not_ascending", "comes after a later date"),
    ):
        rows = np.flatnonzero(mask)
        if len(rows):
            row = int(rows[0]) + 1
            raise DataError(
                code,
                f"{place}: row {column.index[row]}: column date: {days[row]} {what}",
                "sort by date, oldest first, one row per session",
            )
    return days


def _numbers(column: pd.Series, name: str, report: _Reporter) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    text = column.astype(str).replace("", "(empty)").to_numpy()
    empty = (
        "write 0 where there is no volume, or leave the column out if the source has none"
        if name == "volume"
        else "fill the cell or drop the row"
    )
    report.check(
        np.isnan(numbers), "data.not_a_number", name, text, "is not a number",
        f"{empty}; numbers have a decimal point and no thousands separator",
    )  # fmt: skip
    report.check(
        np.isinf(numbers), "data.infinite", name, text, "is infinite", "correct the bar at its source"
    )
    return np.ascontiguousarray(numbers)
