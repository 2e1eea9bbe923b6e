"""The models of a run load without running code."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.errors import RunError
from engine.forecast.saved import load_models


def test_model_files_of_a_run(finished):
    folder = finished.path / "model"
    described = json.loads((folder / "models.json").read_text())["models"]
    loaded = load_models(folder)
    assert [model.horizons for model in loaded] == [(10,), (15,)]
    for words, model in zip(described, loaded, strict=True):
        assert words["features"] == list(model.features)
        assert len(model.model.standardiser.mean) == len(model.features)
        assert model.model.fitted.coefficients.shape[1:] == (len(model.features) + 1, 3)
        np.testing.assert_allclose(model.model.weights.sum(), 1.0)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (print, ("this must never be printed",))

    (tmp_path / "models.json").write_text('{"format": 1, "models": []}')
    np.savez(tmp_path / "models.npz", m0_weights=np.array([Harmful()], dtype=object))
    with pytest.raises(RunError, match="no readable models"):
        load_models(tmp_path)


def test_unreadable_models_are_named(tmp_path):
    with pytest.raises(RunError, match="no readable models"):
        load_models(tmp_path)
    (tmp_path / "models.json").write_text('{"format": 99}')
    np.savez(tmp_path / "models.npz")
    with pytest.raises(RunError, match="format 99"):
        load_models(tmp_path)
