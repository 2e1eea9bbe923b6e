"""Tables of chain prices, written in the prices of one contract for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.bars.contracts.rolls import SAME, Unit
from engine.bars.series import BarSeries

PRICES = (
    "open", "high", "low", "close", "sma_50", "sma_200", "all_time_high", "floor", "ceiling", "target_low", "target_high",
    "retest", "flip_price", "entry_price", "exit_price", "entry_fill", "exit_fill",
)  # fmt: skip
DISTANCES = ("atr_14",)
_DIGITS = 12  # significant: takes out the last bits that going to the chain and back leaves


def last_units(bars: Mapping[str, BarSeries]) -> dict[str, Unit]:
    """The contract that trades at the last bar of each instrument that has contracts."""
    return {
        symbol: series.around.rolls.unit(-1)
        for symbol, series in bars.items()
        if series.around.rolls is not None and len(series)
    }


def quoted_frame(frame: pd.DataFrame, units: Mapping[str, Unit]) -> pd.DataFrame:
    """``frame`` with its price columns in the given units, by ``instrument``; the frame itself where none is given."""
    moved = {symbol: unit for symbol, unit in units.items() if unit != SAME}
    if not moved:
        return frame
    frame = frame.copy()
    for symbol, unit in moved.items():
        mine = (frame["instrument"] == symbol).to_numpy()
        for name in frame.columns.intersection([*PRICES, *DISTANCES]):
            change = unit.distance if name in DISTANCES else unit.price
            values = frame[name].to_numpy(dtype=np.float64, copy=True)
            values[mine] = rounded(change(values[mine]))
            frame[name] = values
    return frame


def quoted_row(row: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    """One row of the replay in prices of the contract of its date."""
    if unit == SAME:
        return dict(row)
    return {
        name: float(rounded(np.float64(unit.price(value))))
        if name in PRICES
        else float(unit.distance(value))
        if name in DISTANCES
        else value
        for name, value in row.items()
    }


def quoted_book(book: pd.DataFrame, unit: Unit, close: float) -> pd.DataFrame:
    """A level book in prices of one contract, ``close`` among them; distances in ATR and sigma stay what they are."""
    if unit == SAME:
        return book
    low, high = (rounded(unit.price(book[name].to_numpy(np.float64))) for name in ("low", "high"))
    edge = np.where(low > close, low, np.where(high < close, high, close))
    return book.assign(low=low, high=high, distance_percent=100.0 * (edge / close - 1.0))


def rounded(values: Any) -> Any:
    """Twelve significant digits."""
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(
            np.isfinite(values) & (values != 0), _DIGITS - 1 - np.floor(np.log10(np.abs(values))), 0.0
        )
    scale = 10.0 ** np.clip(power, -300, 300)
    return np.round(values * scale) / scale
