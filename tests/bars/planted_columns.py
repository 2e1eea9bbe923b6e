"""Defects of columns and rows: another date's rows, another scale for a stretch, columns exchanged for a few sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from tests.bars.markets import MARKETS
from tests.bars.planted import PRICES, Planted, clean


def _copied(start: int, rows: int, source: int, *, volume: bool) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        columns = [*PRICES, "volume"] if volume else PRICES
        frame.loc[start : start + rows - 1, columns] = (
            frame.loc[source : source + rows - 1, columns].to_numpy().copy()
        )
        return frame

    return make


def copies() -> Iterator[Planted]:
    for start, source in ((700, 450), (1500, 1493), (2300, 100)):
        for rows, volume in ((1, True), (3, False), (5, True), (20, False)):
            if start - source > rows:
                yield Planted(
                    f"{rows} rows of {source} at {start}, volume {volume}",
                    _copied(start, rows, source, volume=volume),
                    "bars.copied", start, "close",
                )  # fmt: skip


def _scaled(column: str, start: int, rows: int, factor: float) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame.loc[start : start + rows - 1, column] *= factor
        frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
        return frame

    return make


def scales() -> Iterator[Planted]:
    for column, factor in (("high", 10.0), ("low", 0.1), ("open", 10.0), ("close", 10.0), ("close", 0.01)):
        for start, rows in ((600, 40), (1600, 120)):
            yield Planted(
                f"{column} x {factor:g} for {rows} rows at {start}",
                _scaled(column, start, rows, factor),
                "bars.spike", start, column,
            )  # fmt: skip


def _exchanged(series: str, start: int, rows: int) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = MARKETS[series](3).copy()
        here = slice(start, start + rows - 1)
        frame.loc[here, ["open", "close"]] = frame.loc[here, ["close", "open"]].to_numpy().copy()
        return frame

    return make


def _early(series: str, start: int, rows: int) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = MARKETS[series](3).copy()
        frame.loc[start : start + rows - 1, "close"] = (
            frame.loc[start + 1 : start + rows, "close"].to_numpy().copy()
        )
        frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
        return frame

    return make


def orders() -> Iterator[Planted]:
    for series, spans in (("coin", ((500, 3), (1200, 5))), ("currency", ((500, 5), (1200, 10)))):
        for start, rows in spans:
            yield Planted(
                f"{series} swapped for {rows} sessions at {start}",
                _exchanged(series, start, rows),
                "bars.swapped", start, "open", 2,
            )  # fmt: skip
            yield Planted(
                f"{series} closes early for {rows} sessions at {start}",
                _early(series, start, rows),
                "bars.shifted", start, "close", 2,
            )  # fmt: skip


def _steps(row: int, factor: float) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame.loc[row:, PRICES] *= factor
        return frame

    return make


def ratios() -> Iterator[Planted]:
    for name, factor in {"7:5": 5 / 7, "8:5": 5 / 8, "1:15": 15.0, "1:4": 4.0, "5:2": 2 / 5}.items():
        for row in (700, 2400):
            yield Planted(f"split {name} at {row}", _steps(row, factor), "bars.split", row, "close")


def _tail(rows: int) -> Callable[[], pd.DataFrame]:
    """Closes alone stay where they were; the bars around them go on."""

    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame.loc[len(frame) - rows :, "close"] = frame["close"].iloc[-rows - 1]
        frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
        return frame

    return make


def tails() -> Iterator[Planted]:
    n = len(clean("nasdaq"))
    for rows in (2, 3, 6):
        yield Planted(f"closes stale for the last {rows}", _tail(rows), "bars.stuck", n - rows, "close")


def _logs(series: str, digits: int) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = (clean(series) if series in ("nasdaq", "sp500") else MARKETS[series](2)).copy()
        frame[PRICES] = np.log(frame[PRICES].to_numpy()).round(digits)
        return frame

    return make


def logarithms() -> Iterator[Planted]:
    for series in ("nasdaq", "sp500", "share", "share at 4 % a day", "coin"):
        for digits in (4, 5):
            yield Planted(
                f"{series}: logarithms with {digits} decimals", _logs(series, digits), "bars.not_prices"
            )


COLUMN_DEFECTS: tuple[Planted, ...] = tuple(
    item for kind in (copies, scales, orders, ratios, tails, logarithms) for item in kind()
)
