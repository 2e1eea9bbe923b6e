import numpy as np
import pandas as pd
import pytest

from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.forecast.inputs import forecast_input
from engine.forecast.walk_forward import walk_forward
from engine.replay.replay import replay
from engine.stages import Stages, Store, fingerprint
from engine.stages import stages as stages_module


@pytest.fixture(scope="module")
def bars():
    return {"SIM": simulate_bars(620, seed=3, symbol="SIM")}


CONFIG = parse_config(
    {
        "name": "t",
        "instruments": [{"symbol": "SIM", "source": {"kind": "bundled", "name": "nasdaq"}}],
        "horizons": [3, 5],
        "forecast": {"min_train_sessions": 400, "paths": 100, "interval_draws": 0},
    }
)


def test_forecasts_are_those_of_the_walk_forward_and_are_read_back_from_the_disk(bars, tmp_path, monkeypatch):
    plain = walk_forward([forecast_input(replay(series, CONFIG)) for series in bars.values()], CONFIG).frame
    stages = Stages(bars, tmp_path)
    found = stages.forecasts(CONFIG)
    kept = [c for c in plain.columns if c in found.columns]
    assert {"instrument", "date", "horizon_sessions", "outcome", "p_range", "filtered_history_range"} <= set(
        kept
    )
    pd.testing.assert_frame_equal(found[kept], plain[kept])

    def never(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(stages_module, "history_of", never)
    pd.testing.assert_frame_equal(Stages(bars, tmp_path).forecasts(CONFIG), found)
    # another model setting asks for another forecast, but for the same simulation
    other = Stages(bars, tmp_path).forecasts(with_overrides(CONFIG, {"forecast.calibrator": "identity"}))
    pd.testing.assert_frame_equal(
        other.filter(like="filtered_history"), found.filter(like="filtered_history")
    )
    with pytest.raises(AssertionError, match="made again"):
        Stages(bars, tmp_path).forecasts(with_overrides(CONFIG, {"forecast.paths": 101}))


def test_only_what_a_setting_reaches_has_another_key(bars):
    stages = Stages(bars)
    key = stages.forecast_key
    assert key(with_overrides(CONFIG, {"backtest.entry_threshold": 0.4})) == key(CONFIG)
    assert key(with_overrides(CONFIG, {"forecast.interval_draws": 9})) == key(CONFIG)
    for path, value in (("rules.rsi_bull", 45.0), ("seed", 8), ("horizons", [3]), ("setup.max_atr", 4.0)):
        assert key(with_overrides(CONFIG, {path: value})) != key(CONFIG)
    momentum = with_overrides(CONFIG, {"rules.rsi_bull": 45.0})
    assert stages.question(momentum) == stages.question(CONFIG)
    assert stages.question(with_overrides(CONFIG, {"setup.min_target_atr": 2.0})) != stages.question(CONFIG)


def test_a_damaged_file_is_made_again_and_the_oldest_is_forgotten(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"a": np.arange(3)}

    Store(2, tmp_path).arrays("k", make)
    (tmp_path / "k.npz").write_bytes(b"half")
    assert Store(2, tmp_path).arrays("k", make)["a"].tolist() == [0, 1, 2]
    assert len(made) == 2
    store = Store(2)
    for key in ("a", "b", "a", "c"):
        store.get(key, lambda key=key: key)
    assert store.get("a", lambda: "again") == "a"
    assert store.get("b", lambda: "again") == "again"


def test_fingerprints_tell_shapes_types_and_order_apart():
    parts = [(np.zeros(4),), (np.zeros((2, 2)),), (np.zeros(4, np.int64),), ("a", "b"), ("ab",), ({"a": 1},)]
    assert len({fingerprint(*part) for part in parts}) == len(parts)
