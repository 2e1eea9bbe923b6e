"""Fundamentals and what is ahead: dates and figures worked out by hand; widths of a known process; absent where not configured."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bars.context import Context, Observed, known_values
from engine.bars.events import Events, Schedule
from engine.bars.events.schedule import NEVER
from engine.report.prose.around import ahead_lines, fundamentals_lines
from engine.table.around import Ahead, Fact, Scheduled, Width, ahead_of, facts_of, widths
from engine.table.build import build_scenario
from engine.table.scenario import Scenario

D = np.datetime64


def days(first, n):
    return np.busday_offset(D(first), np.arange(n), roll="forward")


def table(**more):
    import dataclasses

    made = build_scenario({"instrument": "X", "date": "2025-12-31", "close": 100.0}, None, None)
    return dataclasses.replace(made, **more)


def test_a_figure_has_its_value_change_day_and_publication():
    sessions = days("2025-11-03", 40)
    values = np.full(40, 4.0)
    values[30:] = 4.25
    one = Observed("ten", "yield_10y", sessions, values, None, 1, 10)
    (fact,) = facts_of(Context(sessions, (one,), known_values))
    # known at the last close is the value of the day before, published by that close
    assert (fact.about, fact.published) == (str(sessions[-2]), str(sessions[-1]))
    assert (fact.value, fact.change, fact.change_unit) == (4.25, 25.0, "basis points")
    line = fundamentals_lines(table(fundamentals=(fact,), realised_volatility=18.0))[0]
    assert line.startswith("10-year yield: 4.25%, up 25 basis points over 20 sessions (of ")
    released = Observed("gdp", "other", sessions[:1], np.array([2.0]), sessions[5:6], 0, 99)
    (fact,) = facts_of(Context(sessions, (released,), known_values))
    assert (fact.about, fact.published, fact.change) == (str(sessions[0]), str(sessions[5]), 0.0)


def test_implied_against_realised():
    fact = Fact("implied_volatility", "vix", 15.0, "%", -1.04, "points", "2025-12-30", "2025-12-31")
    lines = fundamentals_lines(table(fundamentals=(fact,), realised_volatility=18.0))
    assert "down 1.0 points" in lines[0]
    assert "3.0 points below the volatility of X itself (18.0% a year" in lines[1]


def test_what_is_ahead_of_the_last_close():
    # nyse.com/markets/hours-calendars: closed 2025-12-25 and 2026-01-01; third Friday 2025-12-19
    sessions = days("2024-01-02", 520)
    sessions = sessions[sessions <= D("2025-12-12")]
    kinds = np.array(["fomc", "nfp", "cpi", "cpi"])
    at = np.array(["2025-12-10", "2025-12-16", "2025-12-18", "2026-01-13"], "M8[D]")
    none = np.full(4, NEVER)
    ahead = ahead_of(
        Events(sessions, Schedule(kinds, at, none, none), "XNYS"),
        np.full(len(sessions), 100.0),
        np.full(len(sessions), 0.01),
        (10, 15),
        7,
    )
    assert [(item.kind, item.date, item.sessions) for item in ahead.releases] == [
        ("nfp", "2025-12-16", 2),
        ("cpi", "2025-12-18", 4),
    ]
    assert [(item.kind, item.date, item.sessions) for item in ahead.dates] == [
        ("quad_witching", "2025-12-19", 5),
        ("year_end", "2025-12-31", 12),
    ]
    lines = ahead_lines(table(ahead=ahead))
    assert lines[0].startswith(
        "Within 10 sessions: payrolls on 16 December 2025, in 2 sessions; consumer prices"
    )
    assert "last session of the year on 31 December 2025, in 12 sessions" in lines[1]
    assert Scenario.from_dict(table(ahead=ahead).to_dict()).ahead == ahead


def test_a_calendar_that_ends_is_told():
    ahead = Ahead(15, (), (), "2025-12-30", None)
    lines = ahead_lines(table(ahead=ahead))
    assert lines[0] == "Within 10 sessions: nothing that stands in the calendar."
    assert "ends on 30 December 2025" in lines[1]
    assert "weekdays" in lines[2]


def test_widths_of_a_known_process():
    rng = np.random.default_rng(3)
    n = 4000
    held = np.arange(21, n, 21)
    size = np.full(n, 0.01)
    size[held] = 0.02
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1, n) * size))
    found = widths(close, np.full(n, 0.01), {"big": held, "none": held - 5}, (10,), 7)
    own = found["big"][0]
    # 190 events: standard error of the ratio about 5 %
    assert own.sessions == 1
    assert own.low < 2.0 < own.high
    assert own.verdict == "wider"
    assert found["none"][0].verdict in ("undecided", "narrower")
    ten = found["big"][1]
    assert abs(ten.ratio - np.sqrt((9 + 4) / 10)) < 0.12
    assert not widths(close[:60], np.full(60, 0.01), {"big": held[:2]}, (10,), 7)["big"]


def test_years_before_the_calendar_begins_are_not_compared():
    rng = np.random.default_rng(3)
    sigma = np.full(4000, 0.01)
    wild = np.where(np.arange(4000) < 1500, 5.0, 1.0)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 4000) * wild))
    (own, ten) = widths(close, sigma, {"x": np.arange(1521, 4000, 21)}, (10,), 7)["x"]
    assert own.low < 1 < own.high
    assert ten.ratio > 0.8  # against the years before it would be a fifth


def test_intervals_of_widths_hold_one():
    """Nothing happens at events: a 90 % interval should leave 1 out in 10 of 100; in 40 markets more than 10 has chance 0.2 %."""
    rng = np.random.default_rng(5)
    out = 0
    for _ in range(40):
        close = 100 * np.exp(np.cumsum(rng.standard_t(6, 1500) * 0.008))
        (own, *_) = widths(close, np.full(1500, 0.01), {"x": np.arange(21, 1500, 21)}, (), 7)["x"]
        out += own.verdict != "undecided"
    assert out <= 10


def test_absent_where_nothing_is_configured():
    plain = table()
    assert not {"fundamentals", "ahead", "realised_volatility"} & set(plain.to_dict())
    assert fundamentals_lines(plain) == ahead_lines(plain) == ()
    assert Scenario.from_dict(plain.to_dict()) == plain


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(1.1, 1.3, "wider"), (0.7, 0.9, "narrower"), (0.9, 1.2, "undecided")]
)
def test_verdicts(low, high, verdict):
    one = Width(1, 1.0, low, high, 30)
    assert one.verdict == verdict
    item = Scheduled("cpi", "2025-12-18", 4, (one,))
    line = ahead_lines(table(ahead=Ahead(15, (item,), (), "2026-12-31", "XNYS")))[1]
    assert "consumer prices (CPI), 30 past ones, on its own session 1.00" in line
    assert (verdict in line) == (verdict != "undecided")
