"""How a kind's zones are called: a noun, and as much of their dates as an analyst would say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

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


@dataclass(frozen=True, slots=True)
class Birth:
    """What a name may tell of a zone.

    Attributes
    ----------
    formed : date it is named after.
    since : date of its oldest turning point, where that is not the one it is named after (shelves).
    span_sessions : sessions from there to the date it is named after (shelves).
    turned : what to say first of a zone that no longer is what its noun says, see :func:`turned_word`.
    as_of : date of the book; None gives the name that holds at any time (months carry their year).
    is_record : the zone still is the all-time high at ``as_of``.
    """

    formed: Day
    since: Day | None = None
    span_sessions: int = 0
    turned: str = ""
    as_of: Day | None = None
    is_record: bool = False

    @property
    def lead(self) -> str:
        """``"former "``, ``"broken "`` or nothing."""
        return f"{self.turned} " if self.turned else ""


_MONTH_SESSIONS = 21
MULTI_MONTH_SESSIONS = 3 * _MONTH_SESSIONS
MULTI_WEEK_SESSIONS = 10
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
    if sessions >= MULTI_MONTH_SESSIONS:
        return "multi-month "
    return "multi-week " if sessions >= MULTI_WEEK_SESSIONS else ""


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


def the_noun(noun: str, birth: Birth) -> str:
    """``"50-day moving average"``: a level that has no date."""
    return noun


def by_month(noun: str, birth: Birth) -> str:
    """``"November swing low"``."""
    return f"{month_of(birth.formed, birth.as_of)} {noun}"


def by_part_of_month(noun: str, birth: Birth) -> str:
    """``"early-November supply zone"``."""
    return f"{birth.lead}{part_of_month(birth.formed)}-{month_of(birth.formed, birth.as_of)} {noun}"


def by_span(noun: str, birth: Birth) -> str:
    """``"multi-week support shelf (October–November)"``."""
    first = birth.formed if birth.since is None else birth.since
    months = months_of(first, birth.formed, birth.as_of)
    return f"{birth.lead}{span_word(birth.span_sessions)}{noun} ({months})"


def by_record(noun: str, birth: Birth) -> str:
    """``"prior all-time-high region"`` while it is the record, then by its month."""
    return f"prior {noun}" if birth.as_of is not None and birth.is_record else by_month(noun, birth)
