"""Saved models load without running code, and forecast what the run forecast."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.forecast.models import load_models


def test_model_files_load_and_the_card_describes_them(finished):
    card = json.loads((finished.path / "model" / "card.json").read_text())
    (group,) = card["groups"].values()
    tracks = load_models(finished.path / "model" / group["file"])
    assert [track["horizons"] for track in tracks] == [[10], [15]]
    assert [track["features"] for track in tracks] == [track["features"] for track in group["tracks"]]
    for track in tracks:
        assert len(track["mean"]) == len(track["scale"]) == len(track["features"])
        assert track["model"]["coefficients"].shape[1:] == (len(track["features"]) + 1, 3)
        np.testing.assert_allclose(np.sum(track["weights"]), 1.0)


def test_a_file_with_a_foreign_type_is_refused(tmp_path):
    from skops.io import dump
    from skops.io.exceptions import UntrustedTypesFoundException

    from engine.config import VerifyConfig

    dump({"model": VerifyConfig()}, tmp_path / "bad.skops")
    with pytest.raises(UntrustedTypesFoundException):
        load_models(tmp_path / "bad.skops")
