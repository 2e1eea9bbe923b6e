"""Calibration slope and intercept: a straight line through the log-odds.

    slope      b of  logit P(y = 1) = a + b logit p        below 1: overconfident, above 1: timid
    intercept  a of  logit P(y = 1) = a + logit p          above 0: the class happens more often than said

The intercept is fitted with the slope held at 1 (calibration in the large), so the two answer separate
questions.  Cox (1958), Biometrika 45, 562-565; Van Calster et al. (2019), BMC Medicine 17, 230.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from engine.forecast.probabilities import log_odds
from engine.verify.sound import need_rows, sound_codes, sound_forecast

_CLEAR = 1e-6  # log-odds of 0 and 1 are infinite


class CalibrationLine(NamedTuple):
    """Slope and intercept; NaN where not identified."""

    slope: float
    intercept: float


def calibration_line(forecast: object, happened: object) -> CalibrationLine:
    """Maximum-likelihood slope and intercept of one class.

    Both are NaN where the class never or always happened; the slope is NaN where all forecasts are equal or
    the forecasts separate the outcomes perfectly.  Forecasts are clipped to [1e-6, 1 - 1e-6].

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.not_outcomes``, ``verify.too_few_rows``.
    """
    p = sound_forecast(forecast)
    need_rows(len(p))
    y = sound_codes(happened, len(p), 2).astype(np.float64)
    x = clipped_log_odds(p)
    if y.min() == y.max():
        return CalibrationLine(float("nan"), float("nan"))
    intercept = _fit(np.ones((len(x), 1)), y, x)[0]
    separated = x[y == 1].min() > x[y == 0].max() or x[y == 1].max() < x[y == 0].min()
    if np.ptp(x) < 1e-9 or separated:
        return CalibrationLine(float("nan"), float(intercept))
    slope = _fit(np.column_stack([np.ones(len(x)), x]), y, np.zeros(len(x)))[1]
    return CalibrationLine(float(slope), float(intercept))


def one_step_line(
    p: np.ndarray, hits: np.ndarray, weighted_hits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One Newton step from slope 1 and intercept 0, for many outcome histories at once.

    Parameters
    ----------
    p : (n,) forecasts.
    hits, weighted_hits : (draws,) sum of y, and of y times the forecast's log-odds.

    Returns
    -------
    Slopes and intercepts, (draws,) each; agrees with maximum likelihood to first order round (1, 0).  The slope
    is NaN where all forecasts are equal, both are where all are 0 or 1.
    """
    x = clipped_log_odds(p)
    v = p * (1 - p)
    a, b, d = v.sum(), (v * x).sum(), (v * x * x).sum()
    bias, tilt = hits - p.sum(), weighted_hits - (p * x).sum()
    determinant = a * d - b * b
    unknown = np.full(len(hits), np.nan)
    slope = 1.0 + (a * tilt - b * bias) / determinant if determinant > 1e-9 * a * d else unknown
    return slope, bias / a if a > 0 else unknown


def clipped_log_odds(p: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)) of forecasts kept clear of 0 and 1."""
    return log_odds(np.clip(p, _CLEAR, 1.0 - _CLEAR))


def _fit(X: np.ndarray, y: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Newton's method with halved steps for a logistic regression of at most two coefficients."""
    beta = np.zeros(X.shape[1])
    if X.shape[1] == 2:
        beta[1] = 1.0

    def loss(b: np.ndarray) -> float:
        eta = offset + X @ b
        return float(np.sum(np.logaddexp(0.0, eta) - y * eta))

    current = loss(beta)
    for _ in range(100):
        q = expit(offset + X @ beta)
        gradient = X.T @ (y - q)
        hessian = (X * (q * (1 - q))[:, None]).T @ X
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        size = 1.0
        while size > 1e-6 and loss(beta + size * step) > current + 1e-12:
            size *= 0.5
        beta = beta + size * step
        current = loss(beta)
        if np.max(np.abs(size * step)) < 1e-10:
            break
    return beta
