"""Days on which calendars and market data are known to disagree, and why."""

from __future__ import annotations

import datetime

import numpy as np

# a day -> why trading stopped, or did not stop everywhere, on it
CLOSURES = {
    "1994-04-27": "day of mourning for Richard Nixon",
    "2001-09-11": "attacks of 11 September",
    "2001-09-12": "attacks of 11 September",
    "2001-09-13": "attacks of 11 September",
    "2001-09-14": "attacks of 11 September",
    "2004-06-11": "day of mourning for Ronald Reagan",
    "2007-01-02": "day of mourning for Gerald Ford",
    "2012-10-29": "hurricane Sandy",
    "2012-10-30": "hurricane Sandy",
    "2018-12-05": "day of mourning for George H. W. Bush",
    "2025-01-09": "day of mourning for Jimmy Carter",
}
_US_FUTURES = ("CMES", "CME", "CBOT", "CMEG", "us_futures", "CFE")
_GERMAN = ("XETR", "XFRA")


def why_missing(calendar: str, days: np.ndarray) -> dict[str, np.ndarray]:
    """Reason to the days, of those that a file lacks, that it explains; a day has one reason at most.

    Parameters
    ----------
    days : (k,) ``datetime64[D]``.
    """
    reasons: dict[str, np.ndarray] = {}
    left = days
    closures = np.array([str(day) in CLOSURES for day in left.astype(str)], dtype=bool)
    for day in left[closures]:
        reasons.setdefault(CLOSURES[str(day)], np.empty(0, "datetime64[D]"))
        reasons[CLOSURES[str(day)]] = np.append(reasons[CLOSURES[str(day)]], day)
    left = left[~closures]
    if calendar in _US_FUTURES and len(left):
        from engine.bars.calendars.sessions import sessions_between

        open_days = sessions_between("XNYS", left[0], left[-1])
        shut = ~np.isin(left, open_days)
        if shut.any():
            text = (
                "holidays of the stock market: vendors put the futures' short session into the next day's bar"
            )
            reasons[text] = left[shut]
            left = left[~shut]
    if calendar in _GERMAN and len(left):
        local = np.array([_is_german_holiday(day) for day in left], dtype=bool)
        if local.any():
            reasons["local holidays, on which Frankfurt traded in some years"] = left[local]
    return reasons


def _is_german_holiday(day: np.datetime64) -> bool:
    from dateutil.easter import easter

    date = datetime.date.fromisoformat(str(day))
    after_easter = (date - easter(date.year)).days
    # Ascension, Whit Monday, Corpus Christi; German Unity; All Saints; the Wednesday before 23 November; Christmas Eve
    repentance = date.month == 11 and 16 <= date.day <= 22 and date.weekday() == 2
    fixed = (date.month, date.day) in ((10, 3), (11, 1), (12, 24), (12, 31))
    return after_easter in (39, 50, 60) or repentance or fixed
