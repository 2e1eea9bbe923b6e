import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_diagnostics.scoring import LogLoss, SquaredError
from model_diagnostics.scoring import decompose as oracle
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from engine.errors import InputError
from engine.verify.calibration.calibration_error import expected_calibration_error, smooth_calibration_error
from engine.verify.calibration.calibration_line import calibration_line
from engine.verify.calibration.reliability import blocks, decompose, recalibrated
from tests.shared_files import vectors_dir

needs_vectors = pytest.mark.skipif(vectors_dir() is None, reason="shared vectors are absent")
pairs = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=1, max_size=60)


def sample(n, seed, shrink=1.0):
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 3, n)
    return p, (rng.random(n) < expit(shrink * logit(p))).astype(int)


@needs_vectors
def test_six_points():
    data = json.loads((vectors_dir() / "corp_six_points.json").read_text())
    for score, key in (("brier", "expected_brier"), ("log_loss", "expected_logloss")):
        found = decompose(data["p"], data["y"], score)
        for name, value in data[key].items():
            assert getattr(found, name) == pytest.approx(value, abs=1e-6)


@needs_vectors
def test_niamey():
    frame = pd.read_csv(vectors_dir() / "precip_Niamey_2016.csv").dropna()
    expected = json.loads((vectors_dir() / "corp_niamey.json").read_text())["recomputed"]["EMOS"]
    found = decompose(frame["EMOS"], frame["obs"].astype(int))
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(("score", "function"), [("brier", SquaredError()), ("log_loss", LogLoss())])
def test_decomposition_equals_model_diagnostics(score, function):
    p, y = sample(400, 1, 0.6)
    p = np.round(p, 2).clip(0.01, 0.99)
    found = decompose(p, y, score)
    table = oracle(y_obs=y, y_pred=p, scoring_function=function)
    for name, column in (("mcb", "miscalibration"), ("dsc", "discrimination"), ("unc", "uncertainty")):
        assert getattr(found, name) == pytest.approx(float(table[column][0]), abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(pairs)
def test_parts_add_up_and_are_never_negative(rows):
    p, y = np.array([r[0] for r in rows]) / 20, np.array([r[1] for r in rows])
    found = decompose(p, y)
    assert found.mean_score == pytest.approx(found.mcb - found.dsc + found.unc, abs=1e-12)
    assert min(found.mcb, found.dsc, found.unc) >= 0
    c = recalibrated(p, y)
    again = decompose(c, y)
    assert again.mcb == pytest.approx(0, abs=1e-12)  # what is recalibrated needs no recalibration
    assert np.all(np.diff(c[np.argsort(p, kind="stable")]) >= -1e-15)


def test_blocks_are_the_diagram():
    p, y = sample(300, 3)
    found = blocks(p, y)
    c = recalibrated(p, y)
    assert found.rows.sum() == 300
    for low, high, observed, rows in zip(found.low, found.high, found.observed, found.rows, strict=True):
        inside = (p >= low) & (p <= high)
        assert inside.sum() == rows
        assert y[inside].mean() == pytest.approx(observed)
        np.testing.assert_allclose(c[inside], observed)


def test_ece_equals_a_plain_computation():
    p, y = sample(1000, 4)
    order = np.argsort(p)
    expected = sum(abs(y[b].mean() - p[b].mean()) * len(b) for b in np.array_split(order, 10)) / 1000
    assert expected_calibration_error(p, y) == pytest.approx(expected, abs=1e-12)
    assert expected_calibration_error(p, y, 1) == pytest.approx(abs(y.mean() - p.mean()))
    assert expected_calibration_error(p[:4], y[:4], 10) == pytest.approx(np.abs(y[:4] - p[:4]).mean())
    assert expected_calibration_error(np.full(10, 0.3), [1, 1, 1] + [0] * 7) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n", [5, 40, 400])
def test_smooth_ece_equals_brute_force_kernel_sums(n):
    p, y = sample(n, n, 0.5)
    t = (np.arange(500) + 0.5) / 500

    def integral(bandwidth):
        total = np.zeros_like(t)
        for mirror in range(-3, 4):
            for centre in (p + 2 * mirror, -p + 2 * mirror):
                kernel = np.exp(-0.5 * ((t[:, None] - centre) / bandwidth) ** 2)
                total += kernel @ (y - p) / (n * bandwidth * np.sqrt(2 * np.pi))
        return np.abs(total).mean()

    low, high = 1e-3, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if integral(middle) > middle else (low, middle)
    assert smooth_calibration_error(p, y) == pytest.approx(low, abs=1e-3)


def test_smooth_ece_of_certain_error_and_of_none():
    assert smooth_calibration_error(np.full(5, 0.3), np.zeros(5, int)) == pytest.approx(0.3, abs=1e-3)
    assert smooth_calibration_error(np.full(10, 0.3), [1, 1, 1] + [0] * 7) == pytest.approx(0, abs=1e-6)


def test_calibration_line_equals_scikit_learn():
    p, y = sample(3000, 5, 0.7)
    line = calibration_line(p, y)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p)[:, None], y)
    assert line.slope == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert line.slope == pytest.approx(0.7, abs=0.1)
    assert expit(logit(p) + line.intercept).mean() == pytest.approx(y.mean(), abs=1e-9)


def test_calibration_line_where_it_is_not_identified():
    assert np.isnan(calibration_line([0.2, 0.4], [0, 0])).all()
    equal = calibration_line(np.full(10, 0.5), [1] * 6 + [0] * 4)
    assert np.isnan(equal.slope)
    assert equal.intercept == pytest.approx(logit(0.6))
    assert np.isnan(calibration_line([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]).slope)
    assert np.isfinite(calibration_line([0.0, 1.0, 0.5, 0.5], [1, 0, 1, 0]).slope)


def test_a_class_never_observed_and_equal_forecasts():
    never = decompose([0.1, 0.2, 0.3, 0.2, 0.1], [0] * 5)
    assert (never.unc, never.dsc) == (0, 0)
    assert never.mcb == never.mean_score
    equal = decompose(np.full(5, 0.4), [1, 0, 0, 1, 0])
    assert equal.dsc == 0
    assert equal.mcb == pytest.approx(0, abs=1e-12)
    assert decompose([0.0, 0.5], [1, 0], "log_loss").mean_score == np.inf


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: decompose([0.2, 1.1], [0, 1]), "verify.not_probabilities"),
        (lambda: decompose([0.2, np.nan], [0, 1]), "verify.not_probabilities"),
        (lambda: decompose([[0.2, 0.8]], [0]), "verify.not_probabilities"),
        (lambda: decompose([0.2, 0.3], [0, 2]), "verify.not_outcomes"),
        (lambda: decompose([0.2, 0.3], [0, np.nan]), "verify.not_outcomes"),
        (lambda: decompose([], []), "verify.too_few_rows"),
        (lambda: decompose([0.2, 0.3], [0, 1], "rps"), "verify.unknown_score"),
        (lambda: expected_calibration_error([0.2], [1], 0), "verify.bad_bins"),
        (lambda: expected_calibration_error([], []), "verify.too_few_rows"),
        (lambda: smooth_calibration_error([0.2], [3]), "verify.not_outcomes"),
        (lambda: calibration_line([], []), "verify.too_few_rows"),
    ],
)
def test_bad_input_is_named(call, code):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.code == code
