"""Defects planted into the dates of bundled bars: sessions moved, missing, doubled or put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from tests.bars.planted import Planted, clean


def _dates(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
    return lambda: change(clean("nasdaq").copy())


def _set_date(row: int, value: str) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
        frame.loc[row, "date"] = value
        return frame

    return make


def _move_days(start: int, stop: int, days: int) -> Callable[[], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[start : stop - 1, "date"] += pd.Timedelta(days=days)
        return frame

    return _dates(change)


def _without(weekday: int, start: int, stop: int) -> Callable[[], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        place = np.arange(len(frame))
        return frame[~((frame["date"].dt.day_of_week == weekday) & (place >= start) & (place < stop))]

    return _dates(change)


def _aggregate(rule: str) -> Callable[[], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        return frame.set_index("date").resample(rule).agg(how).dropna().reset_index()

    return _dates(change)


def _weekly_then_daily() -> pd.DataFrame:
    weekly, daily = _aggregate("W-FRI")(), clean("nasdaq")
    return pd.concat([weekly[weekly["date"] < daily["date"][1000]], daily.iloc[1000:]], ignore_index=True)


def _fridays(start: int, stop: int) -> list[int]:
    day = clean("nasdaq")["date"].dt.day_of_week
    return [i for i in range(start, stop) if day[i] == 4 and day[i + 1] == 0]


def _intraday(frame: pd.DataFrame) -> pd.DataFrame:
    twice = frame.loc[frame.index.repeat(2)].reset_index(drop=True)
    twice["date"] = twice["date"] + pd.to_timedelta(
        np.where(np.arange(len(twice)) % 2, "16:00:00", "10:00:00")
    )
    return twice


def calendars() -> Iterator[Planted]:
    for row in (700, 1500):
        monday = next(i for i in range(row, row + 6) if clean("nasdaq")["date"][i].day_of_week == 0)
        for days, code in ((-1, "bars.time_zone"), (1, "bars.time_zone")):
            yield Planted(
                f"dates moved by {days:+d} from {monday}",
                _move_days(monday, monday + 250, days) if days < 0 else _moved_late(monday, monday + 250),
                code, monday, "date", 10,
            )  # fmt: skip
    yield Planted("dates a day early throughout", _move_days(0, 5000, -1), "bars.time_zone", 0, "date", 6)
    for row in _fridays(300, 320) + _fridays(1600, 1612):
        yield Planted(
            f"a row on a Saturday at {row}", _move_days(row, row + 1, 1), "bars.weekend_row", row, "date"
        )
    for weekday in range(5):
        yield Planted(
            f"no weekday {weekday} for a year",
            _without(weekday, 900, 1150),
            "bars.missing_weekday",
            None,
            "date",
        )
    yield Planted("every third session of a year is missing", _thinned, "bars.missing_weekday", None, "date")
    yield Planted(
        "two weeks are missing", _dates(lambda f: f.drop(index=range(1000, 1010))), "bars.long_gap", 999
    )
    for rule in ("W-FRI", "ME", "W-MON"):
        yield Planted(f"bars by {rule}", _aggregate(rule), "bars.not_daily")
    yield Planted("weekly bars first, then daily ones", _weekly_then_daily, "bars.not_daily", 0)
    yield Planted("two bars a day with times", _dates(_intraday), "data.not_daily", None, "date")
    for value in (
        "today",
        "now",
        "2005",
        "2005-06",
        "June 2005",
        "20050601",
        "1117584000",
        "13/06/2005",
        "2005-06-31",
    ):
        yield Planted(f"date {value!r}", _set_date(800, value), "data.bad_date", 800, "date")
    n = len(clean("nasdaq"))
    yield Planted("the year is mistyped, later", _wrong_year(800, 40), "data.not_ascending", 800, "date")
    yield Planted("the year is mistyped, earlier", _wrong_year(800, -3), "data.not_ascending", 800, "date")
    yield Planted(
        "a day twice", _dates(lambda f: pd.concat([f.iloc[:500], f.iloc[499:]])), "data.duplicate_date", 499
    )
    yield Planted(
        "two instruments stacked", _dates(lambda f: pd.concat([f, f])), "data.not_ascending", 0, "date"
    )
    yield Planted(
        "two instruments by date",
        _dates(lambda f: f.loc[f.index.repeat(2)]),
        "data.duplicate_date",
        0,
        "date",
    )
    yield Planted("newest first", _dates(lambda f: f.iloc[::-1]), "data.not_ascending", n - 2, "date")
    yield Planted(
        "the last bars are of next year",
        _dates(lambda f: f.assign(date=f["date"].mask(f.index >= n - 3, f["date"] + pd.Timedelta(days=36500)))),
        "bars.future_dates", n - 3, "date",
    )  # fmt: skip


def _moved_late(start: int, stop: int) -> Callable[[], pd.DataFrame]:
    def make() -> pd.DataFrame:
        frame = clean("nasdaq").copy()
        frame.loc[start : stop - 1, "date"] += pd.Timedelta(days=1)
        return frame.drop_duplicates("date", keep="first")

    return make


def _thinned() -> pd.DataFrame:
    place = np.arange(len(clean("nasdaq")))
    return clean("nasdaq")[~((place % 3 == 0) & (place > 900) & (place < 1150))]


def _wrong_year(row: int, years: int) -> Callable[[], pd.DataFrame]:
    day = clean("nasdaq")["date"][row]
    return _set_date(row, str((day + pd.DateOffset(years=years)).date()))


DAY_DEFECTS: tuple[Planted, ...] = tuple(calendars())
