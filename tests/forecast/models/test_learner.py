"""What a model says about itself must be what it does."""

from __future__ import annotations

import numpy as np
import pytest

from engine.forecast.models.hazard import HazardCandidates
from engine.forecast.models.learner import weighted_sum
from engine.forecast.models.offset_logistic import LinearCandidates
from engine.forecast.models.ordinal import OrdinalCandidates
from engine.scenarios import BREAKDOWN, CONTINUATION

WEIGHTS = np.array([0.6, 0.4])
SESSIONS = 10


def candidates(kind: str, rng: np.random.Generator):
    """Two candidates with three features; the second is the baseline."""
    shape = {"linear": (2, 4, 3), "ordinal": (2, 4), "hazard": (2, 4, 2)}[kind]
    coefficients = rng.normal(scale=0.3, size=shape)
    coefficients[1] = 0.0
    if kind == "hazard":
        return HazardCandidates(coefficients, (SESSIONS,))
    return LinearCandidates(coefficients) if kind == "linear" else OrdinalCandidates(coefficients)


def log_odds_moved(model, features: np.ndarray) -> np.ndarray:
    """How much further (3,) log-odds are from the baseline's with these features than with zeros."""
    offset = np.log([[[0.2, 0.5, 0.3]]])
    paths = np.empty((1, SESSIONS, 3))
    paths[0, :, BREAKDOWN] = np.linspace(0.02, 0.2, SESSIONS)
    paths[0, :, CONTINUATION] = np.linspace(0.03, 0.3, SESSIONS)
    paths[0, :, 1] = 1 - paths[0, :, BREAKDOWN] - paths[0, :, CONTINUATION]
    at, without = (
        model.mixed(WEIGHTS, x.reshape(3, 1), offset, paths)[0, 0] for x in (features, np.zeros(3))
    )
    return at - without


def test_contributions_of_a_linear_model_add_up_to_what_it_moves():
    rng = np.random.default_rng(1)
    for _ in range(20):
        model, features = candidates("linear", rng), rng.normal(size=3)
        said = model.contributions(WEIGHTS, features)
        assert said.shape == (3, 3)
        np.testing.assert_allclose(said.sum(axis=1), log_odds_moved(model, features), atol=1e-12)


@pytest.mark.parametrize("kind", ["ordinal", "hazard"])
@pytest.mark.parametrize("scenario", [BREAKDOWN, CONTINUATION])
def test_contributions_of_one_fact_have_the_sign_of_the_move(kind, scenario):
    rng = np.random.default_rng(2)
    for _ in range(20):
        model, features = candidates(kind, rng), np.zeros(3)
        features[1] = rng.normal()
        if kind == "hazard":
            # an event moves its rival too, by taking or leaving survivors: look at one event at a time
            model.coefficients[0, :, 1 if scenario == BREAKDOWN else 0] = 0.0
        said = model.contributions(WEIGHTS, features)
        assert np.sign(said[scenario, 1]) == np.sign(log_odds_moved(model, features)[scenario])
        assert not said[:, [0, 2]].any()


def test_a_weighted_sum_is_the_sum():
    rng = np.random.default_rng(3)
    values, weights = rng.normal(size=(5, 4, 3)), rng.random(5)
    np.testing.assert_allclose(weighted_sum(weights, values), np.tensordot(weights, values, 1), atol=1e-14)
