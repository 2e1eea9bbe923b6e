"""Calibrators: they map a table of probabilities to one whose figures come true as often as they say.

A calibrator is fitted to out-of-sample forecasts, never to fitted values.  All have ``fit(p, codes,
sample_weight)`` and ``predict_proba(p)`` with ``p`` (n, K) probabilities, rows summing to 1, and codes in
0..K-1; a class that never occurs in ``codes`` is allowed.  ``sample_weight`` is in independent outcomes
(1 / horizon for daily rows): the pull towards "change nothing" is a fixed number of imagined outcomes.
NaN is refused.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numba
import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from engine.errors import ConfigError, InputError
from engine.forecast.calibration.venn_abers import venn_abers_pairs
from engine.forecast.models.logistic_kernels import log_rows, softmax_rows
from engine.forecast.probabilities import FLOOR, floor_probabilities

FEWEST_FOR_STEPS = 2000  # independent rows below which isotonic and Venn-Abers are refused
_TEMPERATURE_PRIOR = 16.0  # log temperature within +-0.25 of 0 unless the outcomes say otherwise
_DIAGONAL_PRIOR = 16.0
_INTERCEPT_PRIOR = 16.0
_OFF_DIAGONAL_PRIOR = 64.0  # structured ridge: classes feed into each other only on strong evidence


class Calibrator(Protocol):
    """What the walk-forward needs of a calibrator."""

    def fit(self, p: np.ndarray, codes: np.ndarray, sample_weight: np.ndarray | None = None) -> Any:
        """Fit to out-of-sample probabilities and what came true."""

    def predict_proba(self, p: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, (n, K)."""


class IdentityCalibrator(BaseEstimator):
    """Changes nothing."""

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> IdentityCalibrator:
        """Only checks its input."""
        p, _, _ = _check(p, codes, sample_weight)
        self.n_classes_ = p.shape[1]
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """``p``, floored."""
        return floor_probabilities(p)


class TemperatureCalibrator(BaseEstimator):
    """One number: log-odds are multiplied by ``slope_`` (1 / temperature), in [0.2, 5].

    Source: Guo et al., On calibration of modern neural networks (2017), section 4.2.
    """

    def __init__(self, prior: float = _TEMPERATURE_PRIOR) -> None:
        self.prior = prior

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> TemperatureCalibrator:
        """Newton's method on the logarithm of the slope."""
        p, codes, weight = _check(p, codes, sample_weight)
        self.slope_ = math.exp(_temperature(log_rows(p, FLOOR), codes, weight, float(self.prior)))
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Tempered probabilities, floored."""
        return floor_probabilities(softmax_rows(self.slope_ * log_rows(_probabilities(p), FLOOR)))


class AffineCalibrator(BaseEstimator):
    """Log-odds ``matrix_ @ log p + intercept_``, shrunk to the identity matrix and no intercept.

    ``structure="vector"`` allows the diagonal only; ``"matrix"`` all entries, with the off-diagonal ones
    shrunk harder (structured ridge).

    Source: Kull et al., Beyond temperature scaling (2019), section 3.
    """

    def __init__(
        self,
        structure: str = "vector",
        *,
        diagonal_prior: float = _DIAGONAL_PRIOR,
        off_diagonal_prior: float = _OFF_DIAGONAL_PRIOR,
        intercept_prior: float = _INTERCEPT_PRIOR,
    ) -> None:
        self.structure = structure
        self.diagonal_prior = diagonal_prior
        self.off_diagonal_prior = off_diagonal_prior
        self.intercept_prior = intercept_prior

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> AffineCalibrator:
        """Convex fit with analytic gradient."""
        p, codes, weight = _check(p, codes, sample_weight)
        if self.structure not in ("vector", "matrix"):
            raise InputError("forecast.bad_structure", f"structure {self.structure!r}", "vector or matrix")
        k = p.shape[1]
        z = _centred(p)
        own = np.eye(k)[codes]
        free = np.eye(k, dtype=bool) if self.structure == "vector" else np.ones((k, k), dtype=bool)
        prior = np.where(np.eye(k, dtype=bool), self.diagonal_prior, self.off_diagonal_prior)

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            change, shift = np.zeros((k, k)), theta[-k:]
            change[free] = theta[:-k]
            logits = z + z @ change.T + shift
            top = logits.max(axis=1, keepdims=True)
            mass = np.exp(logits - top)
            total = mass.sum(axis=1, keepdims=True)
            loss = float(weight @ (top[:, 0] + np.log(total[:, 0]) - logits[np.arange(len(z)), codes]))
            residual = weight[:, None] * (mass / total - own)
            slope = residual.T @ z + prior * change
            ridge = 0.5 * float((prior * change**2).sum() + self.intercept_prior * (shift**2).sum())
            return loss + ridge, np.concatenate([slope[free], residual.sum(0) + self.intercept_prior * shift])

        start = np.zeros(int(free.sum()) + k)
        theta = minimize(objective, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-8}).x
        self.matrix_ = np.eye(k)
        self.matrix_[free] += theta[:-k]
        self.intercept_ = theta[-k:]
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Rescaled probabilities, floored."""
        z = _centred(_probabilities(p))
        logits = np.tile(self.intercept_, (len(z), 1))
        for j in range(z.shape[1]):  # a plain sum: a matrix product may round rows differently
            logits += z[:, j, None] * self.matrix_[:, j]
        return floor_probabilities(softmax_rows(logits))


class IsotonicCalibrator(BaseEstimator):
    """A rising step function per class (each class against the rest), floored and renormalised.

    Isotonic regression calls things impossible that merely have not happened yet; on a few hundred
    independent outcomes it costs more than it brings.  See :func:`check_enough_rows`.
    """

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> IsotonicCalibrator:
        """One isotonic regression per class."""
        p, codes, weight = _check(p, codes, sample_weight)
        self.steps_ = []
        for k in range(p.shape[1]):
            step = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
            step.fit(p[:, k], (codes == k).astype(np.float64), sample_weight=weight)
            self.steps_.append((step.X_thresholds_, step.y_thresholds_))
        return self

    @classmethod
    def of_steps(cls, steps: list[tuple[np.ndarray, np.ndarray]]) -> IsotonicCalibrator:
        """A fitted calibrator from the corners (x, y) of each class's function."""
        self = cls()
        self.steps_ = steps
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Heights of each class's function, floored and renormalised."""
        p = _probabilities(p)
        raw = np.column_stack([np.interp(p[:, k], x, y) for k, (x, y) in enumerate(self.steps_)])
        raw[raw.sum(axis=1) <= 0.0] = 1.0
        return floor_probabilities(raw)


class VennAbersCalibrator(BaseEstimator):
    """Inductive Venn-Abers per class: isotonic regression with the new date labelled both ways.

    The two answers ``p0 <= p1`` are merged to ``p1 / (1 - p0 + p1)`` (the minimax choice for log loss) and
    the classes are renormalised.

    Source: Vovk and Petej, Venn-Abers predictors (2014); Vovk, Petej and Fedorova (2015).
    """

    def fit(self, p: Any, codes: Any, sample_weight: Any = None) -> VennAbersCalibrator:
        """Keeps the calibration scores."""
        self.p_, self.codes_, self.weight_ = _check(p, codes, sample_weight)
        return self

    def predict_proba(self, p: Any) -> np.ndarray:
        """Merged probabilities, floored and renormalised."""
        p = _probabilities(p)
        merged = np.empty(p.shape)
        for k in range(p.shape[1]):
            pairs = venn_abers_pairs(self.p_[:, k], self.codes_ == k, p[:, k], self.weight_)
            merged[:, k] = pairs[:, 1] / (1.0 - pairs[:, 0] + pairs[:, 1])
        return floor_probabilities(merged)


def make_calibrator(name: str) -> Calibrator:
    """A fresh calibrator by its config name."""
    if name == "identity":
        return IdentityCalibrator()
    if name == "temperature":
        return TemperatureCalibrator()
    if name in ("vector", "matrix"):
        return AffineCalibrator(name)
    if name == "isotonic":
        return IsotonicCalibrator()
    if name == "venn_abers":
        return VennAbersCalibrator()
    raise InputError("forecast.unknown_calibrator", f"no calibrator is called {name!r}")


def check_enough_rows(name: str, independent_rows: float, *, forced: bool, place: str) -> None:
    """Refuse step-shaped calibrators where they have too few independent rows to learn from.

    Raises
    ------
    ConfigError
        ``forecast.calibrator_refused`` for isotonic and venn_abers below 2,000 independent rows.
    """
    if name in ("isotonic", "venn_abers") and not forced and independent_rows < FEWEST_FOR_STEPS:
        raise ConfigError(
            "forecast.calibrator_refused",
            f"forecast.calibrator {name}: {place} has {independent_rows:,.0f} independent rows "
            f"(rows / horizon), it needs {FEWEST_FOR_STEPS:,}",
            "use temperature, or insist with forecast.force_calibrator: true",
        )


def _check(p: Any, codes: Any, weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p = _probabilities(p)
    codes = np.asarray(codes)
    if codes.shape != (len(p),) or not np.issubdtype(codes.dtype, np.integer):
        raise InputError(
            "forecast.bad_shape", f"codes {codes.shape} do not fit {len(p)} rows of probabilities"
        )
    if len(codes) == 0 or codes.min() < 0 or codes.max() >= p.shape[1]:
        raise InputError(
            "forecast.not_codes", f"codes must be in 0..{p.shape[1] - 1}", "drop unresolved rows"
        )
    weight = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=np.float64)
    if weight.shape != (len(p),) or not (weight >= 0.0).all():
        raise InputError("forecast.bad_weight", "sample_weight must hold one number >= 0 per row")
    return p, codes.astype(np.int64), weight


def _probabilities(p: Any) -> np.ndarray:
    p = np.ascontiguousarray(p, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] < 2 or not np.isfinite(p).all() or (p < 0).any():
        raise InputError("forecast.not_probabilities", "pass (n, classes) probabilities without NaN")
    return p


def _centred(p: np.ndarray) -> np.ndarray:
    logs = log_rows(p, FLOOR)
    return logs - logs.mean(axis=1, keepdims=True)


@numba.njit(cache=True, nogil=True)
def _temperature(logs, codes, weight, prior):
    """Logarithm of the slope that minimises weighted log loss + prior / 2 * (log slope)^2."""
    n, k = logs.shape
    u = 0.0
    for _ in range(50):
        slope = math.exp(u)
        first = prior * u
        second = prior
        for i in range(n):
            top = -np.inf
            for c in range(k):
                top = max(top, slope * logs[i, c])
            mass = 0.0
            mean = 0.0
            square = 0.0
            for c in range(k):
                e = math.exp(slope * logs[i, c] - top)
                mass += e
                mean += e * logs[i, c]
                square += e * logs[i, c] * logs[i, c]
            mean /= mass
            spread = max(square / mass - mean * mean, 0.0)
            first += weight[i] * slope * (mean - logs[i, codes[i]])
            # Gauss-Newton curvature in u: positive whatever the residuals
            second += weight[i] * slope * slope * spread
        step = max(-0.5, min(0.5, first / second))
        u = max(math.log(0.2), min(math.log(5.0), u - step))
        if abs(step) < 1e-9:
            break
    return u
