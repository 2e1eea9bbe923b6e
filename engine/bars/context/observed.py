"""Observations of a series and the moment each became known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.kernels.streams import audit_noise


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """One context series: m observations, or vintages of observations.

    Attributes
    ----------
    name, role : as in the config.
    dates : (m,) ``datetime64[D]``, the day an observation is about.
    values : (m,) float64, finite.
    released : (m,) ``datetime64[D]``, the day the value was published, or None: known by ``lag_sessions``.
    lag_sessions : sessions after its day (or after its release) on whose close an observation is known; 0: the same day.
    max_age_sessions : sessions after which a value that no newer one has followed is no longer used.
    """

    name: str
    role: str
    dates: np.ndarray
    values: np.ndarray
    released: np.ndarray | None
    lag_sessions: int
    max_age_sessions: int

    def known_from(self, sessions: np.ndarray) -> np.ndarray:
        """Index of the first of (n,) sessions at whose close each observation is known; n and more: not yet.

        The k-th session after a day is counted among the days on which the instrument trades, so an observation of
        a Sunday with a lag of 1 is known on Monday.
        """
        day = self.dates if self.released is None else self.released
        if self.lag_sessions == 0:
            return np.searchsorted(sessions, day, side="left")
        return np.searchsorted(sessions, day, side="right") + self.lag_sessions - 1


Join = Callable[[Observed, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The context of one instrument.

    Attributes
    ----------
    sessions : (n,) dates of the instrument's bars.
    series : what was observed.
    join : (series, sessions) to (value known at each session, day it is about); the function that the audit tests.
    name : how differences are named.
    """

    sessions: np.ndarray
    series: tuple[Observed, ...]
    join: Join
    name: str = "context"

    def between(self, start: int, stop: int) -> Context:
        """That of sessions ``start`` to ``stop - 1``; an observation that is not known by then is not in it."""
        sessions = self.sessions[:stop]
        kept = tuple(_keep(one, one.known_from(sessions) < len(sessions)) for one in self.series)
        return replace(self, sessions=sessions[start:], series=kept)

    def fingerprint(self) -> bytes:
        """Bytes that differ where an observation does."""
        parts = []
        for one in self.series:
            parts += [
                one.name.encode(),
                one.dates.tobytes(),
                one.values.tobytes(),
                str(one.lag_sessions).encode(),
            ]
            parts += [] if one.released is None else [one.released.tobytes()]
        return b"".join(parts)

    def facts(self) -> pd.DataFrame:
        """The value of each series known at each session, and the day it is about."""
        columns: dict[str, object] = {"date": self.sessions.astype("datetime64[us]")}
        for one in self.series:
            columns[one.name], columns[f"{one.name}_of"] = self.join(one, self.sessions)
        return pd.DataFrame(columns)

    def as_known(self, day: np.datetime64, future: str, seed: int) -> Context:
        """Without what was not known after the close of ``day``: taken away, scrambled, or replaced by missing values."""
        t = int(np.searchsorted(self.sessions, day, side="right")) - 1
        rng = audit_noise(seed, max(t, 0))
        parts = []
        for one in self.series:
            later = one.known_from(self.sessions) > t
            if future == "cut":
                parts.append(_keep(one, ~later))
                continue
            values = one.values.copy()
            values[later] = np.nan if future == "missing" else rng.normal(0.0, 1e3, int(later.sum()))
            parts.append(replace(one, values=values))
        sessions = self.sessions[: t + 1] if future == "cut" else self.sessions
        return replace(self, sessions=sessions, series=tuple(parts))


def _keep(one: Observed, which: np.ndarray) -> Observed:
    released = None if one.released is None else one.released[which]
    return replace(one, dates=one.dates[which], values=one.values[which], released=released)
