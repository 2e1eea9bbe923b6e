"""The level book at a date: only what was known, the same whatever came later, and the reference analysis."""

from __future__ import annotations

import re
import time

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq

from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.errors import InputError
from engine.replay.book import bar_of, book_at, standing_at
from engine.replay.replay import replay
from engine.replay.walk import SNAPSHOT_BARS
from engine.rules.indicators import SMA_50, SMA_200
from engine.rules.kinds import KINDS
from tests.shared_files import data_dir
from tests.some_bars import bundled, series_of

CONFIG = parse_config(
    {"name": "test", "instruments": [{"symbol": "T", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)
BARS = bundled(nasdaq).cut(1600)
REPLAY = replay(BARS, CONFIG)

needs_data = pytest.mark.skipif(data_dir() is None, reason="real bars are not here (ENGINE_DATA)")


def from_file(name):
    frame = pd.read_csv(data_dir() / name, parse_dates=["date"])
    columns = [frame[c].to_numpy(float).copy() for c in ("open", "high", "low", "close", "volume")]
    return BarSeries(name, "equity_index", frame["date"].to_numpy().astype("datetime64[D]"), *columns)


def alive_by_definition(result, bar):
    """Ids confirmed on or before the bar, minus those retired on or before it; from the two public tables only."""
    day = result.frame["date"][bar]
    levels, events = result.levels, result.events
    past = events[events["date"] <= day]
    gone = past.loc[past["event"].str.startswith("retired"), "level_id"]
    known = set(levels.loc[levels["confirmed"] <= day, "level_id"]) - set(gone)
    return known, past


@pytest.mark.parametrize("bar", [0, 20, 100, SNAPSHOT_BARS - 1, SNAPSHOT_BARS, 777, 1535, 1599])
def test_book_is_levels_confirmed_minus_retired_with_their_events(bar):
    book = book_at(REPLAY, REPLAY.frame["date"][bar].date())
    known, past = alive_by_definition(REPLAY, bar)
    assert set(book["level_id"]) == known
    levels = REPLAY.levels.set_index("level_id")
    for row in book.itertuples():
        own = past[past["level_id"] == row.level_id]["event"].value_counts()
        birth = REPLAY.table[row.level_id]
        assert row.touches == birth["touches"] + own.get("touch", 0) + own.get("role_reversal", 0)
        assert row.rejections == birth["rejections"] + own.get("rejection", 0)
        assert row.breaks == birth["breaks"] + own.get("break", 0)
        assert row.kind == levels["kind"][row.level_id]
        assert row.age_sessions == bar - birth["formed"]
        if not row.kind.startswith("moving_average"):
            assert (row.low, row.high) == (levels["low"][row.level_id], levels["high"][row.level_id])


def test_book_of_a_date_does_not_change_when_bars_are_added():
    day = BARS.dates[900]
    short = replay(BARS.cut(901), CONFIG)
    pd.testing.assert_frame_equal(book_at(short, day), book_at(REPLAY, day))


def test_book_columns_hold_together():
    bar = 1300
    book, close = book_at(REPLAY, BARS.dates[bar]), BARS.close[bar]
    assert ((book["side"] == "resistance") == (book["high"] > close)).all()
    assert (np.sign(book["distance_atr"]) == np.sign(book["distance_percent"])).all()
    assert (book.loc[book["side"] == "support", "distance_atr"] <= 0).all()
    assert book["strength"].between(0, 1, inclusive="neither").all()
    assert (book["high"].diff().dropna() <= 0).all()
    for kind, column in (("moving_average_50", SMA_50), ("moving_average_200", SMA_200)):
        average = book[book["kind"] == kind].iloc[0]
        assert average["low"] == average["high"] == REPLAY.indicators[bar, column]
    told = book[book["role_history"] != ""]
    assert len(told) > 3
    days = told["role_history"].str.findall(r"\d{4}-\d\d-\d\d").explode()
    assert (pd.to_datetime(days) <= pd.Timestamp(BARS.dates[bar])).all()


def test_an_average_is_named_after_the_crossing_that_momentum_sees():
    frame = REPLAY.frame
    named = 0
    for bar in range(300, 1600, 40):
        book = book_at(REPLAY, BARS.dates[bar])
        name = book.loc[book["kind"] == "moving_average_50", "name"].iloc[0]
        above = BARS.close[bar] > REPLAY.indicators[bar, SMA_50]
        since = frame["sessions_since_sma_50_" + ("reclaimed" if above else "lost")][bar]
        word = "today" if since == 0 else f"{since:.0f} session"
        if since <= 63:
            named += 1
            assert f"{'reclaimed' if above else 'lost'} {word}" in name
        else:
            assert name == "50-day moving average"
    assert named > 20


def test_a_zone_is_named_after_the_heaviest_kind_that_confirmed_it_so_far():
    """By definition, from the public tables: weight of the kind over one plus years since, the newer of equals."""
    weight = {kind.name: kind.weight for kind in KINDS}
    noun = {kind.name: kind.noun for kind in KINDS}
    events = REPLAY.events[REPLAY.events["event"] == "reinforced"]
    renamed = 0
    for bar in range(200, 1600, 70):
        book = book_at(REPLAY, BARS.dates[bar])
        known = events[events["date"] <= pd.Timestamp(BARS.dates[bar])]
        for row in book[~book["kind"].str.startswith("moving_average")].itertuples():
            claims = [(row.kind, BARS.index_of(row.formed.date()))]
            own = known[known["level_id"] == row.level_id]
            claims += [(KINDS[int(e.value)].name, BARS.index_of(e.date.date())) for e in own.itertuples()]
            kind, _ = max(
                claims, key=lambda claim: (weight[claim[0]] / (1 + (bar - claim[1]) / 252), claim[1])
            )
            assert noun[kind] in row.name
            renamed += kind != row.kind
    assert renamed > 20


def test_a_zone_that_is_no_longer_what_its_noun_says_is_called_broken_or_former():
    """By definition, from the public tables: broken while its last crossing is a break, former once it has turned."""
    crossings = REPLAY.events[REPLAY.events["event"].isin(["break", "reclaim", "role_reversal"])]
    called = {"broken": 0, "former": 0, "": 0}
    for bar in range(200, 1600, 70):
        book = book_at(REPLAY, BARS.dates[bar])
        last = (
            crossings[crossings["date"] <= pd.Timestamp(BARS.dates[bar])].groupby("level_id")["event"].last()
        )
        for row in book.itertuples():
            first = row.name.split()[0]
            word = first if first in called else ""
            called[word] += 1
            noun = re.search("support shelf|demand zone|resistance shelf|supply zone", row.name)
            if noun is None:
                assert word == ""
                continue
            as_named = (noun[0] in ("support shelf", "demand zone")) == (row.role == "support")
            broken = last.get(row.level_id) == "break"
            assert word == ("broken" if as_named and broken else "" if as_named or broken else "former")
    assert min(called.values()) > 20


def test_a_date_between_sessions_means_the_session_before():
    assert bar_of(REPLAY, "1999-01-10") == bar_of(REPLAY, "1999-01-08") == 4
    with pytest.raises(InputError) as error:
        book_at(REPLAY, "1998-12-31")
    assert error.value.code == "replay.before_first_bar"


def test_books_before_the_first_level_and_of_flat_prices_are_tables_too():
    assert len(book_at(REPLAY, BARS.dates[3])) == 0
    flat = replay(series_of(np.full(250, 50.0)), CONFIG)
    book = book_at(flat, flat.bars.dates[-1])
    assert book["kind"].tolist() == ["moving_average_50", "moving_average_200"]
    assert book["distance_percent"].tolist() == [0.0, 0.0]


def test_the_core_of_a_look_up_takes_well_under_a_millisecond():
    long = replay(simulate_bars(20_000, seed=1), CONFIG)
    standing_at(long, 19_999)
    taken = []
    for bar in np.random.default_rng(0).integers(0, 20_000, 200):
        started = time.process_time()
        standing_at(long, int(bar))
        taken.append(time.process_time() - started)
    assert np.median(taken) < 0.0005


@needs_data
def test_book_of_the_reference_analysis():
    """RTY futures, 2025-12-02: the levels that the reference analysis names (to the level table of its date)."""
    bars = from_file("rty_f.csv")
    result = replay(bars, CONFIG)
    book = book_at(result, "2025-12-02")
    resistance, support = (book[book["side"] == side] for side in ("resistance", "support"))

    def touching(rows, low, high):
        return rows[(rows["low"] <= high) & (rows["high"] >= low)]

    record = touching(resistance, 2560.0, 2570.0)
    assert record["name"].tolist() == ["prior all-time-high region"]
    assert record["high"].iloc[0] == 2566.5
    minor = touching(resistance, 2487.0, 2510.0)
    assert len(minor) > 0
    assert (minor["high"] < record["low"].iloc[0]).all()
    fifty = book[book["kind"] == "moving_average_50"].iloc[0]
    assert fifty["low"] == pytest.approx(2459.8, abs=0.1)
    assert fifty["name"] == "50-day moving average, reclaimed 4 sessions ago"
    assert result.frame.set_index("date")["sessions_since_sma_50_reclaimed"]["2025-12-02"] == 4
    two_hundred = book[book["kind"] == "moving_average_200"].iloc[0]
    assert two_hundred["low"] == pytest.approx(2230.8, abs=0.1)
    shelf = touching(support, 2410.0, 2440.0)
    assert shelf["name"].str.contains("shelf").any()
    lows_of_two_months = touching(support, 2381.0, 2387.0)
    assert lows_of_two_months["name"].tolist() == ["multi-week support shelf (October–November)"]
    low = touching(support, 2300.7, 2300.7)
    assert "November swing low" in low["name"].tolist()

    bar = result.bars.index_of("2025-12-02")
    floor, ceiling, target_low, target_high, retest = result.setup[bar]
    assert target_low <= 2566.5 <= target_high
    assert 2487.0 <= ceiling <= 2510.0
    assert 2340.0 <= floor <= 2415.0
    assert 2300.0 <= retest < floor


@needs_data
@pytest.mark.parametrize("name", ["rut.csv", "rty_f.csv"])
def test_real_files_have_real_floors_and_targets(name):
    """Levels, not projections, on at least 70 % of the dates; each outcome's edges in order on all of them."""
    result = replay(from_file(name), CONFIG)
    ids = result.setup_levels[result.setup_levels[:, 0] != -2]
    assert (ids[:, 0] >= 0).mean() >= 0.70
    assert (ids[:, 2] >= 0).mean() >= 0.70
