"""What plugins add is replayed, forecast and audited like the engine's own, and leaves nothing behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import guests_of, with_overrides
from engine.errors import CheckFailed, ConfigError
from engine.forecast.baselines import BASELINES
from engine.forecast.inputs import forecast_input
from engine.forecast.walk_forward import walk_forward
from engine.guests import present
from engine.replay.families import FAMILIES
from engine.replay.replay import replay
from engine.rules.kinds import KINDS
from engine.stages import Stages
from engine.verify.audit.audit import audit
from tests.conftest import small_config
from tests.plugins.files import (
    BASELINE,
    KIND,
    MODEL,
    SETUP,
    plugin_file,
    real_bars,
    the_example,
    with_plugins,
)

BARS = simulate_bars(1100, seed=3, volatility_persistence=0.97)


def fields(replayed):
    return [
        replayed.setup,
        replayed.setup_levels,
        replayed.setup_changes,
        replayed.features,
        replayed.reading,
    ]


def same(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(fields(one), fields(other), strict=True))


def test_the_example_is_replayed_and_forecast(tmp_path):
    config = with_plugins(the_example(tmp_path))
    bars = real_bars(1600)
    found = replay(bars, config)
    born = found.levels[found.levels["kind"] == "round_number"]
    # the Nasdaq went through 2,000, 3,000, 4,000 and 5,000 in these years; by hand from the closes
    middle = (born["low"] + born["high"]) / 2
    alone = born[born["kinds"] == 1]
    assert set(np.round(middle[alone.index], 6)) <= {1000.0, 2000.0, 3000.0, 4000.0, 5000.0}
    assert len(alone) > 5
    rsi = found.frame["rsi_14"].to_numpy()
    assert np.allclose(found.frame["rsi_change"][30:], (rsi[30:] - rsi[20:-10]) / 10.0, equal_nan=True)
    said = walk_forward([forecast_input(found)], config)
    assert said.features[-1] == "rsi_change"
    came = said.frame[(said.frame["horizon_sessions"] == 10)].set_index("date")
    # of the 252 dates up to ten sessions before, counted one by one
    codes = found.bars.dates.astype("datetime64[us]")
    at = int(np.searchsorted(codes, np.datetime64(came.index[200])))
    outcomes = forecast_input(found).outcomes.codes[:, 0]
    seen = outcomes[at - 10 - 251 : at - 10 + 1]
    third = 25.2 / 3
    expected = (np.sum(seen == 2) + third) / (np.sum(seen >= 0) + 25.2)
    assert came["last_year_continuation"].iloc[200] == pytest.approx(expected, abs=1e-12)


def test_a_config_with_a_plugin_leaves_the_next_one_as_it_was(tmp_path):
    own, plain = with_plugins(the_example(tmp_path)), small_config()
    before = replay(BARS, plain)
    kinds, families = KINDS.names, FAMILIES.names
    other = replay(BARS, own)
    assert len(other.table) != len(before.table)
    assert same(replay(BARS, plain), before)
    assert (KINDS.names, FAMILIES.names) == (kinds, families)
    assert "last_year" not in BASELINES
    # inside the one, the other is still itself
    with present(guests_of(own)):
        assert "round_number" in KINDS
        assert same(replay(BARS, plain), before)
    with pytest.raises(RuntimeError), present(guests_of(own)):
        raise RuntimeError
    assert KINDS.names == kinds


def test_two_threads_may_work_on_two_configs(tmp_path):
    own = with_plugins(plugin_file(tmp_path, KIND))
    inside, looked = threading.Event(), threading.Event()

    def work():
        with present(guests_of(own)):
            inside.set()
            looked.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(10)
    assert "every_fifty" not in KINDS
    looked.set()
    thread.join()


def test_a_replay_that_is_continued_is_that_of_the_whole(tmp_path):
    config = with_plugins(
        the_example(tmp_path), plugin_file(tmp_path, SETUP, "wide.py"), setup={"rule": "wide"}
    )
    whole = replay(BARS, config)
    grown = replay(BARS.cut(700), config).append(BARS)
    assert same(grown, whole)
    assert np.array_equal(grown.more, whole.more, equal_nan=True)
    assert grown.levels.equals(whole.levels)


def test_a_setup_rule_that_keeps_the_engines_own_changes_nothing(tmp_path):
    path = plugin_file(tmp_path, 'PLUGIN = Plugin(setup_rules=(SetupRule("same", lambda seen: seen.own),))\n')
    whole, plain = replay(BARS, with_plugins(path, setup={"rule": "same"})), replay(BARS, small_config())
    assert same(whole, plain)


def test_a_setup_rule_states_another_question_with_features_of_its_own_prices(tmp_path):
    wide, plain = (
        replay(BARS, config)
        for config in (with_plugins(plugin_file(tmp_path, SETUP), setup={"rule": "wide"}), small_config())
    )
    asked = ~np.isnan(plain.setup).any(axis=1)
    moved = asked & (wide.setup[:, 0] != plain.setup[:, 0])
    assert 50 < moved.sum() < asked.sum()
    close, atr = BARS.close, wide.known["atr_14"]
    assert np.allclose(wide.setup[moved, 0], (close - 2.0 * atr)[moved])
    known = wide.known
    assert np.allclose(known["floor_distance_atr"][moved], 2.0)
    assert (known["floor_projected"][moved] == 1).all()
    assert (known["floor_strength"][moved] == 0).all()
    assert np.allclose(
        known["floor_distance_sigma"][asked], np.log(close / wide.setup[:, 0])[asked] / known["sigma"][asked]
    )
    room = known["floor_distance_sigma"] / (known["floor_distance_sigma"] + known["target_distance_sigma"])
    assert np.allclose(known["room_ratio"][asked], room[asked])
    assert (wide.setup_levels[moved, 0] == -1).all()
    still = asked & ~moved & (wide.setup[:, 4] == plain.setup[:, 4])
    assert np.array_equal(wide.features[still], plain.features[still])


def test_a_model_of_a_plugin_may_be_chosen_and_challenged(tmp_path):
    path = plugin_file(tmp_path, MODEL)
    config = with_plugins(path, forecast={"model": "bolder", "models": ["width"], "paths": 100})
    entry = forecast_input(replay(real_bars(1700), config))
    frame = walk_forward([entry], config).frame
    opponent = frame.filter(like="filtered_history").max(axis=1)
    assert frame[["raw_continuation", "raw_range", "raw_breakdown"]].max(axis=1).mean() > opponent.mean()
    assert (
        with_overrides(config, {"forecast.model": "width", "forecast.models": ["bolder"]}).plugins
        == config.plugins
    )
    with pytest.raises(ConfigError, match=r"forecast\.model"):
        small_config(forecast={"model": "bolder"})


def test_the_stages_of_a_search_are_of_one_version_of_a_plugin(tmp_path):
    path = plugin_file(tmp_path, KIND)
    first = with_plugins(path)
    path.write_text(path.read_text().replace("% 50", "% 40"))
    second = with_plugins(path)
    stages = Stages({"IXIC": BARS})
    assert len(stages.replays(first)["IXIC"].table) != len(stages.replays(second)["IXIC"].table)
    assert len({stages.forecast_key(one) for one in (first, second, small_config())}) == 3


def test_the_example_passes_the_audit(tmp_path):
    config = with_plugins(
        the_example(tmp_path), plugin_file(tmp_path, SETUP, "wide.py"), setup={"rule": "wide"}
    )
    found = audit(BARS, config, dates=6)
    assert found.passed, str(found)
    assert found.columns == audit(BARS, small_config(), dates=1).columns + 1 + 6


# each sees the future in its own way, and each is found by name and date
AHEAD = {
    "baselines.cheat_": """
def cheat(seen):
    codes = seen.entry.outcomes.codes
    table = np.where(np.arange(3) == codes[:, :, None], 0.8, 0.1)
    return table / table.sum(axis=2, keepdims=True)
PLUGIN = Plugin(baselines=(Baseline("cheat", "Cheat", "Cheat", "what came", 90, cheat),))
""",
    "replay.tomorrow": """
def tomorrow(known, start, stop):
    close = known.bars.close
    ahead = np.minimum(np.arange(start, stop) + 1, len(close) - 1)
    return close[ahead] / close[start:stop] - 1.0
PLUGIN = Plugin(feature_families=(momentum_column("tomorrow", tomorrow),))
""",
    "replay.is_there_more": """
def more(known, start, stop):
    low = np.append(known.bars.low, np.nan)
    return np.isfinite(low[start + 1 : stop + 1]).astype(float)
PLUGIN = Plugin(feature_families=(momentum_column("is_there_more", more),))
""",
    "levels.": """
def scan(open, high, low, close, indicators, start, stop, params, out):
    count = 0
    for i in range(start, min(stop, len(close) - 3)):
        if close[i + 3] > 1.03 * close[i] and indicators[i, ATR] > 0:
            count = put(out, count, i, i, i, 1, low[i], low[i] + 0.2 * indicators[i, ATR])
    return count
PLUGIN = Plugin(level_kinds=(LevelKind("before_a_rise", "rise", 0.5, True, by_month, scan),))
""",
    "replay.floor": """
def clever(seen):
    chosen = seen.own.copy()
    low = seen.bars.low
    ahead = np.array([low[i + 1 : i + 6].min() if i + 6 <= len(low) else low[i] for i in range(seen.start, seen.stop)])
    fits = (ahead > chosen[:, 4]) & (ahead < seen.bars.close[seen.start : seen.stop])
    chosen[fits, 0] = ahead[fits]
    return chosen
PLUGIN = Plugin(setup_rules=(SetupRule("clever", clever),))
""",
}


@pytest.mark.parametrize("place", AHEAD)
def test_a_look_ahead_fails_the_audit_which_names_column_and_date(tmp_path, place):
    path = plugin_file(tmp_path, AHEAD[place])
    config = with_plugins(path, setup={"rule": "clever"}) if "floor" in place else with_plugins(path)
    found = audit(BARS.cut(700), config, dates=6)
    with pytest.raises(CheckFailed, match=r"audit\.look_ahead") as caught:
        found.require()
    assert caught.value.exit_code == 4
    named = [one for one in found.differences if f"{one.table}.{one.column}".startswith(place)]
    assert named
    assert all(np.datetime64(one.date) in BARS.dates for one in named)


def test_a_model_that_looks_at_later_rows_of_its_fold_is_refused(tmp_path):
    body = MODEL.replace("1.5 * offset, offset]", "offset - offset.mean(axis=0), offset]")
    config = with_plugins(plugin_file(tmp_path, body), forecast={"model": "bolder", "paths": 100})
    entry = forecast_input(replay(real_bars(1400), config))
    with pytest.raises(CheckFailed, match=r"audit\.model_looks_ahead.*bolder"):
        walk_forward([entry], config)


def test_a_baseline_is_floored_like_the_rest(tmp_path):
    body = BASELINE.replace("1 / 3)", "0.0)").replace("return np.full", "table = np.full") + ""
    body = body.replace("PLUGIN", "PLUGIN", 1).replace(
        "3), 0.0)\n", "3), 0.0)\n    table[:, :, 1] = 1.0\n    return table\n"
    )
    config = with_plugins(plugin_file(tmp_path, body), forecast={"paths": 100})
    entry = forecast_input(replay(real_bars(1400), config))
    frame = walk_forward([entry], config).frame
    assert np.allclose(frame[["coin_breakdown", "coin_range", "coin_continuation"]], [0.001, 0.998, 0.001])
