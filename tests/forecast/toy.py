"""A model, a calibrator and a baseline of one file each, to see what the registries ask for."""

from __future__ import annotations

import numpy as np

from engine.forecast.baselines import Baseline
from engine.forecast.calibration import CalibratorKind
from engine.forecast.models import Model


class Bolder:
    """Two candidates: log-odds half as strong again as the baseline's, and the baseline."""

    candidates = 2

    def due(self, rows):
        return True

    def fit(self, window):
        return self

    def logits(self, features, offset, paths):
        return np.stack([1.5 * offset, offset], axis=1)

    def mixed(self, weights, features, offset, paths):
        return (1.5 * weights[0] + weights[1]) * offset

    def contributions(self, weights, features):
        return np.zeros((3, len(features)))

    def arrays(self):
        return {}


class Cautious:
    """Half way to the uniform table."""

    def fit(self, p, codes, sample_weight=None):
        return self

    def predict_proba(self, p):
        return 0.5 * p + 0.5 / p.shape[1]

    def arrays(self):
        return {}


MODEL = Model(learner=lambda names, horizons: Bolder(), rebuilt=lambda arrays, horizons: Bolder())
CALIBRATOR = CalibratorKind(make=Cautious, rebuilt=lambda arrays: Cautious())
BASELINE = Baseline(
    name="coin",
    label="Coin",
    short="Coin",
    meaning="three equal chances",
    order=90,
    forecast=lambda seen: np.full((len(seen.entry.bars), len(seen.config.horizons), 3), 1 / 3),
)
