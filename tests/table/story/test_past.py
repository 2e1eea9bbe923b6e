"""What led to a close, against prices by hand and against the replay cut there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from arch.data import nasdaq

from engine.bars.contracts.rolls import Rolls
from engine.config import parse_config
from engine.replay.book import book_at
from engine.replay.replay import replay
from engine.rules.indicators import SMA_50
from engine.table.story.past import past_of
from tests.some_bars import bundled

CONFIG = parse_config(
    {"name": "test", "instruments": [{"symbol": "T", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)


@pytest.fixture(scope="module")
def result():
    return replay(bundled(nasdaq).cut(1500), CONFIG)


def test_a_past_does_not_know_its_future(result):
    for at in (400, 777, 1100):
        cut = replay(result.bars.cut(at + 1), CONFIG)
        assert past_of(result, at) == past_of(cut, at)


def test_dates_are_those_of_the_bars(result):
    bars, days = result.bars, [str(day) for day in result.bars.dates]
    seen = 0
    for at in range(300, 1500, 29):
        past = past_of(result, at)
        if past.low is not None:
            low = days.index(past.low_on)
            assert past.low == bars.low[low]
            assert at - low == past.low_sessions
            assert bars.low[low] == bars.low[low - 5 : low + 6].min()
            rebound = result.known["rebound_percent"][at]
            assert 100 * (bars.close[at] / past.low - 1) == pytest.approx(rebound)
        for day in past.turned_back_on:
            i = days.index(day)
            assert at - 63 < i <= at
            assert bars.close[i] < result.indicators[i, SMA_50]
            seen += 1
        if past.lows_since is not None:
            begun = days.index(past.lows_since)
            sign = np.sign(result.known["higher_lows"][at])
            assert sign * (past.low - bars.low[begun]) > 0
        if past.oversold_on is not None:
            i = days.index(past.oversold_on)
            assert past.oversold_rsi <= 30.0
            assert not (result.known["rsi_14"][i + 1 : at + 1] <= 30.0).any()
    assert seen


def test_the_record_is_a_price_that_was_traded(result):
    """On a chain whose later contracts cost more, the highest price of the chain and the record are two days."""
    bars = result.bars
    n = len(bars.dates)
    # chain = price x ratio: the second contract costs two and a half times the first
    ratio = np.where(np.arange(n) < 700, 1.0, 0.4)
    rolls = Rolls(ratio, np.zeros(n), (np.arange(n) >= 700).astype(np.int64), ("A", "B"))
    chained = dataclasses.replace(bars, around=dataclasses.replace(bars.around, rolls=rolls))
    again = dataclasses.replace(result, bars=chained)
    for at in (600, 1100, 1499):
        plain, carried = past_of(result, at), past_of(again, at, rolls.unit(at))
        assert plain.record == bars.high[: at + 1].max()
        traded = bars.high[: at + 1] / ratio[: at + 1]
        assert carried.record == traded.max()
        assert carried.record_on == str(bars.dates[traded.argmax()])
    assert past_of(result, 1499).record_on != past_of(again, 1499, rolls.unit(1499)).record_on


def test_a_record_of_another_contract_says_that_rolls_were_taken_out(result):
    """In prices of today's contract nobody may ever have traded at the chain's record; before the roll the name is as it was."""
    n = len(result.bars.dates)
    ratio = np.where(np.arange(n) < 1400, 1.0, 0.4)
    rolls = Rolls(ratio, np.zeros(n), (np.arange(n) >= 1400).astype(np.int64), ("A", "B"))
    around = dataclasses.replace(result.bars.around, rolls=rolls)
    again = dataclasses.replace(result, bars=dataclasses.replace(result.bars, around=around))
    carried = 0
    for at in (1399, 1405, 1499):
        day = result.bars.dates[at]
        plain, told = book_at(result, day), book_at(again, day)
        record = (plain["kind"] == "all_time_high").to_numpy()
        before = record & (plain["formed"] < np.datetime64(result.bars.dates[1400])).to_numpy() & (at >= 1400)
        assert (told["name"].to_numpy() != plain["name"].to_numpy()).tolist() == before.tolist()
        assert all(name.endswith("(rolls taken out)") for name in told["name"][before])
        carried += before.sum()
    assert carried
