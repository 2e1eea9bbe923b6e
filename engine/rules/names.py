"""Levels named as an analyst writes them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.rules.kinds import KINDS

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
Day = date | np.datetime64
_NOUNS = {kind.name: kind.noun for kind in KINDS}
_MONTH_SESSIONS = 21
_MULTI_MONTH_SESSIONS = 3 * _MONTH_SESSIONS
_MULTI_WEEK_SESSIONS = 10
RECENT_CROSSING_SESSIONS = 63
_YEAR_DAYS = 365  # days after which a month needs its year


def month_of(formed: Day, as_of: Day | None = None) -> str:
    """``"November"``, or ``"November 2023"`` where it is a year or more before ``as_of`` (or that is None)."""
    day = _date(formed)
    name = MONTHS[day.month - 1]
    if as_of is not None and (_date(as_of) - day).days < _YEAR_DAYS:
        return name
    return f"{name} {day.year}"


def months_of(first: Day, last: Day, as_of: Day | None = None) -> str:
    """``"October–November"``; one month where both lie in it; a year is written once where both have the same."""
    first, last = _date(first), _date(last)
    if (first.year, first.month) == (last.year, last.month):
        return month_of(last, as_of)
    begin, end = month_of(first, as_of), month_of(last, as_of)
    if first.year == last.year and end.endswith(str(last.year)):
        begin = MONTHS[first.month - 1]
    return f"{begin}–{end}"


def part_of_month(formed: Day) -> str:
    """``"early"``, ``"mid"`` or ``"late"``: the first ten days, the second ten, the rest."""
    day = _date(formed).day
    return "early" if day <= 10 else "mid" if day <= 20 else "late"


def _date(day: Day) -> date:
    return day if isinstance(day, date) else day.astype("datetime64[D]").item()


def span_word(sessions: int) -> str:
    """How long a shelf or range has been building: ``"multi-month "``, ``"multi-week "`` or nothing."""
    if sessions >= _MULTI_MONTH_SESSIONS:
        return "multi-month "
    return "multi-week " if sessions >= _MULTI_WEEK_SESSIONS else ""


def turned_word(native: int, role: int, broken: bool) -> str:
    """What became of a zone whose noun says support (``native`` 1) or resistance (-1), in one word.

    ``"broken"`` where price went through it and has not come back to it, ``"former"`` where it has proved to be the
    opposite since; nothing where the noun still holds or never said either.

    Parameters
    ----------
    role : what the zone last proved to be, 1 support or -1 resistance.
    broken : price has closed beyond it since.

    Examples
    --------
    >>> turned_word(1, 1, False), turned_word(1, 1, True), turned_word(1, -1, False), turned_word(1, -1, True)
    ('', 'broken', 'former', '')
    """
    if native == 0 or (role == native) != broken:
        return ""
    return "broken" if broken else "former"


def level_name(
    kind: str,
    formed: Day,
    *,
    since: Day | None = None,
    span_sessions: int = 0,
    turned: str = "",
    as_of: Day | None = None,
    is_record: bool = False,
) -> str:
    """Name of a zone.

    Parameters
    ----------
    kind : name of a level kind.
    formed : date it is named after.
    since : date of its oldest turning point, where that is not the one it is named after (shelves).
    span_sessions : sessions from there to the date it is named after (shelves).
    turned : what to say first of a zone that no longer is what its noun says, see :func:`turned_word`.
    as_of : date of the book; None gives the name that holds at any time (months carry their year).
    is_record : the zone still is the all-time high at ``as_of``.

    Examples
    --------
    >>> level_name("swing_low", np.datetime64("2025-11-21"), as_of=np.datetime64("2025-12-02"))
    'November swing low'
    >>> formed, as_of = np.datetime64("2025-11-13"), np.datetime64("2025-12-02")
    >>> level_name("support_shelf", formed, since=np.datetime64("2025-10-10"), span_sessions=24, as_of=as_of)
    'multi-week support shelf (October–November)'
    >>> level_name("supply_zone", np.datetime64("2025-11-03"), as_of=np.datetime64("2025-12-02"))
    'early-November supply zone'
    >>> level_name("supply_zone", np.datetime64("2025-11-03"), turned="former", as_of=np.datetime64("2025-12-02"))
    'former early-November supply zone'
    """
    noun = _NOUNS[kind]
    month = month_of(formed, as_of)
    lead = f"{turned} " if turned else ""
    if kind == "all_time_high":
        if as_of is not None and is_record:
            return f"prior {noun}"
        return f"{month} {noun}"
    if kind.endswith("_shelf"):
        return f"{lead}{span_word(span_sessions)}{noun} ({months_of(formed if since is None else since, formed, as_of)})"
    if kind.endswith("_zone"):
        return f"{lead}{part_of_month(formed)}-{month} {noun}"
    if kind.startswith("range_"):
        return f"{month} multi-month {noun}"
    return noun if kind.startswith("moving_average") else f"{month} {noun}"


def average_name(kind: str, above: bool, crossed_sessions_ago: int | None) -> str:
    """Name of a moving average at one close.

    Parameters
    ----------
    above : the close lies above the average.
    crossed_sessions_ago : sessions since the close crossed it; None where it is too long ago to mention.

    Examples
    --------
    >>> average_name("moving_average_50", True, 6)
    '50-day moving average, reclaimed 6 sessions ago'
    """
    noun = _NOUNS[kind]
    if crossed_sessions_ago is None or crossed_sessions_ago > RECENT_CROSSING_SESSIONS:
        return noun
    when = "today" if crossed_sessions_ago == 0 else _ago(crossed_sessions_ago)
    return f"{noun}, {'reclaimed' if above else 'lost'} {when}"


def _ago(sessions: int) -> str:
    return "1 session ago" if sessions == 1 else f"{sessions} sessions ago"


def level_names(table: np.ndarray, dates: np.ndarray) -> pd.Series:
    """Names that hold at any time, one per row of a level table (LEVEL records); ``dates`` of the bars.

    Few names are distinct, so each is built once.
    """
    sessions = table["formed"] - table["since"]
    spans = np.digitize(sessions, [_MULTI_WEEK_SESSIONS, _MULTI_MONTH_SESSIONS])
    since, days = (dates[table[name]].astype("datetime64[D]") for name in ("since", "formed"))
    months = days.astype("datetime64[M]")
    parts = np.minimum((days - months.astype("datetime64[D]")).astype(np.int64) // 10, 2)
    lasted = (months - since.astype("datetime64[M]")).astype(np.int64)
    key = ((months.astype(np.int64) * 4 + parts) * 4 + spans) * len(KINDS) + table["kind"]
    key = key * (lasted.max(initial=0) + 1) + lasted
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    distinct = [
        level_name(KINDS[kind].name, day, since=oldest, span_sessions=lasting)
        for kind, day, oldest, lasting in zip(
            *(x[first].tolist() for x in (table["kind"], days, since, sessions)), strict=True
        )
    ]
    return pd.Series(pd.array(pa.array(distinct, pa.string()).take(pa.array(inverse)), dtype="str"))
