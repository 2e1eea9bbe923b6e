"""Does a file have the sessions of a calendar, no more and no fewer?  And which calendar fits best?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.bars.calendars.known import why_missing
from engine.bars.calendars.sessions import sessions_between
from engine.errors import EngineError

# markets that a file is held against where its config names none; the search ends at the first without a disagreement, and those whose
# holidays follow the moon take seconds to make, so they come last
CANDIDATES = (
    "XNYS",
    "24/5",
    "24/7",
    "XETR",
    "XLON",
    "XPAR",
    "XSWX",
    "XTKS",
    "XASX",
    "XTSE",
    "XBOM",
    "BVMF",
    "XHKG",
    "XSHG",
    "XKRX",
)
FITS = 0.02  # share of sessions that may be missing or too many in a file that follows a calendar
_GUESS_DAYS = 5 * 365


@dataclass(frozen=True, slots=True)
class Agreement:
    """A file beside a calendar, from the file's first day to its last.

    Attributes
    ----------
    calendar : its name.
    sessions : how many it has.
    missing : (k,) sessions without a row.
    extra : (k,) rows on days without a session.
    """

    calendar: str
    sessions: int
    missing: np.ndarray
    extra: np.ndarray

    @property
    def disagreement(self) -> float:
        """Missing sessions and surplus rows over sessions; 1 where the calendar has none."""
        return (len(self.missing) + len(self.extra)) / self.sessions if self.sessions else 1.0

    @property
    def fits(self) -> bool:
        """True where at most 2 % disagree."""
        return self.disagreement <= FITS

    @property
    def without_known_closures(self) -> Agreement:
        """The same, without missing sessions on which vendors and calendars are known to disagree."""
        explained = [day for days in why_missing(self.calendar, self.missing).values() for day in days]
        return replace(self, missing=np.setdiff1d(self.missing, np.array(explained, "datetime64[D]")))


def compare_with(calendar: str, dates: np.ndarray) -> Agreement:
    """Hold (n,) ascending dates against a calendar.  Raises as ``sessions_between``."""
    sessions = sessions_between(calendar, dates[0], dates[-1])
    # a calendar may begin later than the file: nothing is said about the days before
    known = dates[dates >= sessions[0]] if len(sessions) else dates[:0]
    return Agreement(
        calendar,
        len(sessions),
        np.setdiff1d(sessions, known, assume_unique=True),
        np.setdiff1d(known, sessions, assume_unique=True),
    )


def best_calendar(dates: np.ndarray) -> Agreement | None:
    """The candidate that fits (n,) ascending dates best, judged by their last five years; None where none fits."""
    recent = dates[dates >= dates[-1] - np.timedelta64(_GUESS_DAYS, "D")]
    found: Agreement | None = None
    for name in CANDIDATES:
        try:
            one = compare_with(name, recent)
        except EngineError:  # a version of the package without it, or no package
            continue
        if one.fits and (found is None or one.disagreement < found.disagreement):
            found = one
        if found is not None and found.disagreement == 0:
            break
    if found is None:
        return None
    whole = compare_with(found.calendar, dates)
    return whole if whole.fits else None
