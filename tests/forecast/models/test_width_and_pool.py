"""The width-only regression never tilts; the pool is the mean of its two models and ends in the baseline."""

from __future__ import annotations

import numpy as np

from engine.forecast.models import model_named
from engine.forecast.models.learner import Window
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE

NAMES = ("a", "b", "baseline_log_odds_continuation", "baseline_log_odds_breakdown")


def window(n=900, seed=0):
    """Outcomes that widen with feature a and tilt with feature b."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(4, n))
    offset = np.log(rng.dirichlet([4, 5, 4], n))
    truth = offset.copy()
    truth[:, RANGE] -= 0.8 * features[0]
    truth[:, CONTINUATION] += 0.4 * features[1]
    truth[:, BREAKDOWN] -= 0.4 * features[1]
    p = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    codes = (rng.random(n)[:, None] > np.cumsum(p, axis=1)[:, :2]).sum(axis=1)
    none = np.zeros(n, dtype=np.int64)
    return Window(features, offset[:, None], codes[:, None], np.ones(n), np.empty((n, 10, 3)), none, none)


def test_width_learns_how_far_and_leaves_where_to_the_opponent():
    seen = window()
    fitted = model_named("width").learner(NAMES, (10,)).fit(seen)
    logits = fitted.logits(seen.features, seen.offset, seen.paths)[:, :, 0]
    tilt = logits[..., CONTINUATION] - logits[..., BREAKDOWN]
    own = (seen.offset[:, 0, CONTINUATION] - seen.offset[:, 0, BREAKDOWN])[:, None]
    np.testing.assert_allclose(tilt, np.broadcast_to(own, tilt.shape), atol=1e-12)
    np.testing.assert_array_equal(logits[:, -1], seen.offset[:, 0])
    assert fitted.coefficients[0, 0, RANGE] < -0.2  # feature a narrows range
    assert abs(fitted.coefficients[0, 1, RANGE]) < 0.1


def test_the_pool_is_the_mean_of_both_and_survives_saving():
    seen = window(600)
    parts = [model_named(name).learner(NAMES, (10,)).fit(seen) for name in ("width", "boosting")]
    pool = model_named("pool").learner(NAMES, (10,))
    assert pool.due(600)
    fitted = pool.fit(seen)
    said = fitted.logits(seen.features, seen.offset, seen.paths)
    mean = 0.5 * sum(one.logits(seen.features, seen.offset, seen.paths) for one in parts)
    np.testing.assert_allclose(said, mean, atol=1e-12)
    np.testing.assert_allclose(said[:, -1], seen.offset, atol=1e-12)
    weights = np.array([0.5, 0.0, 0.2, 0.0, 0.3])
    again = model_named("pool").rebuilt(fitted.arrays(), (10,))
    np.testing.assert_array_equal(
        again.mixed(weights, seen.features, seen.offset, seen.paths),
        fitted.mixed(weights, seen.features, seen.offset, seen.paths),
    )
    assert not np.allclose(fitted.contributions(weights, seen.features[:, 0]), 0)
