import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.fills import EXIT_REASONS, fill_signals
from engine.bars.series import BarSeries
from engine.errors import InputError
from tests.backtest.trading_twin import gappy_bars, twin_trades
from tests.shared_files import vectors_dir


def as_tuples(fills):
    return [
        (int(s), int(e), int(x), float(p), float(q), EXIT_REASONS[r])
        for s, e, x, p, q, r in zip(
            fills.signal,
            fills.entry,
            fills.exit,
            fills.entry_price,
            fills.exit_price,
            fills.reason,
            strict=True,
        )
    ]


def bars_of(open_, high, low, close, opens_real_from=0):
    days = np.datetime64("2020-01-01", "D") + np.arange(len(close))
    arrays = [np.asarray(a, dtype=float) for a in (open_, high, low, close)]
    return BarSeries("X", "x", days, *arrays, np.zeros(len(close)), np.arange(len(close)) >= opens_real_from)


@given(
    seed=st.integers(0, 10_000),
    horizon=st.integers(1, 12),
    floor_break=st.sampled_from(["close", "touch"]),
    tie=st.sampled_from(["breakdown", "continuation"]),
    real_from=st.sampled_from([0, 30, 60]),
    rate=st.sampled_from([0.05, 0.3, 1.0]),
)
@settings(max_examples=150, deadline=None)
def test_the_walk_equals_the_definition(seed, horizon, floor_break, tie, real_from, rate):
    bars = gappy_bars(60, seed, opens_real_from=real_from)
    rng = np.random.default_rng(seed)
    floor = bars.close - 0.5 * rng.integers(1, 10, 60)
    target = bars.close + 0.5 * rng.integers(1, 10, 60)
    signals = rng.random(60) < rate
    fills = fill_signals(
        bars, floor, target, signals, horizon_sessions=horizon, floor_break=floor_break, tie=tie
    )
    trades, cancelled = twin_trades(bars, floor, target, signals, horizon, floor_break, tie)
    assert as_tuples(fills) == trades
    assert fills.cancelled == cancelled
    # one position at a time, and nothing is filled before it is known
    assert np.all(fills.entry == fills.signal + 1)
    assert np.all(fills.exit - fills.signal <= horizon)
    assert np.all(fills.signal[1:] >= fills.exit[:-1])
    # no price that the market did not trade
    assert np.all(fills.exit_price <= bars.high[fills.exit])
    assert np.all(fills.exit_price >= bars.low[fills.exit])


@given(seed=st.integers(0, 10_000), extra=st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_a_longer_history_never_changes_a_finished_trade(seed, extra):
    bars = gappy_bars(120, seed)
    rng = np.random.default_rng(seed)
    floor, target = bars.close - rng.integers(1, 6, 120), bars.close + rng.integers(1, 6, 120)
    signals = rng.random(120) < 0.3
    stop = 120 - extra
    long = as_tuples(fill_signals(bars, floor, target, signals, horizon_sessions=8))
    short = as_tuples(
        fill_signals(bars.cut(stop), floor[:stop], target[:stop], signals[:stop], horizon_sessions=8)
    )
    finished = [trade for trade in short if trade[5] != "end"]
    assert long[: len(finished)] == finished


@pytest.mark.skipif(vectors_dir() is None, reason="the folder of reference vectors is absent")
def test_intrabar_touches_and_gaps_equal_vectorbts_order_simulation():
    cases = json.loads((vectors_dir() / "first_touch_ohlc.json").read_text())["cases"]
    assert len(cases) == 6
    for case in cases:
        # vectorbt enters at the close of bar 0: one bar more in front gives the signal, and the fill is at
        # the close because the open of bar 0 is declared not to be real
        arrays = [[100.0, *case[name]] for name in ("open", "high", "low", "close")]
        bars = bars_of(*arrays, opens_real_from=2)
        floor = np.full(4, 100.0 * (1 - case["sl_stop"]))
        target = np.full(4, 100.0 * (1 + case["tp_stop"]))
        fills = fill_signals(
            bars,
            floor,
            target,
            np.array([True, False, False, False]),
            horizon_sessions=9,
            floor_break="touch",
        )
        assert fills.entry.tolist() == [1]
        assert fills.entry_price.tolist() == [case["orders"][0]["price"]]
        exits = [order for order in case["orders"] if order["side"] == "sell"]
        if exits:
            assert (fills.exit[0] - 1, fills.exit_price[0]) == (exits[0]["bar"], exits[0]["price"]), case[
                "name"
            ]
        else:
            assert EXIT_REASONS[fills.reason[0]] == "end"


def test_a_close_below_the_floor_is_sold_at_the_next_open():
    bars = bars_of(
        [100, 100, 97, 94, 90], [101, 101, 98, 95, 91], [99, 98, 94, 93, 89], [100, 99, 95, 94, 90]
    )
    fills = fill_signals(
        bars, np.full(5, 96.0), np.full(5, 110.0), np.array([1, 0, 0, 0, 0], bool), horizon_sessions=4
    )
    assert as_tuples(fills) == [(0, 1, 3, 100.0, 94.0, "floor")]


def test_an_open_beyond_the_target_cancels_the_entry():
    bars = bars_of([100, 111, 111], [100, 112, 112], [100, 109, 109], [100, 110, 110])
    fills = fill_signals(
        bars, np.full(3, 90.0), np.full(3, 110.0), np.array([1, 0, 0], bool), horizon_sessions=2
    )
    assert len(fills) == 0
    assert fills.cancelled == 1


def test_a_signal_at_the_last_close_is_not_traded():
    bars = gappy_bars(20, 1)
    signals = np.zeros(20, bool)
    signals[-1] = True
    fills = fill_signals(bars, bars.close - 5, bars.close + 5, signals, horizon_sessions=5)
    assert len(fills) == fills.cancelled == 0


def test_bad_arguments_are_named():
    bars = gappy_bars(20, 1)
    good = (bars.close - 5, bars.close + 5, np.ones(20, bool))
    with pytest.raises(InputError) as error:
        fill_signals(bars, good[0][:-1], *good[1:], horizon_sessions=5)
    assert error.value.code == "backtest.bad_shape"
    with pytest.raises(InputError) as error:
        fill_signals(bars, *good, horizon_sessions=0)
    assert error.value.code == "backtest.bad_horizon"
    holed = good[0].copy()
    holed[3] = np.nan
    with pytest.raises(InputError) as error:
        fill_signals(bars, holed, *good[1:], horizon_sessions=5)
    assert error.value.code == "backtest.signal_without_setup"
    assert str(bars.dates[3]) in str(error.value)
