"""Dated events and the days on which each date was known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """m entries, by day.

    Attributes
    ----------
    kinds : (m,) text.
    days : (m,) ``datetime64[D]`` on which each takes place.
    announced : (m,) day on whose close the entry is known; NaT: always.
    withdrawn : (m,) day on whose close it is known not to take place; NaT: never.
    doubtful : kind and day of entries that came so late that nobody can have known their dates in advance; they count as
        announced on their own day.
    """

    kinds: np.ndarray
    days: np.ndarray
    announced: np.ndarray
    withdrawn: np.ndarray
    doubtful: tuple[tuple[str, str], ...] = ()

    def known_at(self, day: np.datetime64) -> np.ndarray:
        """(m,) mask of the entries that stand in the calendar after the close of ``day``."""
        known = np.isnat(self.announced) | (self.announced <= day)
        return known & ~(self.withdrawn <= day)

    @property
    def took_place(self) -> np.ndarray:
        """(m,) mask of the entries that were not withdrawn by their own day."""
        return ~(self.withdrawn <= self.days)


Known = Callable[[Schedule], tuple[np.ndarray, np.ndarray]]


def announcements(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    """(m,) days from which, and until which, each entry counts: the rule that the audit tests."""
    return schedule.announced, schedule.withdrawn
