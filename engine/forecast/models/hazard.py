"""Competing risks over the sessions 1..H: every session can end in a breakdown, a continuation or neither.

The chance of each event in each session, given that nothing has happened before, is the baseline's, moved
by one log-odds shift per event and row:

``P(event c in session j | none before) = h_jc exp(x . b_c) / (h_j0 + sum_k h_jk exp(x . b_k))``

One model answers every horizon, uses the session of each event and not only whether it came, and its
probabilities of breakdown and continuation never fall as the horizon grows.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from scipy.linalg import cholesky
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_is_fitted

from engine.errors import InputError
from engine.forecast.folds.selection import DIRECTION_FACTOR
from engine.forecast.models.learner import FOLD_TOLERANCE, Window, weighted_sum
from engine.forecast.models.minimise import Minimum, minimise
from engine.forecast.models.offset_logistic import check_penalty
from engine.kernels.row_blocks import REASSOCIATE, add_gradient_block, linear_block
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE

EVENTS = (BREAKDOWN, CONTINUATION)  # order of the last axis of hazards and of coefficients
_BLOCK = 128
_SMALLEST = 1e-5  # per session; a path count of 0 in 1,000 is not an impossibility
_LARGEST = 1.0 - 1e-5  # of both events together


class HazardLogistic(BaseEstimator):
    """Discrete competing-risk regression with the baseline's hazards as offset and a ridge penalty.

    Parameters
    ----------
    penalty : ridge on coefficients and intercepts; ``numpy.inf`` or "infinite" returns the baseline.
    tolerance, max_iterations : of the quasi-Newton method, as in ``OffsetLogistic``.

    Attributes
    ----------
    coef_ : (2, p) for breakdown and continuation. intercept_ : (2,). n_iter_ : evaluations.

    Source: Prentice and Gloeckler, Regression analysis of grouped survival data (1978); Tutz and Schmid,
    Modeling discrete time-to-event data (2016), ch. 8 (competing risks).
    """

    def __init__(
        self, penalty: float | str = 1.0, *, tolerance: float = 1e-13, max_iterations: int = 500
    ) -> None:
        self.penalty = penalty
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(
        self, X: Any, event_session: Any, event_code: Any, paths: Any, sample_weight: Any = None
    ) -> HazardLogistic:
        """Fit to first events.

        Parameters
        ----------
        X : (n, p) features without NaN.
        event_session : (n,) session of the first event, 1..J, or 0 for none.
        event_code : (n,) 0 breakdown or 2 continuation; ignored where there was no event.
        paths : (n, J, 3) cumulative probabilities of the baseline after each session.
        sample_weight : (n,).
        """
        X = check_array(X, dtype=np.float64)
        session = np.asarray(event_session, dtype=np.int64)
        code = np.asarray(event_code, dtype=np.int64)
        weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        hazards = baseline_hazards(paths)
        _check_events(session, code, len(X), hazards.shape[1])
        self.n_features_in_ = X.shape[1]
        theta = np.zeros((X.shape[1] + 1, 2))
        penalty = check_penalty(self.penalty)
        self.n_iter_ = 0
        if not np.isinf(penalty):
            features = np.ascontiguousarray(X.T)
            fitted = fit_hazard(
                features, hazards, session, code, weight, theta, penalty, self.tolerance, self.max_iterations
            )
            theta = fitted.point.reshape(theta.shape)
            self.n_iter_ = fitted.evaluations
        self.coef_ = theta[:-1].T.copy()
        self.intercept_ = theta[-1].copy()
        return self

    def predict_cumulative(self, X: Any, paths: Any) -> np.ndarray:
        """Probabilities (n, J, 3) that each scenario is the outcome after sessions 1..J."""
        check_is_fitted(self)
        X = check_array(X, dtype=np.float64)
        out = np.empty((len(X), np.shape(paths)[1], 3))
        theta = np.vstack([self.coef_.T, self.intercept_])
        cumulate(np.ascontiguousarray(X.T), baseline_hazards(paths), theta, out)
        return out


class HazardCandidates:
    """Candidates (C, p + 1, 2) of one fold for the given horizons; the last is all zeros."""

    def __init__(self, coefficients: np.ndarray, horizons: tuple[int, ...]) -> None:
        self.coefficients = coefficients
        self.horizons = horizons

    def logits(self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return np.stack([self._of(c, features, offset, paths) for c in self.coefficients], axis=1)

    def mixed(
        self, weights: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return self._of(weighted_sum(weights, self.coefficients), features, offset, paths)

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        out = np.zeros((3, len(features)))
        events = weighted_sum(weights, self.coefficients)[:-1] * features[:, None]
        out[BREAKDOWN], out[CONTINUATION] = events.T
        return out

    def arrays(self) -> dict[str, Any]:
        """See :class:`engine.forecast.models.learner.Fitted`."""
        return {"kind": "hazard", "coefficients": self.coefficients}

    def _of(
        self, coefficients: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        if not coefficients.any():
            return offset.copy()
        cumulative = np.empty((offset.shape[0], paths.shape[1], 3))
        cumulate(features, baseline_hazards(paths), coefficients, cumulative)
        out = np.empty((offset.shape[0], len(self.horizons), 3))
        _log_at(cumulative, np.array(self.horizons, dtype=np.int64), out)
        return out


class HazardLearner:
    """Ridge path of hazard models, each penalty warm-started from the previous fold."""

    def __init__(
        self, penalties: tuple[float, ...], horizons: tuple[int, ...], tolerance: float = FOLD_TOLERANCE
    ) -> None:
        self.penalties = penalties
        self.horizons = horizons
        self.candidates = len(penalties)
        self.tolerance = tolerance
        self._theta: np.ndarray | None = None

    def due(self, rows: int) -> bool:
        """Fitted again for every fold."""
        return True

    def fit(self, window: Window) -> HazardCandidates:
        """Fit all penalties to the window."""
        if self._theta is None:
            self._theta = np.zeros((self.candidates, len(window.features) + 1, 2))
        hazards = baseline_hazards(window.paths)
        for c, penalty in enumerate(self.penalties):
            if not np.isinf(penalty):
                self._theta[c] = fit_hazard(
                    window.features,
                    hazards,
                    window.event_session,
                    window.event_code,
                    window.weight,
                    self._theta[c],
                    penalty,
                    self.tolerance,
                    direction_factor=DIRECTION_FACTOR,
                ).point.reshape(self._theta[c].shape)
        return HazardCandidates(self._theta.copy(), self.horizons)


def baseline_hazards(paths: Any) -> np.ndarray:
    """Chance of each event in each session given none before, (n, J, 2), from cumulative ``paths`` (n, J, 3).

    Floored at 1e-5 per session; the two together stay below 1 by as much.

    Raises
    ------
    InputError
        ``forecast.bad_shape`` or ``forecast.not_cumulative`` where a probability falls with the horizon.
    """
    paths = np.ascontiguousarray(paths, dtype=np.float64)
    if paths.ndim != 3 or paths.shape[2] != 3:
        raise InputError("forecast.bad_shape", f"paths {paths.shape} are not (n, sessions, 3)")
    out = np.empty((*paths.shape[:2], 2))
    if _hazards(paths, out) < 0:
        raise InputError(
            "forecast.not_cumulative",
            "a probability of breakdown or continuation falls as the horizon grows",
            "the hazard model needs an outcome rule with events: target or band",
        )
    return out


def fit_hazard(
    features: np.ndarray,
    hazards: np.ndarray,
    session: np.ndarray,
    code: np.ndarray,
    weight: np.ndarray,
    start: np.ndarray,
    penalty: float,
    tolerance: float = 1e-13,
    max_iterations: int = 500,
    direction_factor: float = 1.0,
) -> Minimum:
    """Coefficients (p + 1, 2), flattened, intercept last; features (p, n), hazards (n, J, 2).

    ``direction_factor`` multiplies the penalty on differences between the two events, which tilt the table,
    against their sums, which widen it.
    """
    shape = start.shape
    both, cross = 0.5 * penalty * (1.0 + direction_factor), 0.5 * penalty * (1.0 - direction_factor)
    ridge = np.array([[both, cross], [cross, both]])
    hessian = _curvature(features, hazards, session, weight)
    d = len(hessian)
    jitter = 1e-9 * max(float(np.trace(hessian)) / d, 1e-12)
    shrink = np.kron(np.eye(d // 2), ridge) + jitter * np.eye(d)
    factor = cholesky(hessian + shrink, lower=True, check_finite=False)
    gradient = np.empty(shape)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value = hazard_loss(features, hazards, session, code, weight, theta.reshape(shape), gradient)
        pull = (theta.reshape(shape) @ ridge).ravel()
        return value + 0.5 * float(theta @ pull), gradient.ravel() + pull

    total = max(float(weight.sum()), 1e-12)
    return minimise(
        objective, start.ravel(), factor, tolerance=tolerance * total, max_iterations=max_iterations
    )


def _check_events(session: np.ndarray, code: np.ndarray, rows: int, sessions: int) -> None:
    if session.shape != (rows,) or code.shape != (rows,):
        raise InputError("forecast.bad_shape", f"events {session.shape}, {code.shape} do not fit {rows} rows")
    if rows and (session.min() < 0 or session.max() > sessions):
        raise InputError("forecast.bad_events", f"event sessions must be 0 (none) or 1..{sessions}")
    if not np.isin(code[session > 0], EVENTS).all():
        raise InputError("forecast.bad_events", "an event is neither a breakdown (0) nor a continuation (2)")


@numba.njit(cache=True, nogil=True)
def _hazards(paths, out):
    n, sessions = paths.shape[:2]
    for i in range(n):
        down, up = 0.0, 0.0
        for j in range(sessions):
            alive = 1.0 - down - up
            # probabilities floored session by session may fall by as much as the floor
            if paths[i, j, 0] < down - 2e-3 or paths[i, j, 2] < up - 2e-3:
                return -1
            d = max(paths[i, j, 0], down)
            u = max(paths[i, j, 2], up)
            breaks = max((d - down) / max(alive, _SMALLEST), _SMALLEST)
            reaches = max((u - up) / max(alive, _SMALLEST), _SMALLEST)
            # one session may decide nearly everything, where a level is very near: only certainty is cut
            scale = min(1.0, _LARGEST / (breaks + reaches))
            out[i, j, 0] = breaks * scale
            out[i, j, 1] = reaches * scale
            down, up = d, u
    return 0


@numba.njit(cache=True, nogil=True, fastmath=REASSOCIATE)
def hazard_loss(features, hazards, session, code, weight, theta, gradient):
    """Weighted negative log-likelihood up to a constant; ``gradient`` (p + 1, 2) is overwritten.

    The shift of a row is the same in all its sessions, so the exponentials are taken once per row and the
    normalisers of its sessions are multiplied before one logarithm.
    """
    n = features.shape[1]
    sessions = hazards.shape[1]
    gradient[:] = 0.0
    eta = np.empty((2, _BLOCK))
    residual = np.empty((2, _BLOCK))
    total = 0.0
    for begin in range(0, n, _BLOCK):
        width = min(_BLOCK, n - begin)
        linear_block(features, begin, width, theta, eta)
        for i in range(width):
            t = begin + i
            down = math.exp(min(eta[0, i], 50.0))
            up = math.exp(min(eta[1, i], 50.0))
            last = session[t] if session[t] > 0 else sessions
            loss = 0.0
            product = 1.0
            r_down, r_up = 0.0, 0.0
            for j in range(last):
                h_down, h_up = hazards[t, j, 0], hazards[t, j, 1]
                mass = 1.0 + h_down * (down - 1.0) + h_up * (up - 1.0)
                product *= mass
                r_down += h_down * down / mass
                r_up += h_up * up / mass
                if product > 1e200 or product < 1e-200:
                    loss += math.log(product)
                    product = 1.0
            loss += math.log(product)
            if session[t] > 0:
                if code[t] == BREAKDOWN:
                    loss -= eta[0, i]
                    r_down -= 1.0
                else:
                    loss -= eta[1, i]
                    r_up -= 1.0
            total += weight[t] * loss
            residual[0, i] = weight[t] * r_down
            residual[1, i] = weight[t] * r_up
        add_gradient_block(features, begin, width, residual, gradient)
    return total


@numba.njit(cache=True, nogil=True)
def cumulate(features, hazards, theta, out):
    """Cumulative probabilities (n, J, 3), row by row: a row never depends on its neighbours."""
    p, n = features.shape
    for i in range(n):
        eta_down, eta_up = theta[p, 0], theta[p, 1]
        for j in range(p):
            eta_down += features[j, i] * theta[j, 0]
            eta_up += features[j, i] * theta[j, 1]
        down = math.exp(min(eta_down, 50.0))
        up = math.exp(min(eta_up, 50.0))
        alive, broken, reached = 1.0, 0.0, 0.0
        for j in range(hazards.shape[1]):
            h_down, h_up = hazards[i, j, 0] * down, hazards[i, j, 1] * up
            mass = 1.0 - hazards[i, j, 0] - hazards[i, j, 1] + h_down + h_up
            broken += alive * h_down / mass
            reached += alive * h_up / mass
            alive *= 1.0 - (h_down + h_up) / mass
            out[i, j, BREAKDOWN] = broken
            out[i, j, RANGE] = alive
            out[i, j, CONTINUATION] = reached


@numba.njit(cache=True, nogil=True)
def _log_at(cumulative, horizons, out):
    for i in range(len(cumulative)):
        for k in range(len(horizons)):
            for c in range(3):
                out[i, k, c] = math.log(max(cumulative[i, horizons[k] - 1, c], 1e-12))


def _curvature(
    features: np.ndarray, hazards: np.ndarray, session: np.ndarray, weight: np.ndarray, most_rows: int = 2000
) -> np.ndarray:
    """Hessian of the unpenalised loss at coefficients 0, from every n-th row."""
    stride = max(1, features.shape[1] // most_rows)
    x = np.vstack([features[:, ::stride], np.ones((1, features[:, ::stride].shape[1]))])
    h, s = hazards[::stride], session[::stride]
    sessions = hazards.shape[1]
    at_risk = np.arange(sessions)[None, :] < np.where(s > 0, s, sessions)[:, None]
    w = weight[::stride] * (weight.sum() / max(float(weight[::stride].sum()), 1e-300))
    p1 = x.shape[0]
    hessian = np.empty((p1, 2, p1, 2))
    for a in range(2):
        for b in range(2):
            local = (at_risk * (h[..., a] * ((a == b) - h[..., b]))).sum(axis=1)
            hessian[:, a, :, b] = (x * (w * local)) @ x.T
    return hessian.reshape(2 * p1, 2 * p1)
