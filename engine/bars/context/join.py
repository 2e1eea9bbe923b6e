"""The value of a series that was known at each close."""

from __future__ import annotations

import numpy as np

from engine.bars.context.observed import Observed

_NO_DAY = np.datetime64("NaT", "D")


def known_values(one: Observed, sessions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At each of (n,) sessions the newest observation known by then, in the vintage known by then.

    A revision counts from the session on which it was published; an observation that was published late counts from
    then on, and never replaces one about a later day.

    Returns
    -------
    (n,) float64, NaN where nothing is known or the newest is older than ``max_age_sessions``; (n,) ``datetime64[D]``
    of the day it is about, NaT where there is none.
    """
    n = len(sessions)
    values, days = np.full(n, np.nan), np.full(n, _NO_DAY)
    at = one.known_from(sessions)
    usable = np.flatnonzero((at < n) & np.isfinite(one.values))
    if not len(usable):
        return values, days
    # in the order in which they become known; on one session the newest day last, and of one day the newest vintage
    order = usable[np.lexsort((_published(one)[usable], one.dates[usable], at[usable]))]
    position, about = at[order], one.dates[order].astype(np.int64)
    # a late vintage of an older day changes nothing about the newest day
    newest = np.maximum.accumulate(about) == about
    position, chosen = position[newest], order[newest]
    latest = np.searchsorted(position, np.arange(n), side="right") - 1
    known = latest >= 0
    index = chosen[np.maximum(latest, 0)]
    age = np.arange(n) - position[np.maximum(latest, 0)]
    known &= age <= one.max_age_sessions
    values[known], days[known] = one.values[index[known]], one.dates[index[known]]
    return values, days


def _published(one: Observed) -> np.ndarray:
    return np.zeros(len(one.dates), np.int64) if one.released is None else one.released.astype(np.int64)
