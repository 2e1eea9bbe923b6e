"""A bar series: the daily bars of one instrument."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.around import NOTHING, Around
from engine.errors import InputError

PRICE_COLUMNS = ("open", "high", "low", "close")
COLUMNS = (*PRICE_COLUMNS, "volume")
_MORE = ("opens_traded", "adjusted_close")  # of every bar, too, and no column of a source


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """Sound daily bars, oldest first.

    Attributes
    ----------
    symbol, family : from the config.
    dates : (n,) ``datetime64[D]``, strictly ascending, naive.
    open, high, low, close : (n,) float64, positive and finite, ``low <= open, close <= high``.
    volume : (n,) float64; all 0 where the source has none (``has_volume`` is False).
    opens_traded : (n,) bool, False where the open is no price somebody could have traded at (it repeats the close
        before, or is stale) and must not be used for gaps and fills; all True where nothing is given.
    adjusted_close : (n,) float64 where the source has one that is not applied yet, else None.
    around : what is known about the series besides its bars.
    """

    symbol: str
    family: str
    dates: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    opens_traded: np.ndarray = None  # type: ignore[assignment]  # until __post_init__
    adjusted_close: np.ndarray | None = None
    around: Around = NOTHING

    def __post_init__(self) -> None:
        if self.opens_traded is None:
            object.__setattr__(self, "opens_traded", np.ones(len(self.dates), dtype=np.bool_))
        # one kind of array: nobody can write into a series, and a kernel is compiled once, not once per flag
        for name in ("dates", *COLUMNS, *_MORE):
            if getattr(self, name) is None:
                continue
            values = np.ascontiguousarray(getattr(self, name)).view()
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.dates)

    @property
    def has_volume(self) -> bool:
        """True where the source reports volume."""
        return bool(np.any(self.volume > 0))

    def cut(self, stop: int) -> BarSeries:
        """The first ``stop`` bars: the history as it was known after the close of bar ``stop - 1``."""
        return self.between(0, stop)

    def between(self, start: int, stop: int) -> BarSeries:
        """Bars ``start`` to ``stop - 1``."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in ("dates", *COLUMNS, *_MORE)}
        cut: dict[str, Any] = {name: p if p is None else p[start:stop] for name, p in parts.items()}
        return replace(self, **cut, around=self.around.between(start, stop))

    def index_of(self, day: object) -> int:
        """Index of the last session dated ``day`` or earlier; -1 where there is none.

        Raises
        ------
        InputError
            ``bars.bad_date`` where ``day`` is no date.
        """
        try:
            wanted = np.datetime64(str(day), "D")
        except ValueError:
            raise InputError("bars.bad_date", f"{day!r} is not a date", "write YYYY-MM-DD") from None
        return int(np.searchsorted(self.dates, wanted, side="right")) - 1

    def to_frame(self) -> pd.DataFrame:
        """Columns open, high, low, close, volume; index ``date`` (datetime64[us])."""
        frame = pd.DataFrame({name: getattr(self, name) for name in COLUMNS})
        frame.index = pd.DatetimeIndex(self.dates.astype("datetime64[us]"), name="date")
        return frame

    def fingerprint(self) -> str:
        """Hex SHA-256 of dates and values; the same bars give the same value on any machine."""
        digest = hashlib.sha256()
        digest.update(self.dates.astype("<i8").tobytes())
        for name in COLUMNS:
            digest.update(np.ascontiguousarray(getattr(self, name), dtype="<f8").tobytes())
        if self.around.rolls is not None:
            digest.update(self.around.rolls.ratio.tobytes() + self.around.rolls.shift.tobytes())
        if self.around.context is not None:
            digest.update(self.around.context.fingerprint())
        if self.around.events is not None:
            digest.update(self.around.events.fingerprint())
        return digest.hexdigest()
