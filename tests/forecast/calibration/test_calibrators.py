from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression

from engine.config.choices import CALIBRATORS
from engine.errors import ConfigError, InputError
from engine.forecast.calibration import calibrator_named
from engine.forecast.calibration.affine import AffineCalibrator
from engine.forecast.calibration.calibrator import check_enough_rows
from engine.forecast.calibration.identity import IdentityCalibrator
from engine.forecast.calibration.isotonic import IsotonicCalibrator
from engine.forecast.calibration.temperature import TemperatureCalibrator
from engine.forecast.calibration.venn_abers import VennAbersCalibrator, venn_abers_pairs
from tests.shared_files import vectors_dir

NAMES = CALIBRATORS.names
vectors = vectors_dir()


def sample(seed: int, n: int = 400, slope: float = 1.0):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([2.0, 3.0, 2.5], n)
    truth = p**slope
    truth /= truth.sum(1, keepdims=True)
    codes = (rng.random(n)[:, None] > truth.cumsum(1)[:, :-1]).sum(1)
    return p, codes


def log_loss(p, codes):
    return -np.log(p[np.arange(len(codes)), codes]).mean()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_tables_stay_tables(name, seed, drop_class):
    p, codes = sample(seed, 120)
    if drop_class:
        p, codes = p[codes != 0], codes[codes != 0]
    out = calibrator_named(name).make().fit(p, codes, np.full(len(p), 1 / 15)).predict_proba(p)
    assert out.shape == p.shape
    assert out.min() >= 0.001 - 1e-15
    np.testing.assert_allclose(out.sum(1), 1.0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_does_not_depend_on_its_neighbours(name):
    p, codes = sample(1)
    fitted = calibrator_named(name).make().fit(p, codes)
    together = fitted.predict_proba(p[:50])
    for i in (0, 17, 49):
        assert (fitted.predict_proba(p[i : i + 1])[0] == together[i]).all()


def test_temperature_finds_the_slope_and_agrees_with_a_direct_search():
    p, codes = sample(3, 20_000, slope=0.6)
    fitted = TemperatureCalibrator(prior=0.0).fit(p, codes)

    def loss(u):
        q = p ** np.exp(u)
        return log_loss(q / q.sum(1, keepdims=True), codes)

    assert np.log(fitted.slope_) == pytest.approx(
        minimize_scalar(loss, bounds=(-1.6, 1.6), method="bounded").x, abs=1e-3
    )
    assert fitted.slope_ == pytest.approx(0.6, abs=0.04)  # 4 standard errors


@pytest.mark.parametrize("name", ["temperature", "vector", "matrix"])
def test_few_outcomes_change_little(name):
    p, codes = sample(5, 60, slope=0.2)
    out = calibrator_named(name).make().fit(p, codes, np.full(60, 1 / 15)).predict_proba(p)
    assert np.abs(out - p).max() < 0.05


def test_affine_gradient_reaches_a_stationary_point():
    p, codes = sample(9, 600)
    for full in (False, True):
        fitted = AffineCalibrator(full, diagonal_prior=1.0, off_diagonal_prior=1.0, intercept_prior=1.0).fit(
            p, codes
        )
        z = np.log(p) - np.log(p).mean(1, keepdims=True)
        residual = fitted.predict_proba(p) - np.eye(3)[codes]
        slope = residual.T @ z + (fitted.matrix_ - np.eye(3))
        free = np.eye(3, dtype=bool) | full
        np.testing.assert_allclose(slope[free], 0.0, atol=1e-3)
        np.testing.assert_allclose(residual.sum(0) + fitted.intercept_, 0.0, atol=1e-3)
        if not full:
            assert (fitted.matrix_[~free] == 0).all()


def test_isotonic_equals_scikit_learn_per_class():
    p, codes = sample(2)
    ours = IsotonicCalibrator().fit(p, codes).predict_proba(p)
    raw = np.column_stack(
        [IsotonicRegression(out_of_bounds="clip").fit_transform(p[:, k], codes == k) for k in range(3)]
    )
    keep = (raw > 0.01).all(1)  # where the floor does not bite
    np.testing.assert_allclose(ours[keep], (raw / raw.sum(1, keepdims=True))[keep], rtol=1e-10)


@pytest.mark.skipif(vectors is None, reason="reference vectors are not there")
def test_venn_abers_as_published():
    data = json.loads((vectors / "venn_abers.json").read_text())
    got = venn_abers_pairs(data["scores"], data["y"], data["test"])
    np.testing.assert_allclose(got, data["p0_p1_package"], atol=1e-14)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 40))
def test_venn_abers_equals_its_definition(seed, n):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 12, n) / 12  # ties, also with the new score
    y = rng.integers(0, 2, n)
    weight = rng.uniform(0.05, 2.0, n)
    new = rng.integers(0, 12, 5) / 12
    got = venn_abers_pairs(scores, y, new, weight)
    for i, s in enumerate(new):
        for label in (0, 1):
            fitted = IsotonicRegression(out_of_bounds="clip").fit(
                np.append(scores, s), np.append(y, label), sample_weight=np.append(weight, 1.0)
            )
            assert got[i, label] == pytest.approx(fitted.predict([s])[0], abs=1e-9)
    assert (got[:, 0] <= got[:, 1] + 1e-12).all()


def test_refused_below_two_thousand_independent_rows():
    for name in ("isotonic", "venn_abers"):
        with pytest.raises(ConfigError, match="2,000") as error:
            check_enough_rows(name, calibrator_named(name), 335.0, forced=False, place="horizon 15")
        assert error.value.code == "forecast.calibrator_refused"
        check_enough_rows(name, calibrator_named(name), 335.0, forced=True, place="horizon 15")
        check_enough_rows(name, calibrator_named(name), 2000.0, forced=False, place="horizon 15")
    check_enough_rows("temperature", calibrator_named("temperature"), 1.0, forced=False, place="horizon 15")


def test_refusals():
    p, codes = sample(0)
    for bad in (np.full((3, 3), np.nan), np.ones(3), -p):
        with pytest.raises(InputError):
            IdentityCalibrator().fit(bad, codes[: len(bad)])
    with pytest.raises(InputError):
        TemperatureCalibrator().fit(p, codes - 1)
    with pytest.raises(InputError):
        TemperatureCalibrator().fit(p, codes[:-1])
    with pytest.raises(InputError):
        VennAbersCalibrator().fit(p, codes, -np.ones(len(p)))
    with pytest.raises(InputError):
        calibrator_named("wishful")


@pytest.mark.parametrize("name", NAMES)
def test_a_rebuilt_calibrator_says_the_same(name):
    p, codes = sample(6, 300)
    kind = calibrator_named(name)
    fitted = kind.make().fit(p, codes)
    again = kind.rebuilt(fitted.arrays())
    assert (again.predict_proba(p) == fitted.predict_proba(p)).all()
