"""The words of a fact say what the fact says: each phrase against a quantity worked out from prices and the book."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from arch.data import nasdaq

from engine.config import parse_config
from engine.forecast.folds.rows import OFFSET_FEATURES
from engine.replay.book import standing_at
from engine.replay.families import FAMILIES, model_features
from engine.replay.replay import replay
from engine.rules.indicators import ATR
from engine.rules.pivots import confirmed_pivots
from engine.table.story.attribution import facts_of, phrase
from tests.some_bars import bundled

CONFIG = parse_config(
    {"name": "test", "instruments": [{"symbol": "T", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)
SAMPLED = range(300, 5000, 13)  # dates whose book is looked up


def _prices(bars, setup):
    """(feature, words when it is high, quantity of each session that the words claim is large)."""
    close = pd.Series(bars.close)
    returns = np.log(close).diff()
    floor, ceiling, target, target_high, retest = setup.T
    down, up = np.log(bars.close / floor), np.log(target / bars.close)
    daily = returns.rolling(20).std()
    yield "floor_distance_sigma", "a distant floor", down / daily
    yield "ceiling_distance_sigma", "a distant ceiling", np.log(ceiling / bars.close) / daily
    yield "target_distance_sigma", "a distant target", up / daily
    yield "retest_distance_sigma", "a distant retest level", np.log(bars.close / retest) / daily
    yield "target_width_atr", "a wide target zone", np.log(target_high / target)
    yield "room_ratio", "more room below than above", down - up
    yield "drawdown_atr", "a deep drawdown from the all-time high", np.maximum.accumulate(bars.high) / close
    yield "rebound_atr", "a long rebound from the swing low", close / pd.Series(bars.low).rolling(30).min()
    yield "rsi_14", "a high RSI", (returns > 0).rolling(14).mean()
    yield (
        "volatility_ratio",
        "volatility above its norm",
        daily / returns.rolling(250).std(),
    )
    for span, words in ((5, "week"), (20, "month"), (60, "quarter")):
        yield f"return_{span}_sigma", f"a strong {words}", close.pct_change(span)
    for span in (50, 200):
        mean = close.rolling(span).mean()
        yield f"distance_sma_{span}_atr", f"a close well above the {span}-day average", close / mean
        yield f"slope_sma_{span}_atr", f"a rising {span}-day average", mean.pct_change(20)
    highs, lows = confirmed_pivots(bars.high, bars.low, 5)
    for name, words, found, prices in (
        ("higher_lows", "a run of higher lows", lows, bars.low),
        ("higher_highs", "a run of higher highs", highs, bars.high),
    ):
        pivot = pd.Series(np.where(found >= 0, prices[found], np.nan))
        yield name, words, (pivot.dropna().pct_change() > 0).rolling(2).sum().reindex(close.index).ffill()


def _levels(result):
    """The same, for the levels of the setup, from the book looked up on some dates; NaN on the others."""
    bars, n = result.bars, len(result)
    measured: dict[str, np.ndarray] = {}

    def put(name, t, value):
        measured.setdefault(name, np.full(n, np.nan))[t] = value

    for t in SAMPLED:
        rows = standing_at(result, t)
        by_id = {int(row["id"]): row for row in rows}
        for edge, column in (("floor", 0), ("ceiling", 1), ("target", 2)):
            level = int(result.setup_levels[t, column])
            put(f"{edge}_projected", t, float(level < 0))
            if level >= 0:
                row = by_id[level]
                put(f"{edge}_touches", t, row["touches"])
                put(f"{edge}_age", t, t - row["origin"])
                put(f"{edge}_kinds", t, row["agreeing"])
                put(f"{edge}_reversed", t, float(row["reversals"] > 0))
                quiet = 252 + t - row["last_event"]
                put(f"{edge}_strength", t, row["touches"] / (1 + row["breaks"] + row["broken"]) / quiet)
        zones = rows[rows["column"] < 0]
        atr = result.indicators[t, ATR]
        over, under = (zones["low"] - bars.close[t]) / atr, (bars.close[t] - zones["high"]) / atr
        for reach in (1, 2, 4):
            put(f"levels_above_{reach}_atr", t, np.sum((over > 0) & (over <= reach)))
            put(f"levels_below_{reach}_atr", t, np.sum((under > 0) & (under <= reach)))
        put("strength_above", t, np.sum(zones["touches"][(over > 0) & (over <= 4)]))
        put("strength_below", t, np.sum(zones["touches"][(under > 0) & (under <= 4)]))
    events, days = result.events, result.frame["date"]
    for name, event, sign in (
        ("recent_breaks_up", "break", 1),
        ("recent_breaks_down", "break", -1),
        ("recent_bounces", "rejection", 1),
        ("recent_turn_backs", "rejection", -1),
    ):
        found = events[(events["event"] == event) & (np.sign(events["value"]) == sign)]
        daily = found.groupby("date").size().reindex(days, fill_value=0)
        measured[name] = daily.rolling(15).sum().to_numpy()
    return measured


LEVEL_WORDS = {
    "floor_strength": "a strong floor",
    "floor_touches": "a floor tested often",
    "floor_age": "an old floor",
    "floor_kinds": "a floor confirmed by several kinds of level",
    "floor_reversed": "a floor that used to be resistance",
    "floor_projected": "the lack of a level to serve as floor",
    "ceiling_strength": "a strong ceiling",
    "target_strength": "a strong target zone",
    "target_touches": "a target zone tested often",
    "target_age": "an old target zone",
    "target_kinds": "a target confirmed by several kinds of level",
    "target_reversed": "a target that used to be support",
    "target_projected": "the lack of a level in reach as target",
    **{f"levels_above_{reach}_atr": "many levels overhead" for reach in (1, 2, 4)},
    **{f"levels_below_{reach}_atr": "many levels underneath" for reach in (1, 2, 4)},
    "strength_above": "strong resistance overhead",
    "strength_below": "strong support underneath",
    "recent_breaks_up": "recent breaks upwards",
    "recent_breaks_down": "recent breaks downwards",
    "recent_bounces": "recent bounces off support",
    "recent_turn_backs": "recent failures at resistance",
}


@pytest.fixture(scope="module")
def claims():
    result = replay(bundled(nasdaq), CONFIG)
    found = {name: (words, pd.Series(np.asarray(x))) for name, words, x in _prices(result.bars, result.setup)}
    measured = _levels(result)
    found |= {name: (words, pd.Series(measured[name])) for name, words in LEVEL_WORDS.items()}
    return result.frame, found


@pytest.mark.parametrize("name", model_features())
def test_the_words_mean_what_the_feature_measures(claims, name):
    frame, found = claims
    words, quantity = found[name]
    assert phrase(name, above=True) == words
    assert frame[name].corr(quantity, method="spearman") > 0.3


def test_no_fact_is_without_words():
    names = (*model_features(), *OFFSET_FEATURES)
    assert [name for name in names if phrase(name, True) == f"high {name.replace('_', ' ')}"] == []
    # a family that wants more than bars is left out where there is no more
    phrases = [fact for family in FAMILIES if family.wants is None for fact in family.phrases]
    assert (
        len(phrases) == len(set(phrases)) == len(model_features()) - 4
    )  # six counts of levels are two facts


def test_of_a_projected_edge_only_the_lack_of_a_level_is_told():
    names = ("floor_age", "floor_strength", "floor_projected", "target_age", "target_projected")
    z = np.array([-1.5, -2.0, 3.0, -1.0, -0.3])  # no floor; the target is a young level
    told = facts_of(names, z, np.array([-0.10, 0.02, 0.15, 0.03, 0.0]))
    assert [(phrase(share.fact, share.above), round(share.points, 6)) for share in told[:2]] == [
        ("the lack of a level to serve as floor", 0.07),
        ("a young target zone", 0.03),
    ]


def test_counts_of_levels_within_several_distances_are_one_fact():
    names = ("levels_above_1_atr", "levels_above_2_atr", "levels_above_4_atr", "rsi_14")
    z, effects = np.array([2.0, 2.0, 1.0, 1.0]), np.array([0.10, -0.14, 0.01, 0.02])
    told = facts_of(names, z, effects)
    assert [phrase(share.fact, share.above) for share in told] == ["many levels overhead", "a high RSI"]
    assert told[0].points == pytest.approx(-0.03)
