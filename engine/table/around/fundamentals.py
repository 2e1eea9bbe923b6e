"""Fundamentals at a close: each figure as it had been published by then, with the day it is about and the day it was known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.bars.context import Context, Observed

CHANGE_SESSIONS = 20

# role -> (what readers call it, unit of the value, unit of its change, change = factor * difference; 0: percent of the value)
ROLES: dict[str, tuple[str, str, str, float]] = {
    "policy_rate": ("policy rate", "%", "basis points", 100.0),
    "yield_2y": ("2-year yield", "%", "basis points", 100.0),
    "yield_10y": ("10-year yield", "%", "basis points", 100.0),
    "real_yield": ("10-year real yield", "%", "basis points", 100.0),
    "breakeven": ("breakeven inflation", "%", "basis points", 100.0),
    "credit_spread": ("credit spread", "%", "basis points", 100.0),
    "dollar": ("dollar index", "", "%", 0.0),
    "implied_volatility": ("volatility index", "%", "points", 1.0),
    "implied_volatility_3m": ("three-month volatility index", "%", "points", 1.0),
    "other": ("", "", "", 1.0),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One series at one close.

    Attributes
    ----------
    role, series : as in the config.
    value, change : newest value known, and its change over 20 sessions (both as known then); ``change`` is None where
        the older one is unknown.
    unit, change_unit : basis points, percent or points.
    about, published : the day the value is about, and the session (or day of release) from which it was known.
    """

    role: str
    series: str
    value: float
    unit: str
    change: float | None
    change_unit: str
    about: str
    published: str

    @property
    def label(self) -> str:
        """What readers call it."""
        return ROLES[self.role][0] or self.series.replace("_", " ")


def facts_of(context: Context) -> tuple[Fact, ...]:
    """Everything that was known at the last of the context's sessions, in the order of :data:`ROLES`, then of the config."""
    found = [fact for one in context.series if (fact := _fact(context, one)) is not None]
    order = list(ROLES)
    return tuple(sorted(found, key=lambda fact: order.index(fact.role)))


def _fact(context: Context, one: Observed) -> Fact | None:
    values, days = context.join(one, context.sessions)
    if not len(values) or not np.isfinite(values[-1]):
        return None
    _, unit, change_unit, factor = ROLES[one.role]
    change = None
    if len(values) > CHANGE_SESSIONS and np.isfinite(values[-1 - CHANGE_SESSIONS]):
        before = float(values[-1 - CHANGE_SESSIONS])
        difference = float(values[-1]) - before
        change = factor * difference if factor else (100.0 * difference / before if before else None)
    return Fact(
        one.role,
        one.name,
        float(values[-1]),
        unit,
        change,
        change_unit,
        str(days[-1]),
        _published(context, one, days[-1]),
    )


def _published(context: Context, one: Observed, day: np.datetime64) -> str:
    """The day of release of the newest vintage known, or the session on whose close the value became known."""
    known = one.known_from(context.sessions)
    mine = np.flatnonzero((one.dates == day) & (known < len(context.sessions)))
    last = mine[np.argmax(known[mine])]
    return str(one.released[last] if one.released is not None else context.sessions[known[last]])
