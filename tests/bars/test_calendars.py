"""Sessions against days that are known; files against calendars."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from engine.bars.calendars import best_calendar, compare_with, half_days, sessions_after, sessions_between
from engine.bars.calendars.known import why_missing
from engine.bars.load import load_bars
from engine.bars.remarks import find_around
from engine.bars.simulate import simulate_bars
from engine.config import Instrument, ReplayConfig
from engine.errors import ConfigError, DataError
from tests.shared_files import data_dir

D = np.datetime64


def test_sessions_of_new_york_round_a_holiday_and_a_day_of_mourning():
    # nyse.com/markets/hours-calendars: closed 2024-12-25, 2025-01-01, 2025-01-09; 13:00 on 2024-12-24
    days = sessions_between("XNYS", D("2024-12-23"), D("2025-01-10")).astype(str).tolist()
    assert "2025-01-09" not in days
    assert len(days) == 12
    assert half_days("XNYS", D("2024-12-01"), D("2024-12-31")).astype(str).tolist() == ["2024-12-24"]
    assert (
        str(sessions_after("XNYS", D("2025-11-26"), 2)[-1]) == "2025-12-01"
    )  # Thanksgiving, then half a day


def write(folder, dates, **keys):
    bars = simulate_bars(len(dates), seed=4)
    frame = bars.to_frame().set_axis(dates.astype(str), axis=0).rename_axis("date")
    frame.to_csv(folder / "x.csv")
    source = {"kind": "csv", "path": folder / "x.csv"}
    return Instrument.model_validate({"symbol": "X", "source": source, **keys})


def test_what_is_missing_and_what_is_too_many_is_named(tmp_path):
    days = sessions_between("XNYS", D("2019-01-02"), D("2022-12-30"))
    holiday = D("2021-12-24")
    dates = np.sort(np.append(np.setdiff1d(days, days[500:502]), holiday))
    found = {
        f.code: f.text
        for f in find_around({"X": load_bars(write(tmp_path, dates, calendar="XNYS"), ReplayConfig())})
    }
    assert f"2 sessions of XNYS without a row: {days[500]}, {days[501]}" in found["bars.missing_sessions"]
    assert f"1 row on days without a session of XNYS: {holiday}" in found["bars.rows_on_holidays"]
    assert "half days" in found["bars.calendar"]
    guessed = find_around({"X": load_bars(write(tmp_path, dates), ReplayConfig())})
    assert "guessed from the dates: write calendar: XNYS" in guessed[0].text


def test_a_calendar_that_does_not_fit_is_an_error_with_the_best_guess(tmp_path):
    days = sessions_between("XNYS", D("2019-01-02"), D("2022-12-30"))
    with pytest.raises(DataError, match="XNYS fits best") as caught:
        load_bars(write(tmp_path, days, calendar="XTKS"), ReplayConfig())
    assert caught.value.code == "data.calendar_mismatch"
    with pytest.raises(ConfigError, match="is no calendar"):
        load_bars(write(tmp_path, days, calendar="NASDAQ123"), ReplayConfig())


def test_seven_days_a_week_and_no_market_at_all():
    every = np.arange(D("2020-01-01"), D("2023-01-01"))
    assert best_calendar(every).calendar == "24/7"
    assert best_calendar(every[::3]) is None


def test_closures_that_calendars_and_data_disagree_on_are_explained():
    reasons = why_missing("XETR", np.array(["1994-05-12", "1994-10-03", "1999-03-03"], "M8[D]"))
    assert [len(days) for days in reasons.values()] == [2]
    reasons = why_missing("CMES", np.array(["2019-09-02", "2019-09-03"], "M8[D]"))
    assert [days.astype(str).tolist() for days in reasons.values()] == [["2019-09-02"]]


@pytest.mark.skipif(data_dir() is None, reason="real bars are not here")
def test_real_files():
    def remarks(name, calendar):
        source = {"kind": "csv", "path": data_dir() / f"{name}.csv"}
        item = Instrument.model_validate({"symbol": "X", "source": source, "calendar": calendar})
        return {f.code: f.text for f in find_around({"X": load_bars(item, ReplayConfig())})}

    assert set(remarks("rut", "XNYS")) == {"bars.calendar"}
    assert set(remarks("spy", None)) == {"bars.calendar"}
    dax = remarks("dax", "XETR")
    assert "26 sessions" in dax["bars.known_closures"]
    assert "bars.missing_sessions" not in dax
    assert compare_with(
        "XNYS",
        load_bars(
            Instrument.model_validate(
                {"symbol": "X", "source": {"kind": "csv", "path": data_dir() / "dxy.csv"}}
            ),
            ReplayConfig(),
        ).dates,
    ).fits


def test_where_no_calendar_is_used_the_package_is_not_imported():
    code = "import sys, engine.commands, engine.pipeline, engine.bars.load; print('exchange_calendars' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_history_cut_anywhere_asks_for_few_calendars():
    """A calendar takes most of a second to make: an audit, which cuts on every date, must not make one a date."""
    from engine.bars.calendars.sessions import _made_calendar

    whole = sessions_between("XNYS", D("2001-03-05"), D("2013-10-01"))
    before = _made_calendar.cache_info().misses
    for cut in np.arange(D("2001-05-01"), D("2013-10-01"), np.timedelta64(37, "D")):
        part = sessions_between("XNYS", D("2001-03-05"), cut)
        np.testing.assert_array_equal(part, whole[whole <= cut])
    assert _made_calendar.cache_info().misses - before <= 3  # one a block of five years
