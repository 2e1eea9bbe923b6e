"""Levels named as an analyst writes them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.rules.kinds import KINDS, LevelKind
from engine.rules.naming import MULTI_MONTH_SESSIONS, MULTI_WEEK_SESSIONS, Birth

RECENT_CROSSING_SESSIONS = 63


def level_name(kind: str, birth: Birth) -> str:
    """Name of a zone of a level kind.

    Examples
    --------
    >>> level_name("swing_low", Birth(np.datetime64("2025-11-21"), as_of=np.datetime64("2025-12-02")))
    'November swing low'
    >>> formed, as_of = np.datetime64("2025-11-13"), np.datetime64("2025-12-02")
    >>> level_name("support_shelf", Birth(formed, np.datetime64("2025-10-10"), 24, as_of=as_of))
    'multi-week support shelf (October–November)'
    >>> level_name("supply_zone", Birth(np.datetime64("2025-11-03"), turned="former", as_of=as_of))
    'former early-November supply zone'
    """
    found = KINDS[kind]
    return found.named(found.noun, birth)


def average_name(kind: str, above: bool, crossed_sessions_ago: int | None) -> str:
    """Name of a moving average at one close.

    Parameters
    ----------
    above : the close lies above the average.
    crossed_sessions_ago : sessions since the close crossed it; None where it is too long ago to mention.

    Examples
    --------
    >>> average_name("moving_average_50", True, 6)
    '50-day moving average, reclaimed 6 sessions ago'
    """
    noun = KINDS[kind].noun
    if crossed_sessions_ago is None or crossed_sessions_ago > RECENT_CROSSING_SESSIONS:
        return noun
    when = "today" if crossed_sessions_ago == 0 else _ago(crossed_sessions_ago)
    return f"{noun}, {'reclaimed' if above else 'lost'} {when}"


def _ago(sessions: int) -> str:
    return "1 session ago" if sessions == 1 else f"{sessions} sessions ago"


def level_names(table: np.ndarray, dates: np.ndarray) -> Any:
    """Names that hold at any time, a column of texts with one per row of a level table (LEVEL records); ``dates`` of the bars.

    Few names are distinct, so each is built once.
    """
    sessions = table["formed"] - table["since"]
    spans = np.digitize(sessions, [MULTI_WEEK_SESSIONS, MULTI_MONTH_SESSIONS])
    since, days = (dates[table[name]].astype("datetime64[D]") for name in ("since", "formed"))
    months = days.astype("datetime64[M]")
    parts = np.minimum((days - months.astype("datetime64[D]")).astype(np.int64) // 10, 2)
    lasted = (months - since.astype("datetime64[M]")).astype(np.int64)
    key = ((months.astype(np.int64) * 4 + parts) * 4 + spans) * len(KINDS) + table["kind"]
    key = key * (lasted.max(initial=0) + 1) + lasted
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    kinds = tuple(KINDS)
    distinct = [
        _lasting_name(kinds[kind], *birth)
        for kind, *birth in zip(
            *(x[first].tolist() for x in (table["kind"], days, since, sessions)), strict=True
        )
    ]
    return pd.array(pa.array(distinct, pa.string()).take(pa.array(inverse)), dtype="str")


@lru_cache(maxsize=1 << 14)
def _lasting_name(found: LevelKind, day: date, oldest: date, lasting: int) -> str:
    """An audit asks for the same names a hundred times."""
    return found.named(found.noun, Birth(day, oldest, lasting))
