"""Weeks and years from the dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.backtest.performance import annual_return_percent, equity_metrics
from engine.bars.sources.bundled import read_bundled
from engine.table.words import weeks
from engine.year import sessions_per_week, sessions_per_year


def days(start: str, n: int, freq: str) -> np.ndarray:
    return pd.date_range(start, periods=n, freq=freq).to_numpy().astype("datetime64[D]")


def test_an_exchange_has_five_sessions_a_week_and_252_a_year_whatever_its_holidays_and_gaps():
    dates = read_bundled("nasdaq")["date"].to_numpy().astype("datetime64[D]")
    assert (sessions_per_week(dates), sessions_per_year(5)) == (5, 252)
    assert sessions_per_week(np.concatenate((dates[:300], dates[900:]))) == 5
    assert sessions_per_week(dates[:4]) == 5


@pytest.mark.parametrize(("freq", "week", "year"), [("D", 7, 365), ("W-FRI", 1, 52)])
def test_other_markets_have_their_own(freq, week, year):
    assert sessions_per_week(days("2015-01-01", 900, freq)) == week
    assert sessions_per_year(week) == year


def test_a_market_of_six_days():
    dates = days("2015-01-01", 900, "D")
    assert sessions_per_week(dates[dates.astype(int) % 7 != 2]) == 6
    assert sessions_per_year(6) == 313


def test_horizons_in_words():
    assert weeks(10) == "about 2 weeks"
    assert weeks(10, 7) == "10 days"
    assert weeks(12, 6) == "about 2 weeks"


def test_a_year_of_days_grows_as_the_calendar_says():
    equity = 1.1 ** (np.arange(731) / 365)  # 10 % a year, every day
    assert annual_return_percent(equity, 365) == pytest.approx(10.0)
    assert {"sharpe_365"} == {key for key in equity_metrics(equity, year=365) if key.startswith("sharpe")}
