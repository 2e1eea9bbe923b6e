"""Neighbours of the planted defects: bad ticks that last or stand at an end, copies on days without a session, steps of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from tests.bars.planted import PRICES, Planted, clean


def _bars(start: int, stop: int, columns: list[str], factor: float) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame.loc[start : stop - 1, columns] *= factor
        frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
        return frame

    return make


def ticks() -> Iterator[Planted]:
    n = len(clean("nasdaq"))
    for row in (500, 1400, 2100):
        for sessions in (2, 3, 10):
            for factor in (100.0, 1.3, 0.01):
                yield Planted(
                    f"{sessions} bars x {factor:g} at {row}",
                    _bars(row, row + sessions, PRICES, factor),
                    "bars.spike", row, "close",
                )  # fmt: skip
        yield Planted(
            f"5 closes x 1.25 at {row}", _bars(row, row + 5, ["close"], 1.25), "bars.spike", row, "close"
        )
    for row in (1, 2, n - 2, n - 1, 1735, 1740):  # the last two: October 2008, when usual sessions are 6 %
        for column, factor in (("high", 1.25), ("low", 0.8), ("close", 1.25), ("close", 0.8)):
            yield Planted(
                f"{column} x {factor:g} at {row}",
                _bars(row, row + 1, [column], factor),
                "bars.spike",
                row,
                column,
            )


def steps() -> Iterator[Planted]:
    for row, factor in ((700, 100.0), (1500, 0.01), (2300, 1 / 60)):
        yield Planted(
            f"another unit from {row} on, x {factor:g}",
            _bars(row, 10**6, PRICES, factor),
            "bars.split",
            row,
            "close",
        )
    for row, factor in ((700, 1 / 2), (1500, 4 / 5), (2300, 8.0)):
        yield Planted(
            f"split x {factor:g} at {row} with opens that are the close before",
            _without_opens(row, factor),
            "bars.split",
            row,
            "close",
        )


def _without_opens(row: int, factor: float) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = _bars(row, 10**6, PRICES, factor)()
        frame["open"] = frame["close"].shift(1).fillna(frame["open"])
        frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
        return frame

    return make


def every_day(*, flat: bool) -> pd.DataFrame:
    """A market of five days written as one of seven: Saturdays and Sundays filled forward."""
    frame = clean("nasdaq").iloc[:900].set_index("date")
    days = pd.date_range(frame.index[0], frame.index[-1], freq="D", name="date")
    filled = frame.reindex(days)
    weekend = days.day_of_week >= 5
    if flat:
        for name in PRICES:
            filled.loc[weekend, name] = filled["close"].ffill()[weekend]
        filled.loc[weekend, "volume"] = 0.0
        return filled.dropna().reset_index()
    kept = filled["close"].notna() | weekend
    return filled.ffill()[kept].reset_index()


def _copied(row: int, volume: float) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame.loc[row, PRICES] = frame.loc[row - 1, PRICES]
        frame.loc[row, "volume"] = volume
        return frame

    return make


def copies() -> Iterator[Planted]:
    for flat in (True, False):
        yield Planted(
            f"weekends filled forward, flat: {flat}", lambda f=flat: every_day(flat=f), "bars.stuck"
        )
    for row in (400, 1500):
        for volume in (0.0, 12_345.0):
            yield Planted(
                f"one bar repeated at {row}, volume {volume:g}",
                _copied(row, volume),
                "bars.stuck",
                row,
                "close",
            )


NEIGHBOURS: tuple[Planted, ...] = tuple(item for kind in (ticks, steps, copies) for item in kind())


def on_a_grid(price: float, sigma: float, decimals: int, seed: int) -> pd.DataFrame:
    """A sound market whose ticks are as large as its moves."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((1500, 9)) * sigma / 3
    level = np.zeros(1501)
    for day in range(1500):
        level[day + 1] = 0.97 * level[day] + steps[day].sum()  # it stays in the neighbourhood of its price
    path = np.log(price) + level[:-1, None] + np.cumsum(steps, axis=1)
    walk = np.maximum(np.exp(path).round(decimals), 10.0**-decimals)
    return pd.DataFrame(
        {
            "date": pd.bdate_range("2010-01-04", periods=1500),
            "open": walk[:, 0],
            "high": walk.max(axis=1),
            "low": walk.min(axis=1),
            "close": walk[:, -1],
            "volume": rng.integers(1_000, 90_000, 1500).astype(float),
        }
    )
