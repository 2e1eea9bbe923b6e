"""What a level kind is: a rule that confirms price zones, and how much an analyst gives on it."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np

from engine.config import MOMENTUM_RULES, RulesConfig
from engine.rules.naming import Birth

NO_MOVEMENT = 1e-9  # an ATR below this fraction of the price is rounding noise, not movement

# one confirmed zone, as a kind's scan reports it: bar = the bar that confirms it, formed = the bar it is named
# after, since = the bar of the oldest turn that made it, touches = how often price had turned there when it was
# confirmed; kind, weight and column come from the registry
CANDIDATE = np.dtype(
    [
        ("bar", np.int64),
        ("kind", np.int64),
        ("column", np.int64),
        ("formed", np.int64),
        ("since", np.int64),
        ("touches", np.int64),
        ("weight", np.float64),
        ("low", np.float64),
        ("high", np.float64),
    ]
)


# the level part of RulesConfig as the kernels read it, a field for each key, of the same name and unit;
# major_kinds is of the registry: bit k is set where kind k is major
LevelParams = namedtuple(  # type: ignore[misc]
    "LevelParams", (*(name for name in RulesConfig.model_fields if name not in MOMENTUM_RULES), "major_kinds")
)


@dataclass(frozen=True, slots=True)
class LevelKind:
    """One line of the registry.

    Attributes
    ----------
    name : as in the files (``swing_low``).
    noun : as an analyst writes it (``swing low``).
    weight : in [0, 1]; standing of a fresh level of this kind, before anything has happened at it.
    major : True where an analyst calls the zone major: it may be a target, and a floor, whatever its strength.
    named : how its zones are called: noun and dates to a name, see :mod:`engine.rules.naming`.
    scan : numba function ``scan(open, high, low, close, indicators, start, stop, params, out) -> count`` that writes
        one CANDIDATE for each bar of ``start .. stop - 1`` that confirms a zone (at most one per bar), reading
        bars up to that bar only; None for a dynamic level.
    column : indicator column that is the price of a dynamic level; -1 for a zone.
    role : 1 where the noun itself says support, -1 where it says resistance, 0 where it says neither.
    """

    name: str
    noun: str
    weight: float
    major: bool
    named: Callable[[str, Birth], str]
    scan: Callable[..., int] | None = None
    column: int = -1
    role: int = 0


@numba.njit(cache=True)
def put(out, count, bar, formed, since, touches, low, high):
    """Append one candidate to ``out``; returns the new count."""
    out[count].bar = bar
    out[count].formed = formed
    out[count].since = since
    out[count].touches = touches
    out[count].low = low
    out[count].high = high
    return count + 1


@numba.njit(cache=True)
def usable(atr, price):
    """Zones are drawn in ATR: without one (warm-up), or where price does not move, there is no zone."""
    return atr > NO_MOVEMENT * price and atr < np.inf


@numba.njit(cache=True)
def stamp(out, count, code, weight, column):
    """Write what the registry says of a kind into its first ``count`` candidates."""
    for c in range(count):
        out[c].kind = code
        out[c].weight = weight
        out[c].column = column


@numba.njit(cache=True)
def sort_by_bar(found, count, start, stop, out):
    """Copy the first ``count`` candidates into ``out`` by bar; those of one bar keep their order."""
    place = np.zeros(stop - start + 1, np.int64)
    for c in range(count):
        place[found[c].bar - start + 1] += 1
    for b in range(stop - start):
        place[b + 1] += place[b]
    for c in range(count):
        bar = found[c].bar - start
        out[place[bar]] = found[c]
        place[bar] += 1
