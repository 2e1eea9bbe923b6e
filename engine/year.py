"""How many sessions a week and a year have, from the dates: five and 252, or seven and 365."""

from __future__ import annotations

import numpy as np

WEEK, YEAR = 5, 252  # of an exchange; what is assumed where there are no dates to count
_CONVENTIONS = {5: 252, 7: 365}
_WEEKS_A_YEAR = 365.25 / 7


def sessions_per_week(dates: np.ndarray) -> int:
    """The usual number of sessions in a calendar week that has any; 5 where there are fewer than three weeks.

    ``dates`` are (n,) ascending days.  The middle of the weeks, not the mean, so that holidays and gaps do not count.
    """
    if len(dates) < 2:
        return WEEK
    week = (np.asarray(dates).astype("datetime64[D]").astype(np.int64) + 3) // 7
    counts = np.diff(np.flatnonzero(np.diff(week, prepend=week[0] - 1, append=week[-1] + 1)))
    inner = counts[1:-1]  # the first and the last week may be cut
    return int(np.median(inner)) if len(inner) else WEEK


def sessions_per_year(week: int) -> int:
    """Sessions of a year of such weeks: 252 for five (with the usual holidays), 365 for seven."""
    return _CONVENTIONS.get(week, round(_WEEKS_A_YEAR * week))
