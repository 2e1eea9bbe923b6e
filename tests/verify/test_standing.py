"""How much a null is eased, against the bivariate normal of scipy and against outcomes drawn from the null itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from engine.verify.overlap import Windows, eased, eased_length, eased_weights, latent_normals
from engine.verify.standing import _changes, _next_to, ease_of, standing_windows


@pytest.mark.parametrize(("p", "q", "rho"), [(0.5, 0.5, 0.9), (0.1, 0.14, 0.93), (0.7, 0.6, 0.5)])
def test_changes_are_those_of_the_bivariate_normal(p, q, rho):
    both = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(ndtri([p, q]))
    assert _changes(np.array([p]), np.array([q]), np.arccos([rho]))[0] == pytest.approx(
        p + q - 2 * both, abs=1e-6
    )


def test_at_the_median_changes_are_an_angle():
    """Sheppard: two normals of correlation cos(c) have different signs with probability c / pi."""
    assert _changes(np.array([0.5]), np.array([0.5]), np.array([0.3]))[0] == pytest.approx(0.3 / np.pi)


def test_eased_sums_are_standard_normals_again():
    assert eased_weights(4, 3).tolist() == [1, 2, 3, 3, 2, 1]
    assert eased_length(10, 1) == pytest.approx(np.sqrt(10))
    assert _next_to(10, 1) == pytest.approx(0.9)
    assert eased(np.arange(6.0), 3).tolist() == [3, 6, 9, 12]
    windows = Windows(np.arange(400), np.zeros(400, np.int64), (np.arange(400),), np.ones((1, 1)), None, 4)
    latent = np.concatenate(list(latent_normals(windows, 10, 256, 1)))
    assert latent.var() == pytest.approx(1.0, abs=0.05)
    assert (latent[:, 1:] * latent[:, :-1]).mean() == pytest.approx(_next_to(10, 4), abs=0.05)


def test_the_ease_is_found_again_in_outcomes_drawn_with_it():
    """Mean over 40 histories of 2,000 rows: 1, 4 and 8 come back within 1 (standard error about 0.2)."""
    rng = np.random.default_rng(4)
    p = 0.5 + 0.3 * np.sin(np.arange(2000) / 40.0)
    said = np.column_stack([p, 1.0 - p])
    for ease in (1, 4, 8):
        plain = Windows.consecutive(2000)
        drawn = Windows(plain.start, plain.instrument, plain.sessions, plain.factor, None, ease)
        latent = np.concatenate(list(latent_normals(drawn, 10, 40, int(rng.integers(1000)))))
        found = [standing_windows(plain, 10, said, (z >= ndtri(p)).astype(int)).ease for z in latent]
        assert np.mean(found) == pytest.approx(ease, abs=1.0)


def test_without_neighbours_nothing_is_eased():
    windows = Windows(np.arange(0, 300, 3), np.zeros(100, np.int64), (np.arange(300),), np.ones((1, 1)))
    said, codes = np.full((1, 100, 2), 0.5), np.zeros((1, 100), np.int64)
    assert ease_of(windows, np.array([10]), said, codes) == 1
    assert ease_of(Windows.consecutive(100), np.array([1]), said, codes) == 1
