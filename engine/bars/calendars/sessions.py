"""Sessions of an exchange, past and future, from ``exchange_calendars`` (imported only where a calendar is used)."""

from __future__ import annotations

import warnings
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np

from engine.errors import ConfigError, DataError

_BLOCK_YEARS = 5


def sessions_between(name: str, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    """Sessions of calendar ``name`` from ``first`` to ``last``, both included: (k,) ``datetime64[D]``.

    Raises
    ------
    ConfigError
        ``config.unknown_calendar``.
    DataError
        ``data.calendars_missing`` where exchange_calendars is not installed.
    """
    return _sessions(name, str(first), str(last))[0]


def half_days(name: str, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    """The sessions among them that end early, (k,) ``datetime64[D]``.  Raises as :func:`sessions_between`."""
    return _sessions(name, str(first), str(last))[1]


def sessions_after(name: str, day: np.datetime64, count: int) -> np.ndarray:
    """The next ``count`` sessions after ``day``, (count,) ``datetime64[D]``; fewer where the calendar ends first."""
    last = day + np.timedelta64(count * 3 + 30, "D")
    return sessions_between(name, day + np.timedelta64(1, "D"), last)[:count]


def session_close(name: str, day: np.datetime64) -> datetime | None:
    """The moment (UTC) at which the session of ``day`` ends; None where there is none on that day."""
    calendar = _calendar_with(name, day)
    return None if calendar is None else calendar.session_close(str(day)).to_pydatetime()


def session_open(name: str, day: np.datetime64) -> datetime | None:
    """The moment (UTC) at which the session of ``day`` begins, often on the evening before; None where there is none."""
    calendar = _calendar_with(name, day)
    return None if calendar is None else calendar.session_open(str(day)).to_pydatetime()


def _calendar_with(name: str, day: np.datetime64) -> Any:
    """A calendar that has a session on ``day``, or None."""
    if not len(sessions_between(name, day, day)):
        return None
    # a calendar that begins on the day itself does not know how its session began
    margin = np.timedelta64(14, "D")
    return _calendar(name, str(day - margin), str(day + margin))


def calendar_zone(name: str) -> str:
    """The exchange's time zone.  Raises as :func:`sessions_between`."""
    calendar = _calendar(name, "2020-01-02", "2020-02-03")
    return str(calendar.tz)


def _sessions(name: str, first: str, last: str) -> tuple[np.ndarray, np.ndarray]:
    start, end = np.datetime64(first), np.datetime64(last)
    if start > end:
        return np.empty(0, "datetime64[D]"), np.empty(0, "datetime64[D]")
    sessions, early = (
        days[np.searchsorted(days, start) : np.searchsorted(days, end, side="right")]
        for days in _days_of(name, *_rounded(first, last))
    )
    return sessions, early


@lru_cache(maxsize=64)
def _days_of(name: str, first: str, last: str) -> tuple[np.ndarray, np.ndarray]:
    """Sessions and early closes of a whole calendar, ascending."""
    calendar = _calendar(name, first, last)
    parts = []
    for index in (None, None) if calendar is None else (calendar.sessions, calendar.early_closes):
        days = np.empty(0, "datetime64[D]") if index is None else index.to_numpy().astype("datetime64[D]")
        days.flags.writeable = False
        parts.append(days)
    return parts[0], parts[1]


def _rounded(first: str, last: str) -> tuple[str, str]:
    """A range of whole blocks of years around the days: a calendar takes most of a second to make, and a history that is
    cut on each of its dates would ask for one a date."""
    start, end = (int(day[:4]) for day in (first, last))
    return (
        f"{start - start % _BLOCK_YEARS:04d}-01-01",
        f"{end - end % _BLOCK_YEARS + _BLOCK_YEARS - 1:04d}-12-31",
    )


def _calendar(name: str, first: str, last: str) -> Any:
    first, last = _rounded(first, last)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # pandas speaks to the package's authors, not to ours
        return _made_calendar(name, first, last)


@lru_cache(maxsize=64)
def _made_calendar(name: str, first: str, last: str) -> Any:
    try:
        import exchange_calendars
    except ImportError:
        raise DataError(
            "data.calendars_missing",
            f"calendar {name}: the package exchange_calendars is not installed",
            "pip install 'exchange_calendars>=4,<5', or leave the key calendar out",
        ) from None
    start, end = np.datetime64(first), np.datetime64(last)
    try:
        # a range without a session is refused there, so it is made a fortnight at least
        bounds = exchange_calendars.get_calendar(name, start="2020-01-02", end="2020-02-03")
        low, high = bounds.bound_min(), bounds.bound_max()
        if low is not None:
            start = max(start, np.datetime64(low.strftime("%Y-%m-%d")))
        if high is not None:
            end = min(end, np.datetime64(high.strftime("%Y-%m-%d")))
        if start > end:
            return None
        end = max(end, start + np.timedelta64(14, "D"))
        return exchange_calendars.get_calendar(name, start=str(start), end=str(end))
    except exchange_calendars.errors.InvalidCalendarName:
        raise ConfigError(
            "config.unknown_calendar",
            f"{name!r} is no calendar",
            "write the market's code, for example XNYS (New York), CMES (CME equity futures), XETR (Xetra), XLON (London)",
        ) from None
    except exchange_calendars.errors.NoSessionsError:
        return None
