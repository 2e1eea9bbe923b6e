import json

import numpy as np
import pytest
import scoringrules
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from engine.errors import InputError
from engine.verify.skill.scores import (
    binary_brier,
    binary_log_loss,
    brier,
    log_loss,
    ranked_probability_score,
)
from tests.shared_files import vectors_dir

needs_vectors = pytest.mark.skipif(vectors_dir() is None, reason="shared vectors are absent")


@pytest.fixture
def forecasts():
    rng = np.random.default_rng(3)
    return rng.dirichlet([2, 3, 2], 200), rng.integers(0, 3, 200)


@needs_vectors
def test_ranked_probability_score_equals_wilks():
    for case in json.loads((vectors_dir() / "ranked_probability_score.json").read_text())["cases"]:
        assert ranked_probability_score([case["p"]], [case["cls"]])[0] == pytest.approx(
            case["rps"], abs=1e-12
        )


@needs_vectors
def test_brier_equals_scikit_learn_examples():
    data = json.loads((vectors_dir() / "multiclass_brier.json").read_text())
    first, second, third, fourth = data["cases"]
    names = sorted(set(first["y"]))
    codes = [names.index(v) for v in first["y"]]
    assert brier(first["P"], codes).mean() == pytest.approx(data["check"][0], abs=1e-12)
    assert brier(second["P"], second["y"]).mean() == pytest.approx(data["check"][1], abs=1e-12)
    base = np.tile([0.5, 0.0, 0.5], (4, 1))
    d2 = 1 - brier(third["P"], third["y"]).mean() / brier(base, third["y"]).mean()
    assert d2 == pytest.approx(third["d2_brier"])
    assert binary_brier(fourth["p"], fourth["y"]).mean() == pytest.approx(fourth["brier"], abs=1e-12)


def test_agrees_with_scikit_learn_and_scoringrules(forecasts):
    p, y = forecasts
    assert log_loss(p, y).mean() == pytest.approx(sklearn_log_loss(y, p, labels=[0, 1, 2]), abs=1e-12)
    assert brier(p, y).mean() == pytest.approx(brier_score_loss(y, p, labels=[0, 1, 2]), abs=1e-12)
    np.testing.assert_allclose(ranked_probability_score(p, y), scoringrules.rps_score(y + 1, p), atol=1e-12)
    np.testing.assert_allclose(
        log_loss(p, y), scoringrules.log_score(np.ones(len(y)), p[np.arange(len(y)), y]), atol=1e-12
    )


def test_ranked_score_is_the_sum_over_the_cuts_of_ordered_classes(forecasts):
    p, y = forecasts
    parts = [binary_brier(p[:, : cut + 1].sum(axis=1), y <= cut) for cut in (0, 1)]
    np.testing.assert_allclose(sum(parts), ranked_probability_score(p, y), atol=1e-12)


def test_binary_scores_are_scores_of_two_classes(forecasts):
    p, y = forecasts
    pair = np.column_stack([1 - p[:, 2], p[:, 2]])
    np.testing.assert_allclose(binary_log_loss(p[:, 2], y == 2), log_loss(pair, y == 2))
    np.testing.assert_allclose(2 * binary_brier(p[:, 2], y == 2), brier(pair, y == 2), atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_scores_are_proper(truth, other):
    """Expected under a truth, no forecast scores better than the truth itself."""
    q, p = np.array(truth) / sum(truth), np.array(other) / sum(other)
    for score in (log_loss, brier, ranked_probability_score):
        expected = [sum(q[k] * score([f], [k])[0] for k in range(3)) for f in (q, p)]
        assert expected[0] <= expected[1] + 1e-12


def test_impossible_truth_scores_infinity():
    assert log_loss([[0.0, 0.5, 0.5]], [0])[0] == np.inf
    assert log_loss([[0.0, 0.0, 1.0]], [2])[0] == 0.0


@pytest.mark.parametrize(
    ("p", "y", "code"),
    [
        ([[0.5, 0.5, 0.1]], [0], "verify.not_probabilities"),
        ([[1.1, -0.1, 0.0]], [0], "verify.not_probabilities"),
        ([[np.nan, 0.5, 0.5]], [0], "verify.not_probabilities"),
        ([0.5, 0.5], [0, 1], "verify.not_probabilities"),
        ([[0.2, 0.3, 0.5]], [3], "verify.not_outcomes"),
        ([[0.2, 0.3, 0.5]], [-1], "verify.not_outcomes"),
        ([[0.2, 0.3, 0.5]], [0.5], "verify.not_outcomes"),
        ([[0.2, 0.3, 0.5]], [0, 1], "verify.not_outcomes"),
    ],
)
@pytest.mark.parametrize("score", [log_loss, brier, ranked_probability_score])
def test_bad_input_is_named(score, p, y, code):
    with pytest.raises(InputError) as caught:
        score(p, y)
    assert caught.value.code == code
