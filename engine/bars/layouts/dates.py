"""The date of a session, from dates, times and instants in the forms that exports use.

Nothing is guessed: where day and month, or the day that an evening session belongs to, can be read in two ways, the
error shows both readings and the key that decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from engine.errors import DataError

# the time of day from which on a session that begins may belong to the next day (17:00 in Chicago, 22:00 UTC)
_EVENING_UTC = np.timedelta64(16, "h")
_EVENING_LOCAL = np.timedelta64(17, "h")
_DAY = np.timedelta64(1, "D")

_TIME = r"(?:[ T](\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?)(?: ?[AaPp][Mm])?)?"
_OFFSET = r"\s*(Z|UTC|[+-]\d\d:?\d\d)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}{_OFFSET}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d\d){_TIME}")
_EPOCH = re.compile(r"-?\d{1,19}(?:\.0+)?")
_MONTH_NAMES = (
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%y",
    "%b-%d-%Y",
    "%Y-%b-%d",
)
ORDERS = {
    "month/day/year": (1, 0),
    "day/month/year": (0, 1),
}  # which of the first two numbers is the day, the month


@dataclass(frozen=True, slots=True)
class DateRule:
    """What a config says about dates.

    Attributes
    ----------
    dates : an order of :data:`ORDERS`, ``year/month/day``, or a strptime pattern; None: what the cells say.
    zone : time zone in which an instant has its date; None: only where every reading gives the same date.
    session_start : time of day (in that zone) from which on a bar belongs to the next day's session.
    """

    dates: str | None = None
    zone: str | None = None
    session_start: time | None = None


def read_dates(
    cells: pd.Series, times: pd.Series | None, rule: DateRule, place: str
) -> tuple[pd.Series, str]:
    """Dates as ISO text, a cell that is none as it was, and the form in words.

    Parameters
    ----------
    cells : (n,) text.  ``times`` : (n,) time of day in a column of its own, or None.

    Raises
    ------
    DataError
        ``data.ambiguous_date`` or ``data.ambiguous_instant``.
    """
    text = cells.str.strip()
    sample = text[text != ""]
    if rule.dates is not None and "%" in rule.dates:
        stamps = pd.to_datetime(text, format=rule.dates, errors="coerce")
        return _filled(cells, _to_session(stamps, times, rule, place)), rule.dates
    if not len(sample):
        return cells, "none"
    head = sample.iloc[:: max(1, len(sample) // 200)]
    if _share(head, r"\d{4}-\d\d-\d\d") > 0.5 and times is None and rule.session_start is None:
        return cells, "year-month-day"
    if _share(head, r"\d{8}(?: \d\d:?\d\d:?\d\d)?") > 0.5:
        stamps = pd.to_datetime(text.str.slice(0, 8), format="%Y%m%d", errors="coerce")
        return _filled(cells, _to_session(stamps, times, rule, place)), "yearmonthday"
    if _share(head, _EPOCH) > 0.5:
        instants, unit = _epochs(text)
        return _filled(
            cells, _instants_to_session(instants, rule, place)
        ), f"seconds since 1970 ({unit}), UTC"
    if _share(head, _YEAR_FIRST) > 0.5:
        return _year_first(cells, text, times, rule, place)
    if _share(head, _YEAR_LAST) > 0.5:
        stamps, order = _year_last(text, rule, place)
        return _filled(cells, _to_session(stamps, times, rule, place)), order
    for pattern in _MONTH_NAMES:
        stamps = pd.to_datetime(text, format=pattern, errors="coerce")
        if stamps.notna().mean() > 0.5:
            return _filled(cells, _to_session(stamps, times, rule, place)), "with the month's name"
    return cells, "of no known form"


def typed_dates(column: pd.Series, rule: DateRule, place: str) -> tuple[pd.Series, str]:
    """The same for a typed column of a Parquet file: timestamps with or without a zone, numbers, or text."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        zone = str(column.dtype.tz)
        wanted = rule.zone or (None if zone == "UTC" else zone)
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
        told = f"instants in {zone}"
        days = _instants_to_session(utc, DateRule(rule.dates, wanted, rule.session_start), place)
        return _filled(column.astype(str), days), told
    if column.dtype.kind == "M" and rule.session_start is not None:
        days = _evening(column.to_numpy().astype("datetime64[us]"), rule.session_start)
        return _filled(column.astype(str), days), "timestamps"
    if column.dtype.kind in "iu" or (column.dtype.kind == "f" and (column % 1 == 0).all()):
        return read_dates(column.astype("int64").astype(str), None, rule, place)
    if column.dtype.kind in "OTU" or isinstance(column.dtype, pd.StringDtype):
        return read_dates(column.astype(str), None, rule, place)
    return column, "dates"


def _share(cells: pd.Series, pattern: str | re.Pattern[str]) -> float:
    return float(cells.str.fullmatch(pattern).mean())


def _filled(cells: pd.Series, days: np.ndarray) -> pd.Series:
    """ISO text where there is a day, the cell itself where there is none."""
    known = ~np.isnat(days)
    out = cells.to_numpy(dtype=object).copy()
    out[known] = np.datetime_as_string(days[known].astype("datetime64[D]"))
    return pd.Series(out, cells.index, dtype="str")


def _groups(pattern: re.Pattern[str], text: pd.Series) -> pd.DataFrame:
    """(n, groups) text of each group, missing where the beginning of a cell does not fit; as ``str.extract``, three times as fast."""
    none = (None,) * pattern.groups
    found = [match.groups() if (match := pattern.search(cell)) else none for cell in text.tolist()]
    columns = zip(*found, strict=True) if found else [()] * pattern.groups
    return pd.DataFrame(
        {i: pd.Series(list(column), text.index, dtype="str") for i, column in enumerate(columns)}
    )


# --- day, month and year --------------------------------------------------------------------------


def _year_last(text: pd.Series, rule: DateRule, place: str) -> tuple[pd.Series, str]:
    parts = _groups(_YEAR_LAST, text)
    first, second = (pd.to_numeric(parts[i], errors="coerce") for i in (0, 2))
    read = first.notna()
    order = rule.dates
    if order is None:
        day_first, month_first = (first > 12).sum(), (second > 12).sum()
        if day_first == month_first:
            row = int(np.flatnonzero(read.to_numpy())[0])
            shown = text.iloc[row]
            readings = {name: _one(parts.iloc[row], name) for name in ORDERS}
            what = "each date can be read both ways" if not day_first else "the rows do not agree"
            raise DataError(
                "data.ambiguous_date",
                f"{place}: row {text.index[row]}: {shown} is {readings['month/day/year']} read as month/day/year and "
                f"{readings['day/month/year']} read as day/month/year; {what}",
                "say which in the source: dates: month/day/year or dates: day/month/year",
            )
        order = "day/month/year" if day_first > month_first else "month/day/year"
    if order not in ORDERS:
        return pd.Series(pd.NaT, text.index), order
    day, month = (parts[(0, 2)[k]].tolist() for k in ORDERS[order])
    written = [
        f"{_full_year(y)}-{m:0>2}-{d:0>2}T{clock}" if known else None
        for known, y, m, d, clock in zip(
            read.tolist(), parts[3].tolist(), month, day, parts[4].fillna("00:00").tolist(), strict=True
        )
    ]
    stamps = pd.to_datetime(pd.Series(written, text.index, dtype="str"), format="ISO8601", errors="coerce")
    return stamps, order


def _full_year(year: str) -> str:
    return year if len(year) != 2 else f"{20 if year < '70' else 19}{year}"


def _one(parts: pd.Series, order: str) -> str:
    day, month = (int(parts[(0, 2)[k]]) for k in ORDERS[order])
    year = int(parts[3])
    year += (2000 if year < 70 else 1900) if year < 100 else 0
    try:
        return pd.Timestamp(year, month, day).strftime("%Y-%m-%d")
    except ValueError:
        return "no date"


def _year_first(
    cells: pd.Series, text: pd.Series, times: pd.Series | None, rule: DateRule, place: str
) -> tuple[pd.Series, str]:
    parts = _groups(_YEAR_FIRST, text)
    days = parts[0] + "-" + parts[2].str.zfill(2) + "-" + parts[3].str.zfill(2)
    stamps = pd.to_datetime(days + "T" + parts[4].fillna("00:00"), format="ISO8601", errors="coerce")
    offsets = parts[5].replace({"Z": "+0000", "UTC": "+0000"}).str.replace(":", "")
    form = "year-month-day" if (parts[1] == "-").mean() > 0.5 else "year/month/day"
    if offsets.isna().all():
        return _filled(cells, _to_session(stamps, times, rule, place)), form
    if rule.zone is None:  # as written: a session has the date of the place where it is traded
        return _filled(cells, _to_session(stamps, times, rule, place)), f"{form} with an offset from UTC"
    hours = pd.to_numeric(offsets.str[1:3], errors="coerce").fillna(0)
    minutes = pd.to_numeric(offsets.str[3:5], errors="coerce").fillna(0)
    shift = (hours * 60 + minutes) * np.where(offsets.str[0] == "-", -1, 1)
    utc = (stamps - pd.to_timedelta(shift, unit="min")).to_numpy().astype("datetime64[us]")
    return _filled(cells, _instants_to_session(utc, rule, place)), f"{form}, instants in {rule.zone}"


# --- instants and evening sessions ----------------------------------------------------------------


def _epochs(text: pd.Series) -> tuple[np.ndarray, str]:
    """UTC instants of numbers since 1970; each cell has its own unit, because a vendor changed it midway (Binance, 2025)."""
    value = pd.to_numeric(text, errors="coerce")
    size = value.abs()
    power = np.select([size < 1e11, size < 1e14, size < 1e17], [6, 3, 0], -3)
    whole = value.fillna(0).astype("int64").to_numpy()
    micro = np.where(power >= 0, whole * 10 ** np.maximum(power, 0), whole // 1000)
    instants = micro.astype("datetime64[us]")
    instants[value.isna().to_numpy()] = np.datetime64("NaT")
    units = {6: "s", 3: "ms", 0: "µs", -3: "ns"}
    return instants, "/".join(units[p] for p in sorted({int(p) for p in power[value.notna()]}, reverse=True))


def _to_session(stamps: pd.Series, times: pd.Series | None, rule: DateRule, place: str) -> np.ndarray:
    """Days of wall-clock stamps (n,), with their time of day in a column of its own where there is one."""
    values = stamps.to_numpy().astype("datetime64[us]")
    if times is not None:
        clock = pd.to_timedelta(_full_clock(times), errors="coerce").fillna(pd.Timedelta(0)).to_numpy()
        values = values + clock.astype("timedelta64[us]")
    if rule.session_start is not None:
        return _evening(values, rule.session_start)
    if rule.zone is None:
        _refuse_evening(values, _EVENING_LOCAL, place, "the time zone is not known")
    return values.astype("datetime64[D]")


def _full_clock(times: pd.Series) -> pd.Series:
    text = times.str.strip().str.replace(r"^(\d{1,2}:\d\d)$", r"\1:00", regex=True)
    return text.str.replace(r"^(\d\d)(\d\d)(\d\d)$", r"\1:\2:\3", regex=True)


def _instants_to_session(instants: np.ndarray, rule: DateRule, place: str) -> np.ndarray:
    if rule.zone is None:
        _refuse_evening(instants, _EVENING_UTC, place, "as UTC")
        return instants.astype("datetime64[D]")
    local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(ZoneInfo(rule.zone)).tz_localize(None)
    values = local.to_numpy().astype("datetime64[us]")
    return (
        values.astype("datetime64[D]") if rule.session_start is None else _evening(values, rule.session_start)
    )


def _evening(values: np.ndarray, start: time) -> np.ndarray:
    days = values.astype("datetime64[D]")
    begin = np.timedelta64(start.hour * 60 + start.minute, "m")
    return np.where(values - days >= begin, days + _DAY, days)


def _refuse_evening(values: np.ndarray, from_hour: np.timedelta64, place: str, known: str) -> None:
    days = values.astype("datetime64[D]")
    late = np.flatnonzero((values - days >= from_hour) & (values - days < _DAY - np.timedelta64(60, "s")))
    if not len(late):
        return
    row = int(late[0])
    stamp = str(values[row].astype("datetime64[m]")).replace("T", " ")
    raise DataError(
        "data.ambiguous_instant",
        f"{place}: {stamp} ({known}) is the session of {days[row]} if the bar is stamped at its close, and of "
        f"{days[row] + _DAY} if that session begins the evening before",
        'say which in the source: timezone: America/New_York (or another), and session_start: "17:00" where a session '
        "begins the evening before",
    )
