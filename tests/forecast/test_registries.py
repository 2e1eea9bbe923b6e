"""Adding a baseline, a model or a calibrator takes one file and one line: here is one of each."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bars.simulate import simulate_bars
from engine.config.choices import CALIBRATORS, MODELS, Choice
from engine.errors import ConfigError
from engine.forecast.baselines import BASELINES, in_reading_order
from engine.forecast.calibration import CalibratorKind, calibrator_named
from engine.forecast.models import Model, model_named
from engine.forecast.saved import load_models, save_models
from engine.forecast.walk_forward import walk_forward
from engine.table import words
from engine.verify.rows import common_rows
from tests.forecast import toy
from tests.forecast.adhoc import FEATURES, adhoc_config, adhoc_input


def test_every_name_that_a_config_may_give_stands_for_something():
    assert all(isinstance(model_named(name), Model) for name in MODELS.names)
    assert all(isinstance(calibrator_named(name), CalibratorKind) for name in CALIBRATORS.names)
    assert len({baseline.order for baseline in BASELINES}) == len(BASELINES)


def test_one_line_adds_a_baseline_a_model_and_a_calibrator(tmp_path):
    with (
        BASELINES.having(toy.BASELINE),
        MODELS.having(Choice("bolder", "tests.forecast.toy:MODEL")),
        CALIBRATORS.having(Choice("cautious", "tests.forecast.toy:CALIBRATOR")),
    ):
        config = adhoc_config(model="bolder", calibrator="cautious")
        entry = adhoc_input(simulate_bars(1100, seed=3), config)
        found = walk_forward([entry], config, features=FEATURES)
        assert np.allclose(found.frame[["coin_continuation", "coin_range", "coin_breakdown"]], 1 / 3)
        assert in_reading_order()[-1] == "coin"
        assert words.baseline_label("coin") == "Coin"
        assert "coin" in common_rows(found.frame, 10).probabilities
        # bolder than the baseline, and never as timid as the baseline itself before any evidence
        raw = found.frame[["raw_continuation", "raw_range", "raw_breakdown"]].max(axis=1)
        assert raw.mean() > found.frame.filter(like="filtered_history").max(axis=1).mean()
        save_models(found, tmp_path, "bolder", "cautious")
        assert isinstance(load_models(tmp_path)[0].model.fitted, toy.Bolder)
    with pytest.raises(ConfigError, match="'offset_logistic', 'boosting'"):
        adhoc_config(model="bolder")
    assert "coin" not in BASELINES
