"""Baselines that are fitted to several instruments together, and calibrators, that plugins bring."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.errors import CheckFailed, ConfigError
from engine.forecast.inputs import forecast_input
from engine.forecast.saved import load_models, save_models
from engine.forecast.walk_forward import walk_forward
from engine.replay.replay import replay
from engine.scenarios import SCENARIOS
from engine.verify.audit.audit import audit
from tests.plugins.files import plugin_file, with_plugins

# what came, over all members and up to each fold; a year of thirds counts with it
TOGETHER = """
def pooled(seen):
    tables = []
    for entry in seen.members:
        table = np.full((len(entry.bars), len(seen.horizons), 3), np.nan)
        at = np.searchsorted(seen.calendar, entry.bars.dates)
        for fold in seen.folds:
            rows = (at >= fold.start) & (at < fold.stop)
            for k, horizon in enumerate(seen.horizons):
                column = seen.config.horizons.index(horizon)
                counts = np.full(3, 84.0)
                for other in seen.members:
                    place = np.searchsorted(seen.calendar, other.bars.dates)
                    codes = other.outcomes.codes[: np.count_nonzero(place + horizon < fold.start), column]
                    counts += np.bincount(codes[codes >= 0], minlength=3)
                table[rows, k] = counts / counts.sum()
        tables.append(table)
    return tables
PLUGIN = Plugin(baselines=(Baseline("pooled", "Pooled", "Pool", "all instruments", 91, lambda seen: None, pooled),))
"""
CALIBRATOR = """
class Timid:
    share = 0.0
    def fit(self, p, codes, sample_weight=None):
        self.share = 0.25
        return self
    def predict_proba(self, p):
        return (1 - self.share) * p + self.share / 3
    def arrays(self):
        return {"share": np.array(self.share)}
def rebuilt(arrays):
    found = Timid()
    found.share = float(arrays["share"])
    return found
PLUGIN = Plugin(calibrators={"timid": CalibratorKind(Timid, rebuilt)})
"""
FORECAST = {"min_train_sessions": 500, "paths": 100, "interval_draws": 0}


def inputs(config, *lengths):
    bars = [
        simulate_bars(n, seed=i, symbol=f"S{i}", volatility_persistence=0.97) for i, n in enumerate(lengths)
    ]
    return [forecast_input(replay(one, config)) for one in bars]


def test_a_baseline_of_a_group_is_fitted_to_all_of_it(tmp_path):
    config = with_plugins(plugin_file(tmp_path, TOGETHER), forecast=FORECAST | {"pooling": "all"})
    entries = inputs(config, 700, 640)
    frame = walk_forward(entries, config).frame
    last = frame[frame["horizon_sessions"] == 10].groupby("instrument").tail(1)
    said = last[[f"pooled_{name}" for name in SCENARIOS]].to_numpy()
    start = (
        500
        + (len(entries[0].bars) - 1 - 500) // config.forecast.refit_sessions * config.forecast.refit_sessions
    )
    counts = np.full(3, 84.0)
    for entry in entries:  # both began on one day
        codes = entry.outcomes.codes[: start - 10, 0]
        counts += np.bincount(codes[codes >= 0], minlength=3)
    np.testing.assert_allclose(said[0], counts / counts.sum(), atol=1e-12)
    short = plugin_file(tmp_path, TOGETHER.replace("return tables", "return tables[:1]"), "short.py")
    again = with_plugins(short, forecast=FORECAST | {"pooling": "all"})
    with pytest.raises(ConfigError, match=r"plugin\.wrong_result.*a list of 2 tables"):
        walk_forward(entries, again)


def test_the_audit_finds_a_baseline_of_a_group_that_looks_ahead(tmp_path):
    bars = simulate_bars(640, seed=3, volatility_persistence=0.97)
    config = with_plugins(plugin_file(tmp_path, TOGETHER), forecast=FORECAST)
    assert audit(bars, config, dates=4).passed
    leak = TOGETHER.replace("place + horizon < fold.start", "place < fold.start")
    found = audit(bars, with_plugins(plugin_file(tmp_path, leak, "leak.py"), forecast=FORECAST), dates=12)
    assert not found.passed
    assert any("pooled_" in one.column for one in found.differences)


def test_a_calibrator_is_walked_forward_saved_and_loaded(tmp_path):
    config = with_plugins(
        plugin_file(tmp_path, CALIBRATOR),
        forecast=FORECAST | {"calibrator": "timid", "min_train_sessions": 400},
    )
    entries = inputs(config, 1000)
    forecasts = walk_forward(entries, config)
    (group,) = forecasts.groups
    fitted = [one.calibrator for one in group.calibrated[0].calibrators[0]][-1]
    p = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_allclose(fitted.predict_proba(p), 0.75 * p + 0.25 / 3)
    assert float(fitted.arrays()["share"]) == 0.25
    save_models(forecasts, tmp_path / "model", config.forecast.model, config.forecast.calibrator)
    assert load_models(tmp_path / "model")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("(1 - self.share) * p", "2 * p", "plugin.wrong_result"),
        ("(1 - self.share) * p + self.share / 3", "p[:1]", "plugin.wrong_result"),
        ("self.share = 0.25", "p[0] = 0", "plugin.changes_arguments"),
        ("self.share = 0.25", "1 / 0", "plugin.raised"),
        ("self.share / 3", "self.share * p.mean(axis=0)", "audit.model_looks_ahead"),
    ],
)
def test_a_calibrator_that_cannot_be_used_is_told(tmp_path, old, new, code):
    config = with_plugins(
        plugin_file(tmp_path, CALIBRATOR.replace(old, new)),
        forecast=FORECAST | {"calibrator": "timid", "min_train_sessions": 400},
    )
    with pytest.raises((ConfigError, CheckFailed)) as caught:
        walk_forward(inputs(config, 1000), config)
    assert caught.value.code == code
    assert "calibrator 'timid'" in caught.value.message
