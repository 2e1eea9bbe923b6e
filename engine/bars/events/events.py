"""The schedule of one instrument: sessions until each kind of event, as known at each close."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.bars.events.schedule import NEVER, Known, Schedule, announcements
from engine.kernels.streams import audit_noise

FARTHEST = 63  # sessions ahead beyond which nothing is counted


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """A schedule beside the sessions of an instrument.

    Attributes
    ----------
    sessions : (n,) dates of the bars.
    schedule : all entries.
    calendar : of the exchange; None: weekdays stand for the sessions to come, whose holidays nobody has named.
    known : from which and until which day an entry counts; the rule that the audit tests.
    name : how differences are named.
    """

    sessions: np.ndarray
    schedule: Schedule
    calendar: str | None = None
    known: Known = announcements
    name: str = "events"

    def between(self, start: int, stop: int) -> Events:
        """That of sessions ``start`` to ``stop - 1``, without what was announced or withdrawn later."""
        known = self.as_known(self.sessions[stop - 1], "cut", 0) if 0 < stop < len(self.sessions) else self
        return replace(known, sessions=self.sessions[start:stop])

    def as_known(self, day: np.datetime64, future: str, seed: int) -> Events:
        """Without what was not known after the close of ``day``: taken away, scrambled, or replaced by missing days."""
        one = self.schedule
        stop = int(np.searchsorted(self.sessions, day, side="right"))
        sessions = self.sessions[:stop] if future == "cut" else self.sessions
        later, undone = one.announced > day, one.withdrawn > day
        away = audit_noise(seed, stop).integers(1, 40, (2, len(one.days)))
        noise = future == "noise"
        # an entry without a day says nothing, and its kind keeps its column
        changed = replace(
            one,
            days=np.where(later, one.days + away[0] if noise else NEVER, one.days),
            withdrawn=np.where(undone, one.withdrawn + away[1] if noise else NEVER, one.withdrawn),
        )
        return replace(self, sessions=sessions, schedule=changed)

    def facts(self) -> pd.DataFrame:
        """Sessions until the next event of each kind known at each session; NaN where none is near."""
        columns: dict[str, object] = {"date": self.sessions.astype("datetime64[us]")}
        return pd.DataFrame(columns | sessions_until(self))

    def fingerprint(self) -> bytes:
        """Bytes that differ where an entry does."""
        one = self.schedule
        parts = (one.days, one.announced, one.withdrawn)
        return "\n".join(one.kinds.tolist()).encode() + b"".join(p.astype(np.int64).tobytes() for p in parts)

    def axis(self) -> np.ndarray:
        """The days on which sessions are counted: past ones and those to come, ascending."""
        first, last = self.sessions[0], self.sessions[-1] + np.timedelta64(2 * FARTHEST, "D")
        if self.calendar is not None:
            from engine.bars.calendars import sessions_between

            found = sessions_between(self.calendar, first, last)
            if len(found):
                return found
        days = np.arange(first, last + 1)
        return days[np.is_busday(days)]


def sessions_until(events: Events) -> dict[str, np.ndarray]:
    """Kind to the (n,) sessions until the next one in the calendar at each close: 1 is the next session.

    An event on a day without a session counts for the session after it.  NaN where none is within 63 sessions.
    """
    one = events.schedule
    axis = events.axis()
    at = np.searchsorted(axis, events.sessions, side="right") - 1  # place of each bar on the axis
    since, until = events.known(one)
    begins = np.where(np.isnat(since), 0, np.searchsorted(events.sessions, since, side="left"))
    ends = np.where(np.isnat(until), len(at), np.searchsorted(events.sessions, until, side="left"))
    place = np.searchsorted(axis, one.days, side="left")
    out = {kind: np.full(len(at), np.nan) for kind in dict.fromkeys(one.kinds.tolist())}
    always = (begins == 0) & (ends == len(at))
    for kind, column in out.items():
        mine = np.flatnonzero((one.kinds == kind) & ~np.isnat(one.days))
        mine = mine[np.argsort(one.days[mine], kind="stable")]
        steady = mine[always[mine]]
        following = np.searchsorted(one.days[steady], events.sessions, side="right")
        some = following < len(steady)
        column[some] = place[steady][following[some]] - at[some]
        for entry in mine[~always[mine]]:
            stop = np.searchsorted(events.sessions, one.days[entry], side="left")
            rows = slice(int(begins[entry]), min(int(stop), int(ends[entry])))
            column[rows] = np.fmin(column[rows], place[entry] - at[rows])
        column[column > FARTHEST] = np.nan
    return out
