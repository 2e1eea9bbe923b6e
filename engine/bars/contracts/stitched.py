"""A series that somebody else put together, with the dates of its rolls: the gaps taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.contracts.rolls import Rolls
from engine.bars.series import COLUMNS, PRICE_COLUMNS, BarSeries
from engine.errors import DataError
from engine.kernels.streams import audit_noise

GAPS = ("open", "ratio", "difference", "log_return")


@dataclass(frozen=True, slots=True, eq=False)
class RolledSeries:
    """Prices as they were traded, and what each roll was worth.

    Attributes
    ----------
    bars : as they were read.
    dates : (k,) first session of each new contract.
    gaps : (k,) by ``gap``: old price over new (``ratio``), old minus new (``difference``), the part of the day's log
        return that is no return (``log_return``); not used for ``open``, where the new contract opens at the close before.
    adjustment : ``ratio`` or ``difference``.
    """

    bars: BarSeries
    dates: np.ndarray
    gaps: np.ndarray
    gap: str
    adjustment: str = "ratio"
    name: str = "roll_dates"

    def chained(self) -> BarSeries:
        """The bars in prices of the first contract."""
        bars, n = self.bars, len(self.bars)
        at = np.searchsorted(bars.dates, self.dates)
        inside = (at > 0) & (at < n)
        at, gaps = at[inside], self.gaps[inside]
        before, opened = bars.close[at - 1], bars.open[at]
        ratio: Any = np.ones(n)
        shift: Any = np.zeros(n)
        if self.adjustment == "ratio":
            new = {"open": before / opened, "ratio": gaps, "log_return": np.exp(-gaps)}
            ratio[at] = new[self.gap] if self.gap in new else before / (before - gaps)
            ratio = np.cumprod(ratio)
        else:
            # in points at the close before; a gap in proportion is one of that price
            points = {
                "open": before - opened,
                "difference": gaps,
                "ratio": before - before / np.where(gaps, gaps, 1.0),
            }
            shift[at] = points[self.gap] if self.gap in points else before * -np.expm1(gaps)
            shift = np.cumsum(shift)
        count = np.zeros(n, np.int64)
        count[at] = 1
        contract = np.cumsum(count)
        rolls = Rolls(
            ratio, shift, contract, tuple(f"contract {i + 1}" for i in range(int(contract[-1]) + 1))
        )
        prices: dict[str, Any] = {name: getattr(bars, name) * ratio + shift for name in PRICE_COLUMNS}
        return replace(
            bars, **prices, around=replace(bars.around, rolls=rolls, parts=(*bars.around.parts, self))
        )

    def facts(self) -> pd.DataFrame:
        """One row a session: what the chain says of it."""
        chain = self.chained()
        frame = pd.DataFrame({"date": chain.dates.astype("datetime64[us]")})
        for name in COLUMNS:
            frame[name] = getattr(chain, name)
        rolls = chain.around.rolls
        assert rolls is not None
        return frame.assign(ratio=rolls.ratio, shift=rolls.shift)

    def as_known(self, day: np.datetime64, future: str, seed: int) -> RolledSeries:
        """Bars and rolls after the close of ``day``, with nothing (``cut``), noise or missing values behind it."""
        stop = int(np.searchsorted(self.bars.dates, day, side="right"))
        known = self.dates <= day
        if future == "cut":
            return replace(self, bars=self.bars.cut(stop), dates=self.dates[known], gaps=self.gaps[known])
        rng = audit_noise(seed, stop)
        noise = (
            np.full(len(self.bars) - stop, np.nan)
            if future == "missing"
            else np.exp(rng.normal(0, 0.3, len(self.bars) - stop))
        )
        values: dict[str, Any] = {
            c: np.append(getattr(self.bars, c)[:stop], getattr(self.bars, c)[stop:] * noise) for c in COLUMNS
        }
        gaps = np.where(known, self.gaps, np.nan if future == "missing" else 0.7)
        return replace(self, bars=replace(self.bars, **values), gaps=gaps)


def with_roll_dates(
    bars: BarSeries, table: pd.DataFrame, gap: str, column: str | None, adjustment: str, place: str
) -> BarSeries:
    """``bars`` as a chain, with the rolls of a table that has a ``date`` and, but for ``gap: open``, a column of gaps.

    Raises
    ------
    DataError
        ``contracts.no_such_column``, ``contracts.bad_roll`` or ``contracts.roll_on_no_session``.
    """
    names = {str(c).strip().lower(): c for c in table.columns}
    wanted = "date" if gap == "open" else (column or gap)
    for name in ("date", wanted):
        if name.lower() not in names:
            raise DataError(
                "contracts.no_such_column",
                f"{place}: no column {name} (found: {', '.join(map(str, table.columns))})",
                "name the first session of each new contract date, and the column of gaps in roll_dates.column",
            )
    text = table[names["date"]].astype(str).str.strip()
    days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce").to_numpy().astype("datetime64[D]")
    gaps = (
        np.zeros(len(days))
        if gap == "open"
        else pd.to_numeric(table[names[wanted.lower()]], errors="coerce").to_numpy(float)
    )
    bad = np.flatnonzero(np.isnat(days) | ~np.isfinite(gaps) | ((gaps <= 0) & (gap == "ratio")))
    if len(bad):
        raise DataError(
            "contracts.bad_roll",
            f"{place}: row {bad[0] + 2}: no date, or no gap",
            "one date and one number a roll",
        )
    order = np.argsort(days, kind="stable")
    days, gaps = days[order], gaps[order]
    if len(days) != len(np.unique(days)):
        twice = days[1:][days[1:] == days[:-1]][0]
        raise DataError("contracts.bad_roll", f"{place}: {twice} appears twice", "one row a roll")
    inside = (days >= bars.dates[0]) & (days <= bars.dates[-1])
    off = np.setdiff1d(days[inside], bars.dates)
    if len(off):
        raise DataError(
            "contracts.roll_on_no_session",
            f"{place}: {off[0]} is no session of {bars.symbol}"
            + (f" (nor are {len(off) - 1} more)" if len(off) > 1 else ""),
            "write the first session on which the new contract's prices are in the series",
        )
    return RolledSeries(bars, days, gaps, gap, adjustment).chained()
