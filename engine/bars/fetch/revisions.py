"""What a vendor says of days it had spoken of before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_SAME = 1e-6  # relative: a tick of a price in the thousands is more, a vendor's float32 is less
_ALIKE = 20  # so many changes by one factor are told as one


@dataclass(frozen=True, slots=True)
class Change:
    """One past value that is not what it was; ``after`` is None where the row is gone."""

    date: str
    column: str
    before: float | None
    after: float | None

    def __str__(self) -> str:
        if self.column == "row":
            return (
                f"{self.date}: the row is gone"
                if self.after is None
                else f"{self.date}: a row that was not there"
            )
        return f"{self.date}: {self.column} {_shown(self.before)} -> {_shown(self.after)}"


def changes_between(old: pd.DataFrame, new: pd.DataFrame, leave_out: Sequence[str] = ()) -> list[Change]:
    """Differences on the days up to the last of ``old``, by date, then column; both have a column ``date``.

    A row of ``old`` that ``new`` has not, and a row that ``new`` has put between those of ``old``, are changes too.
    """
    before, after = (
        frame.set_index(pd.to_datetime(frame["date"])).drop(columns="date") for frame in (old, new)
    )
    last, first = before.index.max(), before.index.min()
    within = after[(after.index <= last) & (after.index >= first)]
    found = [Change(str(day.date()), "row", 1.0, None) for day in before.index.difference(within.index)]
    found += [Change(str(day.date()), "row", None, 1.0) for day in within.index.difference(before.index)]
    common = before.index.intersection(within.index)
    for name in before.columns:
        if name in leave_out or name not in within.columns:
            continue
        one, two = (f.loc[common, name].to_numpy(np.float64, na_value=np.nan) for f in (before, within))
        scale = np.maximum(np.abs(one), np.abs(two))
        with np.errstate(invalid="ignore"):
            differs = np.abs(one - two) > _SAME * scale
        differs |= np.isnan(one) != np.isnan(two)
        days = common.to_numpy().astype("datetime64[D]")
        found += [
            Change(str(days[i]), str(name), _number(one[i]), _number(two[i])) for i in np.flatnonzero(differs)
        ]
    return sorted(found, key=lambda change: (change.date, change.column))


def in_lines(changes: Sequence[Change], most: int = 12) -> list[str]:
    """The changes a line each, ``most`` of them; many by one and the same factor are one line."""
    left, lines = list(changes), []
    for column in dict.fromkeys(c.column for c in changes):
        mine = [c for c in left if c.column == column and c.before and c.after]
        factors = np.array([float(c.after or 0) / float(c.before or 1) for c in mine])
        if column != "row" and len(mine) >= _ALIKE and np.ptp(factors) < 1e-3 * np.median(factors):
            lines.append(
                f"{mine[0].date} to {mine[-1].date}: {len(mine)} values of {column}, each times {np.median(factors):.6g}"
            )
            gone = set(mine)
            left = [c for c in left if c not in gone]
    lines += [str(change) for change in left[:most]]
    return lines + ([f"and {len(left) - most} more"] if len(left) > most else [])


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _shown(value: float | None) -> str:
    return "missing" if value is None else f"{value:.10g}"
