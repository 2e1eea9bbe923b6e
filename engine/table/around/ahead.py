"""What is scheduled after a close: releases in the calendar as it stood then, and dates that follow from the calendar alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.bars.events import Events, label_of
from engine.table.around.width import Width, widths

HORIZONS = (10, 15)  # sessions for which what is ahead is listed, whatever the config forecasts
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One event ahead.

    Attributes
    ----------
    kind, date : as in the calendar.
    sessions : sessions from the close to its own: 1 is the next session.
    widths : how wide moves around past ones were.
    """

    kind: str
    date: str
    sessions: int
    widths: tuple[Width, ...] = ()

    @property
    def label(self) -> str:
        """What readers call it."""
        return label_of(self.kind)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scheduled:
        """From what :func:`dataclasses.asdict` gives."""
        return cls(**{**data, "widths": tuple(Width(**item) for item in data["widths"])})


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies ahead of one close.

    Attributes
    ----------
    sessions : how far ahead was looked.
    releases : what stood in the calendar after this close, by day.
    dates : turns of the year and the quarter, and expiries that the calendar does not list.
    last_known : the last day of the calendar as it stood; releases after it are not known.
    counted_in : calendar that sessions are counted in; None: weekdays.
    """

    sessions: int
    releases: tuple[Scheduled, ...]
    dates: tuple[Scheduled, ...]
    last_known: str | None
    counted_in: str | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ahead:
        """From what :func:`dataclasses.asdict` gives."""
        parts = {
            name: tuple(Scheduled.from_dict(item) for item in data[name]) for name in ("releases", "dates")
        }
        return cls(**{**data, **parts})


def ahead_of(
    events: Events, close: np.ndarray, sigma: np.ndarray, horizons: Sequence[int], seed: int
) -> Ahead:
    """What lies ahead of the last of the (n,) sessions, and what the past shows around such events.

    Parameters
    ----------
    close, sigma : (n,) closes and the daily volatility known at each.
    """
    one, today = events.schedule, events.sessions[-1]
    axis = events.axis()
    here = int(np.searchsorted(axis, today, side="right")) - 1
    farthest = max((*HORIZONS, *horizons))
    since, until = events.known(one)
    stands = (np.isnat(since) | (since <= today)) & ~(until <= today) & ~np.isnat(one.days)
    standing = stands & (one.days > today)
    place = np.searchsorted(axis, one.days, side="left") - here
    near = np.flatnonzero(standing & (place <= farthest))
    coming = {str(one.kinds[i]) for i in near}
    past = widths(close, sigma, _held(events, coming), horizons, seed) if coming else {}
    releases = tuple(
        Scheduled(str(one.kinds[i]), str(one.days[i]), int(place[i]), past.get(str(one.kinds[i]), ()))
        for i in near
    )
    listed = {(item.kind, item.date) for item in releases}
    last = one.days[stands].max() if stands.any() else None
    return Ahead(
        sessions=farthest,
        releases=releases,
        dates=tuple(item for item in _calendar_dates(axis, here, farthest) if not _is_listed(item, listed)),
        last_known=None if last is None else str(last),
        counted_in=events.calendar,
    )


def _held(events: Events, kinds: set[str]) -> Mapping[str, np.ndarray]:
    """Kind to the indices of the sessions on which past events took place."""
    one, sessions = events.schedule, events.sessions
    happened = one.took_place & (one.days <= sessions[-1]) & (one.days > sessions[0])
    return {
        kind: np.unique(np.searchsorted(sessions, one.days[happened & (one.kinds == kind)], side="left"))
        for kind in sorted(kinds)
    }


def _calendar_dates(axis: np.ndarray, here: int, farthest: int) -> list[Scheduled]:
    """Last sessions of quarters and years, and third Fridays, among the next sessions."""
    found = []
    for place in range(here + 1, min(here + farthest, len(axis) - 2) + 1):
        day = axis[place]
        month, following = day.astype("datetime64[M]"), axis[place + 1].astype("datetime64[M]")
        if month != following and int(month.astype(np.int64)) % 12 == 11:
            found.append(Scheduled("year_end", str(day), place - here))
        elif month != following and int(month.astype(np.int64)) % 3 == 2:
            found.append(Scheduled("quarter_end", str(day), place - here))
        third = _third_friday(month)
        # where the third Friday is a holiday, the expiry is the session before
        if day == third or (day < third and axis[place + 1] > third):
            quarterly = int(month.astype(np.int64)) % 3 == 2
            found.append(Scheduled("quad_witching" if quarterly else "opex", str(day), place - here))
    return found


def _third_friday(month: np.datetime64) -> np.datetime64:
    first = month.astype("datetime64[D]")
    weekday = (first.astype(np.int64) + 3) % 7
    return first + np.timedelta64(int((_FRIDAY - weekday) % 7) + 14, "D")


def _is_listed(item: Scheduled, listed: set[tuple[str, str]]) -> bool:
    return (item.kind, item.date) in listed
