"""Outcomes against a plain brute force of the definition, outside answers and invariants."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq, sp500
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bars.series import BarSeries
from engine.bars.simulate import simulate_bars
from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.outcomes.outcomes import label
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE, UNRESOLVED
from tests.shared_files import vectors_dir
from tests.some_bars import bundled

ALL_RULES = [
    OutcomeConfig(),
    OutcomeConfig(floor_break="touch"),
    OutcomeConfig(floor_break="touch", tie="continuation"),
    OutcomeConfig(rule="band"),
    OutcomeConfig(rule="terminal"),
]
ARRAYS = (
    "codes",
    "resolved_at",
    "ambiguous",
    "target_touched",
    "retest_touched",
    "event_session",
    "event_code",
)


def series(open_, high, low, close, opens_real_from=0):
    n = len(close)
    arrays = [np.asarray(a, dtype=float) for a in (open_, high, low, close)]
    dates = np.datetime64("2020-01-01", "D") + np.arange(n)
    return BarSeries("TEST", "test", dates, *arrays, np.zeros(n), np.arange(n) >= opens_real_from)


def some_setup(close, seed=0):
    """Levels at random distances of the size that occurs, every 17th row undefined."""
    rng = np.random.default_rng(seed)
    n = len(close)
    down = rng.uniform(0.005, 0.05, n)
    up = rng.uniform(0.003, 0.03, n)
    further = rng.uniform(0.0, 0.03, n)
    factors = [1 - down, 1 + up, 1 + up + further, 1 + up + further + 0.005, 1 - down - 0.02]
    setup = close[:, None] * np.column_stack(factors)
    setup[::17] = np.nan
    return setup


def brute_force(bars, setup, horizons, config):
    """The definition, one date and one bar at a time."""
    n = len(bars)
    out = {name: [] for name in ARRAYS}
    longest = horizons[-1]
    for t in range(n):
        floor, ceiling, target, _, retest = setup[t]
        rows = {name: [] for name in ARRAYS}
        for h in horizons:
            if t + h >= n or any(np.isnan(setup[t])):
                for name in ("codes", "resolved_at", "target_touched", "retest_touched"):
                    rows[name].append(-1)
                rows["ambiguous"].append(False)
                continue
            code, at, unclear = RANGE, t + h, False
            for i in range(t + 1, t + h + 1):
                if config.rule == "terminal":
                    break
                if config.rule == "band":
                    up, down = bars.close[i] > ceiling, bars.close[i] < floor
                elif config.floor_break == "close":
                    up = bars.high[i] >= target
                    down = not up and bars.close[i] < floor
                else:
                    up, down = bars.high[i] >= target, bars.low[i] <= floor
                    if up and down:
                        real = bars.opens_traded[i]
                        if real and bars.open[i] <= floor:
                            up = False
                        elif real and bars.open[i] >= target:
                            down = False
                        else:
                            unclear = True
                            up = config.tie == "continuation"
                if up or down:
                    code, at = (CONTINUATION if up else BREAKDOWN), i
                    break
            if config.rule == "terminal":
                last = bars.close[t + h]
                code = BREAKDOWN if last < floor else CONTINUATION if last > ceiling else RANGE
            rows["codes"].append(code)
            rows["resolved_at"].append(at)
            rows["ambiguous"].append(unclear)
            rows["target_touched"].append(int(max(bars.high[t + 1 : t + h + 1]) >= target))
            rows["retest_touched"].append(int(min(bars.low[t + 1 : t + h + 1]) <= retest))
        for name in ARRAYS[:5]:
            out[name].append(rows[name])
        resolved = rows["codes"][-1] != UNRESOLVED
        event = resolved and config.rule != "terminal" and rows["codes"][-1] != RANGE
        out["event_session"].append(rows["resolved_at"][-1] - t if event else 0 if resolved else -1)
        out["event_code"].append(rows["codes"][-1] if event else -1)
        assert longest == horizons[-1]
    return out


def assert_same(outcomes, expected):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(outcomes, name), np.array(expected[name]), err_msg=name)


@pytest.mark.parametrize("module", [nasdaq, sp500], ids=["nasdaq", "sp500"])
@pytest.mark.parametrize("config", ALL_RULES, ids=lambda c: f"{c.rule}-{c.floor_break}-{c.tie}")
def test_equals_brute_force_on_all_bundled_bars(module, config):
    bars = bundled(module)
    bars = dataclasses.replace(bars, opens_traded=np.arange(len(bars)) % 7 > 2)
    setup = some_setup(bars.close)
    outcomes = label(bars, setup, [10, 15], config)
    assert_same(outcomes, brute_force(bars, setup, [10, 15], config))
    assert {BREAKDOWN, RANGE, CONTINUATION} == set(outcomes.codes[outcomes.codes >= 0])


def test_close_only_first_touch_of_an_independent_program():
    if vectors_dir() is None:
        pytest.skip("reference vectors are not on this machine")
    reference = json.loads((vectors_dir() / "first_touch_close.json").read_text())
    for case in reference["cases"]:
        window = case["window"]
        for name, close in reference["close"].items():
            close = np.array(close, dtype=float)
            bars = series(close, close, close, close)
            target = close * (1 + case["pos_th"][name])
            floor = close * (1 - case["neg_th"][name])
            setup = np.column_stack([floor, target, target, target, floor / 2])
            codes = label(bars, setup, [window], OutcomeConfig(floor_break="touch")).codes[:, 0]
            np.testing.assert_array_equal(codes[:-window] - 1, case["expected"][name][:-window])
            assert (codes[-window:] == UNRESOLVED).all()  # the other program returns 0 here


def test_intrabar_first_touch_of_an_independent_order_simulation():
    if vectors_dir() is None:
        pytest.skip("reference vectors are not on this machine")
    reference = json.loads((vectors_dir() / "first_touch_ohlc.json").read_text())
    for case in reference["cases"]:
        bars = series(case["open"], case["high"], case["low"], case["close"])
        floor, target = 100 * (1 - case["sl_stop"]), 100 * (1 + case["tp_stop"])
        setup = np.full((3, 5), np.nan)
        setup[0] = floor, target, target, target, floor - 5
        outcomes = label(bars, setup, [1, 2], OutcomeConfig(floor_break="touch"))
        exits = [order for order in case["orders"] if order["side"] == "sell"]
        if exits:
            expected = BREAKDOWN if exits[0]["price"] <= floor else CONTINUATION
            assert outcomes.codes[0].tolist() == [expected, expected], case["name"]
            assert outcomes.resolved_at[0].tolist() == [exits[0]["bar"]] * 2
        else:
            assert outcomes.codes[0].tolist() == [RANGE, RANGE]
        assert outcomes.ambiguous[0, 0] == (case["name"] == "both_barriers_same_bar_SL_first")


def test_an_early_hit_stays_unresolved_until_the_full_horizon_has_passed():
    close = np.array([100.0, 120.0, 100.0, 100.0])
    bars = series(close, close, close, close)
    setup = np.tile([95.0, 105.0, 110.0, 111.0, 90.0], (4, 1))
    outcomes = label(bars, setup, [3, 4], OutcomeConfig())
    assert outcomes.codes[0].tolist() == [CONTINUATION, UNRESOLVED]
    assert outcomes.target_touched[0].tolist() == [1, -1]
    assert (outcomes.codes[1:] == UNRESOLVED).all()
    assert outcomes.event_session.tolist() == [-1] * 4


def test_frame_has_the_columns_of_the_contract():
    close = np.array([100.0, 120.0, 100.0, 80.0, 80.0])
    bars = series(close, close, close, close)
    setup = np.tile([95.0, 105.0, 110.0, 111.0, 90.0], (5, 1))
    setup[2] = np.nan
    frame = label(bars, setup, [1, 2], OutcomeConfig()).frame()
    assert list(frame.columns) == [
        "instrument",
        "date",
        "horizon_sessions",
        "outcome",
        "resolved_on",
        "ambiguous",
        "target_touched",
        "retest_touched",
    ]
    first, second = frame.iloc[0], frame.iloc[3]
    assert (first.outcome, first.resolved_on) == ("continuation", pd.Timestamp("2020-01-02"))
    assert second.date == pd.Timestamp("2020-01-02")
    assert (second.horizon_sessions, second.outcome) == (2, "breakdown")
    assert second.resolved_on == pd.Timestamp("2020-01-04")
    assert bool(second.retest_touched) is True
    unresolved = frame[frame.outcome.isna()]
    assert unresolved.date.dt.day.tolist() == [3, 3, 4, 5, 5]
    assert unresolved.drop(columns=["instrument", "date", "horizon_sessions"]).isna().all(axis=None)


@pytest.mark.parametrize(
    ("setup", "horizons", "code"),
    [
        (np.full((9, 5), np.nan), [5], "outcomes.bad_shape"),
        (np.full((10, 5), np.nan), [], "outcomes.bad_horizons"),
        (np.full((10, 5), np.nan), [0, 5], "outcomes.bad_horizons"),
        (np.full((10, 5), np.nan), [5, 5], "outcomes.bad_horizons"),
        (np.full((10, 5), np.nan), [1.5], "outcomes.bad_horizons"),
        (np.tile([95.0, 105.0, 104.0, 111.0, 90.0], (10, 1)), [5], "outcomes.bad_setup"),
    ],
)
def test_refuses_what_has_no_answer(setup, horizons, code):
    with pytest.raises(InputError) as caught:
        label(simulate_bars(10), setup, horizons, OutcomeConfig())
    assert caught.value.code == code


def test_short_and_empty_histories():
    for n in (0, 1, 5):
        setup = np.full((n, 5), 1.0) * [95, 105, 110, 111, 90]
        outcomes = label(simulate_bars(5).cut(n), setup, [3, 15], OutcomeConfig())
        assert (outcomes.codes[:, 1] == UNRESOLVED).all()
        assert len(outcomes.frame()) == 2 * n


@st.composite
def coarse_bars(draw):
    """Bars on a grid of whole prices, so that ties, gaps and exact touches are common."""
    n = draw(st.integers(1, 40))
    cells = draw(
        st.lists(st.tuples(*[st.integers(90, 110)] * 4), min_size=n, max_size=n).map(
            lambda c: np.array(c, float)
        )
    )
    return series(cells[:, 0], cells.max(axis=1), cells.min(axis=1), cells[:, 3], draw(st.integers(0, n)))


@settings(max_examples=60, deadline=None)
@given(
    coarse_bars(), st.sampled_from(ALL_RULES), st.sets(st.integers(1, 12), min_size=1, max_size=3), st.data()
)
def test_invariants(bars, config, horizons, data):
    horizons = sorted(horizons)
    setup = np.tile([96.0, 103.0, 105.0, 106.0, 93.0], (len(bars), 1))
    outcomes = label(bars, setup, horizons, config)
    assert_same(outcomes, brute_force(bars, setup, horizons, config))

    # appending bars never changes an outcome that was resolved, and resolves nothing before its time
    stop = data.draw(st.integers(0, len(bars)))
    before = label(bars.cut(stop), setup[:stop], horizons, config)
    known = before.codes != UNRESOLVED
    for name in ARRAYS[:5]:
        np.testing.assert_array_equal(getattr(before, name)[known], getattr(outcomes, name)[:stop][known])
    due = np.arange(stop)[:, None] + np.array(horizons) < stop
    np.testing.assert_array_equal(known, due)

    # one scenario per row, and once an event has happened a longer horizon keeps it
    codes = outcomes.codes
    assert set(np.unique(codes)) <= {UNRESOLVED, BREAKDOWN, RANGE, CONTINUATION}
    if config.rule != "terminal":
        for shorter, longer in zip(codes.T[:-1], codes.T[1:], strict=True):
            kept = (longer != UNRESOLVED) & (shorter != RANGE)
            np.testing.assert_array_equal(shorter[kept], longer[kept])
    if config.rule == "target":
        assert (outcomes.target_touched[codes == CONTINUATION] == 1).all()
        assert not outcomes.ambiguous.any() or config.floor_break == "touch"
    for touched in (outcomes.target_touched, outcomes.retest_touched):
        assert (np.diff(touched, axis=1)[codes[:, 1:] != UNRESOLVED] >= 0).all()

    # a price in other units is the same price
    prices = [getattr(bars, c) * 1024 for c in ("open", "high", "low", "close")]
    scaled = dataclasses.replace(series(*prices), opens_traded=bars.opens_traded)
    np.testing.assert_array_equal(label(scaled, setup * 1024, horizons, config).codes, codes)
