"""Defects planted into the prices of bundled bars: what is done, and the finding or error that must name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from engine.bars.sources.bundled import read_bundled

PRICES = ["open", "high", "low", "close"]
# sessions of 2002 to 2012 (Nasdaq) and of the years in which the S&P's opens are traded ones
SLICES = {"nasdaq": (800, 3400), "sp500": (2600, 5031)}


@dataclass(frozen=True)
class Planted:
    """One defect: the changed table, and the code, date (None: any) and column (None: any) it must be found under."""

    name: str
    make: Callable[[], pd.DataFrame]
    code: str
    row: int | None = None
    column: str | None = None
    slack: int = 0  # sessions by which the first date of a stretch may be off

    def __str__(self) -> str:
        return self.name


@lru_cache
def clean(series: str) -> pd.DataFrame:
    first, last = SLICES[series]
    frame = read_bundled(series).iloc[first:last].reset_index(drop=True)
    frame["volume"] = frame["volume"].where(frame["volume"] > 0, 1e6).astype(float)
    return frame


def _cell(series: str, row: int, changes: dict[str, float], *, widen: bool = False) -> pd.DataFrame:
    frame = clean(series).copy()
    for column, factor in changes.items():
        frame.loc[row, column] *= factor
    if widen:  # a vendor that takes highs and lows from the bad print, too
        frame.loc[row, "high"] = frame.loc[row, PRICES].max()
        frame.loc[row, "low"] = frame.loc[row, PRICES].min()
    return frame


def ticks() -> Iterator[Planted]:
    """A cell or a bar that is off by a factor, a digit or a sign for one bar."""
    last = {name: len(clean(name)) - 1 for name in SLICES}
    for series, rows in {
        "nasdaq": (300, 1203, 1718, last["nasdaq"]),
        "sp500": (700, 1901, last["sp500"]),
    }.items():
        for row in rows:
            for column, factors in {
                "high": (100, 10, 1.25, 1.5, 1e300),
                "low": (0.5, 0.01, 0.75, 1e-310),
            }.items():
                for factor in factors:
                    yield Planted(
                        f"{series} {column}[{row}] x {factor:g}",
                        lambda s=series, r=row, c=column, f=factor: _cell(s, r, {c: f}),
                        "bars.spike",
                        row,
                        column,
                    )
            for column in ("open", "close"):
                for factor in (10.0, 1.3, 0.7):
                    yield Planted(
                        f"{series} {column}[{row}] x {factor:g} and its range",
                        lambda s=series, r=row, c=column, f=factor: _cell(s, r, {c: f}, widen=True),
                        "bars.spike",
                        row,
                        column,
                    )
            for factor in (100.0, 0.6):
                yield Planted(
                    f"{series} bar[{row}] x {factor:g}",
                    lambda s=series, r=row, f=factor: _cell(s, r, dict.fromkeys(PRICES, f)),
                    "bars.spike",
                    row,
                    "close",
                )
    for column, factor, code in (
        ("high", 0.1, "data.high_below_low"),
        ("low", 10.0, "data.high_below_low"),
        ("open", 10.0, "data.outside_range"),
        ("open", 0.1, "data.outside_range"),
        ("close", 100.0, "data.outside_range"),
        ("close", 0.8, "data.outside_range"),
        ("open", -1.0, "data.not_positive"),
        ("high", -1.0, "data.not_positive"),
        ("low", -1.0, "data.not_positive"),
        ("close", -1.0, "data.not_positive"),
        ("close", np.nan, "data.not_a_number"),
        ("high", np.inf, "data.infinite"),
    ):
        yield Planted(
            f"{column} x {factor:g}, nothing else",
            lambda c=column, f=factor: _cell("nasdaq", 900, {c: f}),
            code,
            900,
            column,
        )


def _steps(series: str, row: int, factor: float) -> pd.DataFrame:
    frame = clean(series).copy()
    frame.loc[row:, PRICES] *= factor
    return frame


def splits() -> Iterator[Planted]:
    for series, row in (("nasdaq", 650), ("nasdaq", 1500), ("nasdaq", 2400), ("sp500", 900), ("sp500", 2000)):
        for name, factor in {
            "2:1": 1 / 2,
            "3:2": 2 / 3,
            "5:4": 4 / 5,
            "1:8": 8.0,
            "7:1": 1 / 7,
            "1:20": 20.0,
        }.items():
            yield Planted(
                f"{series} split {name} at {row}",
                lambda s=series, r=row, f=factor: _steps(s, r, f),
                "bars.split",
                row,
                "close",
            )


def _stuck(series: str, row: int, sessions: int, columns: list[str]) -> pd.DataFrame:
    frame = clean(series).copy()
    value = frame.loc[row - 1, columns].to_numpy()
    frame.loc[row : row + sessions - 1, columns] = value
    if columns == ["close"]:
        rows = slice(row, row + sessions - 1)
        frame.loc[rows, "high"] = frame.loc[rows, PRICES].max(axis=1)
        frame.loc[rows, "low"] = frame.loc[rows, PRICES].min(axis=1)
    return frame


def _filled(series: str, rows: list[int]) -> pd.DataFrame:
    """Rows for days without a session: the close before in all four prices, no volume."""
    frame = clean(series).copy()
    for row in rows:
        frame.loc[row, PRICES] = frame.loc[row - 1, "close"]
        frame.loc[row, "volume"] = 0.0
    return frame


def _swapped(series: str, start: int, stop: int) -> pd.DataFrame:
    frame = clean(series).copy()
    # a copy: pandas 3.1 hands out a view of the rows that are about to be written
    frame.loc[start : stop - 1, ["open", "close"]] = (
        frame.loc[start : stop - 1, ["close", "open"]].to_numpy().copy()
    )
    return frame


def _early_closes(series: str, start: int, stop: int) -> pd.DataFrame:
    frame = clean(series).copy()
    frame.loc[start : stop - 1, "close"] = frame.loc[start + 1 : stop, "close"].to_numpy()
    frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
    return frame


def shifted() -> Iterator[Planted]:
    n = len(clean("nasdaq"))
    for row in (400, 1300, 2200):
        for sessions in (3, 6, 30):
            yield Planted(
                f"same bar for {sessions} sessions at {row}",
                lambda r=row, k=sessions: _stuck("nasdaq", r, k, PRICES),
                "bars.stuck", row, "close",
            )  # fmt: skip
        for sessions in (4, 10):
            yield Planted(
                f"stuck close for {sessions} sessions at {row}",
                lambda r=row, k=sessions: _stuck("nasdaq", r, k, ["close"]),
                "bars.stuck", row, "close",
            )  # fmt: skip
        yield Planted(
            f"row filled forward at {row}", lambda r=row: _filled("nasdaq", [r]), "bars.stuck", row, "close"
        )
        yield Planted(
            f"swapped for 60 sessions at {row}",
            lambda r=row: _swapped("nasdaq", r, r + 60),
            "bars.swapped", row, "open", 20,
        )  # fmt: skip
        yield Planted(
            f"closes early for 60 sessions at {row}",
            lambda r=row: _early_closes("nasdaq", r, r + 60),
            "bars.shifted", row, "close", 20,
        )  # fmt: skip
    for tail in (3, 5, 12):
        yield Planted(
            f"stale tail of {tail}",
            lambda k=tail: _stuck("nasdaq", n - k, k, PRICES),
            "bars.stuck",
            n - tail,
            "close",
        )
    for series in SLICES:
        m = len(clean(series))
        yield Planted(f"{series} swapped", lambda s=series: _swapped(s, 0, len(clean(s))), "bars.swapped")
        yield Planted(
            f"{series} closes early", lambda s=series, k=m: _early_closes(s, 0, k - 1), "bars.shifted"
        )
        yield Planted(
            f"{series} closes early and nothing else",
            lambda s=series: clean(s).assign(close=clean(s)["close"].shift(-1)).iloc[:-1],
            "data.outside_range",
        )
        yield Planted(f"{series} logarithms", lambda s=series: _mapped(s, np.log), "bars.not_prices")
        yield Planted(f"{series} gross returns", _gross_returns(series), "bars.not_prices")
        yield Planted(f"{series} high and low exchanged", _exchanged(series), "data.high_below_low")
        yield Planted(
            f"{series} returns",
            lambda s=series: _mapped(s, lambda x: np.log(x) - np.log(x).mean()),
            "data.not_positive",
        )


def _mapped(series: str, function: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
    frame = clean(series).copy()
    frame[PRICES] = function(frame[PRICES].to_numpy())
    return frame


def _gross_returns(series: str) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean(series)
        before = frame["close"].shift(1)
        return frame.assign(**{name: frame[name] / before for name in PRICES}).iloc[1:]

    return make


def _exchanged(series: str) -> Callable[[], pd.DataFrame]:
    return lambda: clean(series).rename(columns={"high": "low", "low": "high"})


def _stale(start: int, stop: int, share: float, noise: float) -> Callable[[], pd.DataFrame]:
    """Opens that have taken in only ``share`` of the night, with noise of ``noise`` times the price."""

    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        rng = np.random.default_rng(5)
        before = frame["close"].shift(1)
        stale = before * (frame["open"] / before) ** share * (1 + noise * rng.standard_normal(len(frame)))
        frame["open"] = stale.where((frame.index >= start) & (frame.index < stop), frame["open"])
        frame["high"], frame["low"] = frame[PRICES].max(axis=1), frame[PRICES].min(axis=1)
        return frame

    return make


def opens() -> Iterator[Planted]:
    for start, stop in ((200, 900), (1000, 1080), (1500, 2000), (2200, 2600)):
        for share, noise in ((0.0, 0.0), (0.0, 1e-6), (0.0, 5e-5), (0.08, 0.0)):
            if share and stop - start < 250:
                continue
            yield Planted(
                f"opens of {start} to {stop} know {share:.0%} of the night, noise {noise:g}",
                _stale(start, stop, share, noise),
                "bars.fake_opens", start, "open", 30,
            )  # fmt: skip


def distributions() -> Iterator[Planted]:
    for row, drop in ((600, 0.03), (1400, 0.08), (2000, 0.5)):

        def make(r: int = row, d: float = drop) -> pd.DataFrame:
            frame = clean("nasdaq").copy()
            frame["Adj Close"] = frame["close"] * np.where(frame.index < r, 1 - d, 1.0)
            return frame

        yield Planted(f"the adjusted close knows of {drop:.0%}", make, "bars.adjusted_close", row, "close")
    yield Planted("flat bars", lambda: _flat([400, 900, 1700]), "bars.flat", 400)
    yield Planted(
        "no volume for a year", lambda: clean("nasdaq").assign(volume=0.0), "bars.no_volume", None, "volume"
    )


def _flat(rows: list[int]) -> pd.DataFrame:
    frame = clean("nasdaq").copy()
    for row in rows:
        frame.loc[row, PRICES] = frame.loc[row, "open"]
    return frame


PRICE_DEFECTS: tuple[Planted, ...] = tuple(
    item for kind in (ticks, splits, shifted, opens, distributions) for item in kind()
)
