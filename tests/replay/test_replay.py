"""The replay never rewrites: history cut at a date, or extended bar by bar, gives the same bits."""

from __future__ import annotations

import dataclasses
import doctest

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq, sp500
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.errors import InputError
from engine.replay import replay as replay_module
from engine.replay.families import FAMILIES, FeatureFamily, model_features
from engine.replay.features import LEVEL_FEATURES
from engine.replay.replay import REPLAY_COLUMNS, replay
from engine.replay.walk import SNAPSHOT_BARS
from engine.rules.indicators import ATR
from engine.rules.kinds import KINDS
from engine.table.story.attribution import phrase
from engine.verify.audit.audit import audit
from tests.some_bars import bundled, nasty_bars, series_of

CONFIG = parse_config(
    {"name": "test", "instruments": [{"symbol": "T", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)
ARRAYS = ("indicators", "momentum", "features", "setup", "setup_levels", "reading", "more")


def assert_same_bits(a, b, n):
    """The first n rows of every array, and every level and event up to bar n - 1, are identical in every bit."""
    for name in ARRAYS:
        x, y = getattr(a, name)[:n], getattr(b, name)[:n]
        assert x.tobytes() == y.tobytes(), (
            f"{name} differs at rows {np.flatnonzero((x != y).any(axis=1))[:3]}"
        )
    for name, bar in (("table", "confirmed"), ("log", "bar")):
        x, y = getattr(a, name), getattr(b, name)
        assert x[x[bar] < n].tobytes() == y[y[bar] < n].tobytes(), name


def assert_setup_in_order(result):
    floor, ceiling, low, high, retest = result.setup.T
    close = result.bars.close
    defined = ~np.isnan(floor)
    assert (np.isnan(result.setup).any(axis=1) == ~defined).all()
    ordered = (retest < floor) & (floor < close) & (close < ceiling) & (ceiling <= low) & (low <= high)
    assert ordered[defined].all()
    assert (retest[defined] > 0).all()
    assert (result.setup_levels[~defined] == -2).all()
    assert (result.setup_levels[defined] >= -1).all()
    assert (result.setup_levels < len(result.table)).all()
    assert (np.isnan(result.features).any(axis=1) == ~defined).all()
    assert np.isfinite(result.features[defined]).all()


@pytest.mark.parametrize("module", [nasdaq, sp500])
def test_history_cut_at_any_date_gives_the_same_bits(module):
    bars = bundled(module)
    whole = replay(bars, CONFIG)
    assert_setup_in_order(whole)
    for n in np.random.default_rng(11).integers(1, len(bars), 25):
        cut = replay(bars.cut(int(n)), CONFIG)
        assert_same_bits(whole, cut, int(n))
        assert (cut.log["bar"] < n).all()
        assert (cut.table["confirmed"] < n).all()


def test_the_future_does_not_matter():
    bars = bundled(nasdaq).cut(1200)
    whole = replay(bars, CONFIG)
    for n in (300, 777, 1100):
        noise = np.exp(np.random.default_rng(n).normal(0, 0.05, 1200))
        noise[:n] = 1.0
        other = dataclasses.replace(
            bars, **{name: getattr(bars, name) * noise for name in ("open", "high", "low", "close", "volume")}
        )
        assert_same_bits(whole, replay(other, CONFIG), n)


@pytest.mark.parametrize("steps", [[1] * 60, [7, 1, 300, 2, 13], [600]])
def test_appending_equals_a_full_replay(steps):
    bars = bundled(nasdaq).cut(600 + sum(steps))
    result = replay(bars.cut(600), CONFIG)
    n = 600
    for step in steps:
        n += step
        result = result.append(bars.cut(n))
    full = replay(bars, CONFIG)
    assert_same_bits(result, full, n)
    for name in ("table", "log", "snapshots", "snapshot_counters"):
        assert getattr(result, name).tobytes() == getattr(full, name).tobytes()
    for name in type(full.state).__slots__:
        if name != "rows":  # rows beyond those in use are left over
            assert getattr(result.state, name).tobytes() == getattr(full.state, name).tobytes()
    pd.testing.assert_frame_equal(result.frame, full.frame)


def test_appending_from_the_first_bar_on():
    bars = simulate_bars(SNAPSHOT_BARS + 30, seed=2)
    result = replay(bars.cut(1), CONFIG)
    for n in range(2, len(bars) + 1):
        result = result.append(bars.cut(n))
    full = replay(bars, CONFIG)
    assert_same_bits(result, full, len(bars))
    assert result.snapshots.tobytes() == full.snapshots.tobytes()


def test_appending_leaves_the_earlier_replay_as_it_was():
    bars = simulate_bars(400, seed=6)
    before = replay(bars.cut(300), CONFIG)
    again = replay(bars.cut(300), CONFIG)
    one, two = before.append(bars), before.append(bars)
    assert_same_bits(before, again, 300)
    assert_same_bits(one, two, 400)
    assert len(before) == 300


def test_appending_refuses_bars_that_changed_the_past():
    bars = simulate_bars(100, seed=1)
    result = replay(bars, CONFIG)
    other = bars.close.copy()
    other[50] *= 1.0001
    for wrong in (bars.cut(99), dataclasses.replace(bars, close=other)):
        with pytest.raises(InputError, match="first 100 bars") as error:
            result.append(wrong)
        assert error.value.code == "replay.not_an_extension"


@settings(max_examples=60, deadline=None)
@given(nasty_bars(), st.integers(0, 10_000))
def test_nasty_bars_replay_cut_and_append(bars, at):
    whole = replay(bars, CONFIG)
    assert_setup_in_order(whole)
    n = 1 + at % len(bars)
    cut = replay(bars.cut(n), CONFIG)
    assert_same_bits(whole, cut, n)
    assert_same_bits(whole, cut.append(bars), len(bars))
    assert len(whole.frame) == len(bars)


@pytest.mark.parametrize(
    "bars",
    [
        series_of(np.full(400, 50.0)),
        series_of(np.full(1, 50.0)),
        series_of(100 + np.arange(10.0)),
        series_of(1e-6 * 1.001 ** np.arange(400.0)),
        series_of(1e9 / 1.001 ** np.arange(400.0)),
        series_of(np.where(np.arange(400) < 200, 1e-6, 1e9), spread=0.01),
        series_of(np.tile([1.0, 2.0], 200)),
    ],
    ids=["all equal", "one bar", "ten bars", "rising from 1e-6", "falling from 1e9", "one huge gap", "saw"],
)
def test_degenerate_series_give_rows_and_no_setup_out_of_order(bars):
    result = replay(bars, CONFIG)
    assert_setup_in_order(result)
    assert len(result.frame) == len(bars)
    assert len(result.events) == len(result.log)


def test_prices_that_do_not_move_have_no_setup():
    result = replay(series_of(np.full(400, 50.0)), CONFIG)
    assert np.isnan(result.setup).all()
    assert (result.setup_levels == -2).all()
    assert {KINDS[kind].name for kind in result.table["kind"]} == {"moving_average_50", "moving_average_200"}


def test_scale_does_not_matter():
    """Prices times a power of two: every dimensionless column keeps its bits."""
    bars = simulate_bars(700, seed=8)
    scaled = dataclasses.replace(
        bars, **{name: getattr(bars, name) * 2.0**20 for name in ("open", "high", "low", "close")}
    )
    a, b = replay(bars, CONFIG), replay(scaled, CONFIG)
    assert a.features.tobytes() == b.features.tobytes()
    assert (a.setup * 2.0**20).tobytes() == b.setup.tobytes()
    assert a.log.tobytes() == b.log.tobytes()


def test_frame_has_the_columns_of_the_contract():
    result = replay(bundled(nasdaq).cut(400), CONFIG)
    frame = result.frame
    assert tuple(frame.columns) == REPLAY_COLUMNS
    assert len(set(REPLAY_COLUMNS)) == len(REPLAY_COLUMNS)
    assert frame["date"].dtype == "datetime64[us]"
    assert frame["floor_level_id"].dtype == np.int64
    assert set(LEVEL_FEATURES) <= set(REPLAY_COLUMNS)
    assert set(model_features()) <= set(REPLAY_COLUMNS)
    assert (frame["instrument"] == "BUNDLED").all()
    assert not frame.loc[260:, list(model_features())].isna().any().any()
    levels, events = result.levels, result.events
    assert list(levels.columns[:7]) == [
        "instrument",
        "level_id",
        "kind",
        "low",
        "high",
        "formed",
        "confirmed",
    ]
    assert list(events.columns[:4]) == ["instrument", "level_id", "date", "event"]
    assert levels["level_id"].tolist() == list(range(len(levels)))
    assert (levels["formed"] <= levels["confirmed"]).all()


def test_the_example_of_the_documentation():
    assert doctest.testmod(replay_module).failed == 0


def test_the_same_bars_give_the_same_bits_twice():
    bars = simulate_bars(500, seed=12)
    assert_same_bits(replay(bars, CONFIG), replay(bars, CONFIG), 500)


def test_levels_are_real_and_scenarios_balanced_by_default():
    """Floor and target are levels, not projections, on at least 70 % of the dates of the default data."""
    result = replay(bundled(nasdaq), CONFIG)
    defined = result.setup_levels[result.setup_levels[:, 0] != -2]
    share = (defined >= 0).mean(axis=0)
    assert share[0] >= 0.70
    assert share[2] >= 0.70


def test_every_threshold_of_the_config_reaches_the_kernels():
    """A setting that changes nothing is a setting that is not read."""
    bars = bundled(nasdaq).cut(900)
    base = replay(bars, CONFIG)
    changes = {
        "rules.pivot_bars": 3,
        "rules.zone_width_atr": 0.4,
        "rules.merge_distance_atr": 0.0,
        "rules.max_zone_atr": 0.9,
        "rules.all_time_high_width_atr": 0.9,
        "rules.range_sessions": 60,
        "rules.range_confirm_sessions": 4,
        "rules.impulse_atr": 2.0,
        "rules.impulse_sessions": 5,
        "rules.base_sessions": 2,
        "rules.base_height_atr": 2.0,
        "rules.shelf_sessions": 40,
        "rules.shelf_width_atr": 1.2,
        "rules.shelf_min_touches": 4,
        "rules.shelf_pivot_bars": 1,
        "rules.shelf_separation_sessions": 6,
        "rules.touch_tolerance_atr": 0.3,
        "rules.rejection_atr": 0.5,
        "rules.visit_sessions": 4,
        "rules.break_margin_atr": 0.5,
        "rules.max_breaks": 2,
        "rules.broken_level_sessions": 30,
        "rules.max_level_age_sessions": 60,
        "setup.min_target_atr": 2.0,
        "setup.min_floor_atr": 2.0,
        "setup.min_ceiling_atr": 1.0,
        "setup.min_retest_atr": 1.5,
        "setup.max_atr": 3.0,
        "setup.strong_strength": 0.05,
        "setup.target_projection_atr": 3.5,
        "setup.floor_projection_atr": 3.5,
        "setup.ceiling_projection_atr": 0.6,
        "setup.retest_projection_atr": 2.0,
    }
    for key, value in changes.items():
        other = replay(bars, with_overrides(CONFIG, {key: value}))
        assert other.features.tobytes() != base.features.tobytes(), f"{key} changes nothing"


def _jump(known, start, stop, out):
    """Open against the close before, in ATR: a column that no pass of the replay knows of."""
    close = known.bars.close
    for i in range(max(start, 1), stop):
        out[i, 0] = (known.bars.open[i] - close[i - 1]) / known.indicators[i, ATR]
    if start == 0 < stop:
        out[0, 0] = np.nan


TOY = FeatureFamily("jump", ("jump_atr",), ("jump_atr",), {"jump_atr": ("a jump", "a drop")}, fill=_jump)


def test_a_new_feature_family_is_one_value_in_the_registry():
    bars = bundled(nasdaq).cut(900)
    with FAMILIES.having(TOY):
        assert model_features()[-1] == "jump_atr"
        assert phrase("jump_atr", above=True) == "a jump"
        whole = replay(bars, CONFIG)
        appended = replay(bars.cut(700), CONFIG).append(bars)
        assert audit(bars, CONFIG, 20).rewritten == ()
        found = whole.frame["jump_atr"]
        assert found[300:].notna().all()
        pd.testing.assert_frame_equal(whole.frame, appended.frame)
    assert "jump_atr" not in replay(bars.cut(300), CONFIG).frame


def test_a_feature_family_that_looks_ahead_is_found():
    def tomorrow(known, start, stop, out):
        out[start:stop, 0] = np.append(known.bars.close[start + 1 : stop], np.nan)

    peeking = FeatureFamily("tomorrow", ("tomorrow",), ("tomorrow",), {}, fill=tomorrow)
    with FAMILIES.having(peeking):
        assert "tomorrow" in {
            found.column for found in audit(bundled(nasdaq).cut(500), CONFIG, 5).differences
        }
