from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.table import words


def test_a_price_reads_like_the_analysts():
    decimals = words.price_decimals(2460.0, 42.0)
    assert decimals == 0
    assert words.zone(2560.3, 2569.8, decimals) == "2,560–2,570"
    assert words.zone(2459.6, 2460.4, decimals) == "2,460"
    assert words.price_decimals(1.0843, 0.0061) == 4
    assert words.price_decimals(612.4, 6.1) == 1


@given(st.floats(1e-6, 1e9), st.floats(1e-3, 0.2))
def test_rounding_a_price_costs_at_most_a_twentieth_of_a_day(close, share):
    atr = close * share
    digits = words.price_decimals(close, atr)
    assert digits == 10 or 0.5 * 10.0**-digits <= 0.05 * atr * (1 + 1e-6)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, pd.NaT, pd.NA, "x", np.nan])
def test_what_is_missing_reads_as_a_dash(missing):
    assert words.number(missing) is None
    assert words.percent(missing) == "–"
    assert words.decimal(missing) == "–"
    assert words.signed_percent(missing) == "–"


def test_signs_percents_and_counts():
    assert words.signed_percent(0.0043) == "+0.4%"
    assert words.signed_percent(-0.0043) == "−0.4%"
    assert words.signed_percent(0.0001) == "0.0%"
    assert words.percent(0.004) == "<1%"
    assert words.percent(0.0) == "0%"
    assert words.percent_range(0.441, 0.568) == "44–57%"
    assert words.p_value(0.0004) == "<0.001"
    assert words.plural(1, "session") == "1 session"
    assert words.plural(1500, "forecast") == "1,500 forecasts"
    assert words.times(2) == "twice"
    assert words.join(["a", "", "b", "c"]) == "a, b and c"


def test_a_sign_is_a_minus_and_a_hyphen_stays_one():
    assert words.signs("skill -0.37% to +0.64% (interval -1)") == "skill −0.37% to +0.64% (interval −1)"
    for text in ("2006-12-29", "50-day", "5-20 sessions", "SHA-256", "re-test"):
        assert words.signs(text) == text


@pytest.mark.parametrize(
    "value", ["2025-12-02", pd.Timestamp("2025-12-02"), np.datetime64("2025-12-02"), "2025-12-02T00:00:00"]
)
def test_days_are_spelled_without_a_locale(value):
    assert words.day(value) == "2 December 2025"
    assert words.short_day(value) == "2 Dec 2025"
    assert words.day(pd.NaT) == "–"
    assert words.dated("break 2025-11-17, reclaim 2025-11-25") == "break 17 Nov 2025, reclaim 25 Nov 2025"
