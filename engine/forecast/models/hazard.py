"""Competing risks over the sessions 1..H: every session can end in a breakdown, a continuation or neither.

The chance of each event in each session, given that nothing has happened before, is the baseline's, moved
by one log-odds shift per event and row:

``P(event c in session j | none before) = h_jc exp(x . b_c) / (h_j0 + sum_k h_jk exp(x . b_k))``

One model answers every horizon, uses the session of each event and not only whether it came, and its
probabilities of breakdown and continuation never fall as the horizon grows.  The last axis of hazards and of
coefficients is breakdown, continuation.

Source: Prentice and Gloeckler, Regression analysis of grouped survival data (1978); Tutz and Schmid,
Modeling discrete time-to-event data (2016), ch. 8 (competing risks).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from scipy.linalg import cholesky

from engine.errors import InputError
from engine.forecast.models.learner import (
    DIRECTION_FACTOR,
    FOLD_TOLERANCE,
    Model,
    Window,
    weighted_sum,
)
from engine.forecast.models.minimise import Minimum, minimise
from engine.forecast.models.ridge_path import Ridge, RidgeCandidates, RidgePath
from engine.kernels.row_blocks import REASSOCIATE, add_gradient_block, linear_block
from engine.scenarios import BREAKDOWN, CONTINUATION, RANGE

_BLOCK = 128
_SMALLEST = 1e-5  # per session; a path count of 0 in 1,000 is not an impossibility
_LARGEST = 1.0 - 1e-5  # of both events together


@dataclass(frozen=True, slots=True, eq=False)
class HazardRows:
    """What coefficients are fitted to.

    Attributes
    ----------
    features : (p, n) without NaN. hazards : (n, J, 2) of the baseline, see :func:`baseline_hazards`.
    session : (n,) int64 session of the first event, 1 .. J, or 0 for none.
    code : (n,) int64, 0 breakdown or 2 continuation; ignored where there was no event.
    weight : (n,) at least 0.
    """

    features: np.ndarray
    hazards: np.ndarray
    session: np.ndarray
    code: np.ndarray
    weight: np.ndarray

    def curvature(self) -> np.ndarray:
        """Hessian of the unpenalised loss at coefficients 0, see :func:`hazard_curvature`."""
        return hazard_curvature(self.features, self.hazards, self.session, self.weight)


class HazardCandidates(RidgeCandidates):
    """Candidates (C, p + 1, 2) of one fold for the given horizons; the last is all zeros."""

    def __init__(self, coefficients: np.ndarray, horizons: tuple[int, ...]) -> None:
        super().__init__(coefficients)
        self.horizons = horizons

    def moved(
        self, coefficients: np.ndarray, features: np.ndarray, offset: np.ndarray, paths: np.ndarray
    ) -> np.ndarray:
        """See :class:`~.ridge_path.RidgeCandidates`."""
        if not coefficients.any():
            return offset.copy()
        cumulative = np.empty((offset.shape[0], paths.shape[1], 3))
        cumulate(features, baseline_hazards(paths), coefficients, cumulative)
        out = np.empty((offset.shape[0], len(self.horizons), 3))
        _log_at(cumulative, np.array(self.horizons, dtype=np.int64), out)
        return out

    def contributions(self, weights: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See :class:`~.learner.Fitted`."""
        out = np.zeros((3, len(features)))
        events = weighted_sum(weights, self.coefficients)[:-1] * features[:, None]
        out[BREAKDOWN], out[CONTINUATION] = events.T
        return out


def _rows(window: Window) -> HazardRows:
    return HazardRows(
        window.features,
        baseline_hazards(window.paths),
        window.event_session,
        window.event_code,
        window.weight,
    )


def _fit(rows: HazardRows, hessian: np.ndarray, start: np.ndarray, penalty: float) -> Minimum:
    return fit_hazard(rows, hessian, start, event_ridge(penalty, DIRECTION_FACTOR), FOLD_TOLERANCE)


MODEL = Model(
    learner=lambda names, horizons: RidgePath(
        Ridge((2,), _rows, _fit, lambda theta: HazardCandidates(theta, horizons))
    ),
    rebuilt=lambda arrays, horizons: HazardCandidates(arrays["coefficients"], horizons),
    all_horizons=True,
    needs_events=True,
)


def baseline_hazards(paths: np.ndarray) -> np.ndarray:
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


def event_ridge(penalty: float, direction_factor: float = 1.0) -> np.ndarray:
    """Penalty (2, 2) on a feature's two coefficients.

    ``direction_factor`` multiplies it on their difference, which tilts the table, against their sum, which widens it.
    """
    both, cross = 0.5 * penalty * (1.0 + direction_factor), 0.5 * penalty * (1.0 - direction_factor)
    return np.array([[both, cross], [cross, both]])


def fit_hazard(
    rows: HazardRows, hessian: np.ndarray, start: np.ndarray, ridge: np.ndarray, tolerance: float
) -> Minimum:
    """Coefficients (p + 1, 2), flattened, intercept last; ``ridge`` (2, 2) of :func:`event_ridge`.

    ``tolerance`` is per unit of total weight.
    """
    shape = start.shape
    d = len(hessian)
    jitter = 1e-9 * max(float(np.trace(hessian)) / d, 1e-12)
    shrink = np.kron(np.eye(d // 2), ridge) + jitter * np.eye(d)
    factor = cholesky(hessian + shrink, lower=True, check_finite=False)
    gradient = np.empty(shape)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        point = theta.reshape(shape)
        value = hazard_loss(
            rows.features, rows.hazards, rows.session, rows.code, rows.weight, point, gradient
        )
        pull = (point @ ridge).ravel()
        return value + 0.5 * float(theta @ pull), gradient.ravel() + pull

    total = max(float(rows.weight.sum()), 1e-12)
    return minimise(objective, start.ravel(), factor, tolerance=tolerance * total)


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
    """Weighted negative log-likelihood up to a constant, in nats; ``gradient`` (p + 1, 2) is overwritten.

    features (p, n), hazards (n, J, 2), session, code and weight (n,): see :class:`HazardRows`; theta (p + 1, 2).
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
    """Fill ``out`` (n, J, 3) with probabilities up to each session, row by row: a row never depends on its neighbours.

    features (p, n), hazards (n, J, 2) of the baseline, theta (p + 1, 2), intercept last.
    """
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


def hazard_curvature(
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
