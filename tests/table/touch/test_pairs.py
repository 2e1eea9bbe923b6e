from __future__ import annotations

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import parse_config
from engine.replay.replay import replay
from engine.table.touch.pairs import PAIR_FEATURES, level_pairs

CONFIG = parse_config(
    {"name": "test", "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "sp500"}}]}
)


@pytest.fixture(scope="module")
def replayed():
    return replay(simulate_bars(900, seed=3, volatility_persistence=0.95), CONFIG)


def test_the_book_of_the_last_close_is_the_one_the_replay_kept(replayed):
    pairs = level_pairs(replayed)
    at = slice(pairs.pointer[-2], pairs.pointer[-1])
    rows = replayed.state.rows[: replayed.state.counters[0]]
    ours = np.argsort(pairs.level_id[at])
    theirs = np.argsort(rows["id"])
    assert np.array_equal(pairs.level_id[at][ours], rows["id"][theirs])
    column = dict(zip(PAIR_FEATURES, pairs.features[at][ours].T, strict=True))
    for name in ("touches", "rejections", "breaks"):
        assert np.allclose(np.expm1(column[f"{name}_log"]), rows[name][theirs], atol=1e-4)
    assert np.array_equal(column["broken"], rows["broken"][theirs])
    assert np.allclose(np.expm1(column["quiet_sessions_log"]), 899 - rows["last_event"][theirs], rtol=1e-4)


def test_levels_are_alive_from_confirmation_to_retirement(replayed):
    pairs = level_pairs(replayed)
    dates = replayed.bars.dates.astype("datetime64[us]")
    levels, events = replayed.levels, replayed.events
    retired = events[events["event"].str.startswith("retired")].set_index("level_id")["date"]
    for t in (250, 500, 777):
        confirmed = levels.loc[levels["confirmed"].to_numpy() <= dates[t], "level_id"]
        gone = set(retired[retired.to_numpy() <= dates[t]].index)
        expected = sorted(set(confirmed) - gone)
        assert sorted(pairs.level_id[pairs.pointer[t] : pairs.pointer[t + 1]]) == expected


def test_price_is_the_nearest_edge_and_missing_inside_a_zone(replayed):
    pairs = level_pairs(replayed)
    close = np.repeat(replayed.bars.close, np.diff(pairs.pointer))
    zone = ~np.isnan(replayed.levels["low"].to_numpy())[pairs.level_id]
    low = replayed.levels["low"].to_numpy()[pairs.level_id]
    high = replayed.levels["high"].to_numpy()[pairs.level_id]
    expected = np.where(low > close, low, np.where(high < close, high, np.nan))
    assert np.array_equal(pairs.prices[zone], expected[zone], equal_nan=True)
    assert np.isnan(pairs.prices).any()


def test_a_longer_history_leaves_earlier_pairs_as_they_were(replayed):
    short = level_pairs(replay(replayed.bars.cut(700), CONFIG))
    whole = level_pairs(replayed)
    used = short.pointer[-1]
    assert np.array_equal(short.pointer, whole.pointer[:701])
    for name in ("level_id", "prices", "distance", "features"):
        assert np.array_equal(getattr(short, name), getattr(whole, name)[:used], equal_nan=True)
