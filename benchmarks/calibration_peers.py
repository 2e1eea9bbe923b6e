"""False alarms of calibration tests on forecasts that are exact and overlap, and what each notices: ours and other packages'.

Markets of known probabilities (levels at the extremes of the past 40 sessions), 1,000 consecutive sessions each; a test
of yes/no forecasts is made for each of the three classes.  A share of 150 markets near 5 % has a standard error of 1.8
points.  Peers are optional: one that is not installed is left out (peers.lock).  ``franz`` (Broecker) is on no package
index; its test of categories is written here from the paper, and was equal to franz 0.1 of June 2019 to 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from scipy.stats import chi2

from engine.verify.calibration.joint import joint_test
from engine.verify.calibration.race import Questions
from tests.verify.exact_questions import exact_questions, overstated

MARKETS, ROWS, LEVEL = 150, 1000, 0.05
HORIZONS = (10, 15)
STRETCH = 1.5
Test = Callable[[np.ndarray, np.ndarray, int], list[float]]
"""(n, K) probabilities, (n,) classes that came, horizon -> p-values."""


def measure() -> list[dict]:
    """Rows for ``make bench``: shares rejected at 5 %, in percent."""
    peers = _peers()
    rows = []
    for horizon in HORIZONS:
        exact = [exact_questions(ROWS, 30_000 + seed, horizons=(horizon,)) for seed in range(MARKETS)]
        for what, said in (
            ("exact", exact),
            (f"log-odds x {STRETCH}", [overstated(one, STRETCH) for one in exact]),
        ):
            ours = [_ours(one, seed) for seed, one in enumerate(said)]
            rows.append(_row("ours, joint verdict", horizon, what, ours))
            for name, test in peers.items():
                found = [test(one.probabilities[0], one.codes[0], horizon) for one in said]
                rows.append(_row(name, horizon, what, found))
    return rows


def category_test(p: np.ndarray, codes: np.ndarray, horizon: int) -> float:
    """p-value of Broecker's generalised chi-square test of category forecasts.

    With q the root of a row's probabilities, an outcome y has the vector e_y / q_y, whose part orthogonal to q has mean 0
    and unit covariance where the forecast is exact.  The mean of that part is held against a covariance of 1 at lag 0
    and of what was seen at lags 1 .. horizon - 1, unweighted.

    Source: Broecker (2018), Quarterly Journal of the Royal Meteorological Society 144 (appeared as doi 10.1002/qj.3379).
    """
    n, classes = p.shape
    root = np.sqrt(p)
    start = np.concatenate(
        [root[:, :, None], np.broadcast_to(_across(classes), (n, classes, classes - 1))], axis=2
    )
    basis = np.linalg.qr(start)[0][:, :, 1:]
    z = basis[np.arange(n), codes] / root[np.arange(n), codes, None]
    covariance = np.eye(classes - 1)
    for lag in range(1, horizon):
        one_way = z[:-lag].T @ z[lag:] / n
        covariance += one_way + one_way.T
    total = z.sum(axis=0) / np.sqrt(n)
    return float(chi2.sf(total @ np.linalg.solve(covariance, total), classes - 1))


def _across(classes: int) -> np.ndarray:
    """(K, K - 1) differences that sum to 0 over the classes."""
    return 1.0 / classes - np.eye(classes)[:, : classes - 1]


def _ours(asked: Questions, seed: int) -> list[float]:
    return [joint_test(asked, draws=199, seed=seed).p_joint]


def _row(name: str, horizon: int, what: str, p_values: list[list[float]]) -> dict:
    share = 100 * float((np.array(p_values) <= LEVEL).mean())
    return {"name": f"{name}: rejected, {what}, H = {horizon}", "value": share, "unit": "%"}


def _of_classes(test: Callable[[np.ndarray, np.ndarray], float]) -> Test:
    """A test of yes/no forecasts, made for each class."""

    def every(p: np.ndarray, codes: np.ndarray, horizon: int) -> list[float]:
        return [test((codes == k).astype(float), np.ascontiguousarray(p[:, k])) for k in range(p.shape[1])]

    return every


def _peers() -> dict[str, Test]:
    found: dict[str, Test] = {
        "Broecker's category test (franz)": lambda p, codes, horizon: [category_test(p, codes, horizon)]
    }
    try:
        from scores.stats.statistical_tests import diebold_mariano
        from xarray import DataArray
    except ImportError:
        pass
    else:

        def mean_residual(p: np.ndarray, codes: np.ndarray, horizon: int) -> list[float]:
            residuals = (codes[None] == np.arange(p.shape[1])[:, None]) - p.T
            series = DataArray(
                residuals, dims=["k", "t"], coords={"k": np.arange(len(residuals)), "h": ("k", [horizon] * len(residuals))}
            )  # fmt: skip
            share = diebold_mariano(series, "k", "h", method="HG")["confidence_gt_0"].to_numpy()
            return (2.0 * np.minimum(share, 1.0 - share)).tolist()

        found[f"scores {version('scores')}, diebold_mariano of residuals, h = H"] = mean_residual
    try:
        from model_diagnostics.calibration import compute_bias
    except ImportError:
        pass
    else:
        found[f"model-diagnostics {version('model-diagnostics')}, compute_bias"] = _of_classes(
            lambda y, p: float(compute_bias(y, p)["p_value"][0])
        )
    try:
        from mapie.metrics import calibration as mapie
    except ImportError:
        return found
    for name in ("kolmogorov_smirnov", "kuiper", "spiegelhalter"):
        found[f"MAPIE {version('mapie')}, {name}"] = _of_classes(getattr(mapie, f"{name}_p_value"))
    return found
