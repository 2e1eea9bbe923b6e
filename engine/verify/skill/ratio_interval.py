"""Interval of a skill: all skills that the Diebold-Mariano test would not reject.

With a_t and b_t the summed scores of forecast and baseline on date t, skill s = 1 - sum a / sum b.  A value s is
kept where the mean of a_t - (1 - s) b_t is within t standard errors of 0; the standard error is that of
:mod:`engine.verify.skill.diebold_mariano` (Bartlett, t with 1.5 n / bandwidth degrees of freedom), so the interval
excludes 0 exactly where that test, at the level the interval leaves out, rejects.  (Fieller 1954, Journal of the Royal
Statistical Society B 16, 175-185, with a variance that knows about overlap.)

Percentiles of a block bootstrap would be narrower than they say: they take the spread of few blocks for known.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.errors import InputError
from engine.verify.skill.long_run import long_run_covariance
from engine.verify.skill.student import student_quantile


def skill_interval(
    score: object,
    reference: object,
    bandwidth: float,
    *,
    coverage: float = 0.90,
    used: np.ndarray | None = None,
) -> tuple[float, float]:
    """Lower and upper end of 1 - sum of ``score`` / sum of ``reference``.

    Parameters
    ----------
    score, reference : (n,) sums over each date's rows, in order of time; smaller is better.
    bandwidth : dates over which neighbours depend on each other (5 H for forecasts H sessions ahead).
    coverage : share of such intervals that hold the skill.
    used : (n,) bool, the dates of a group; None: all.

    Returns
    -------
    (NaN, NaN) where it cannot be said: fewer than two bandwidths of dates, an infinite score, a reference that may be
    0.  (0, 0) where the scores are equal throughout.

    Raises
    ------
    InputError
        ``verify.shape``, ``verify.bad_block`` (bandwidth below 1).

    Examples
    --------
    >>> import numpy as np
    >>> loss = np.tile([0.9, 1.1, 1.0, 1.2], 100)
    >>> low, high = skill_interval(0.95 * loss, loss, 20)
    >>> round(low, 3), round(high, 3)
    (0.05, 0.05)
    """
    a, b = np.asarray(score, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or (used is not None and used.shape != a.shape):
        raise InputError(
            "verify.shape", f"scores of shapes {a.shape} and {b.shape} do not describe the same dates"
        )
    return ratio_intervals(np.column_stack([a, b]), bandwidth, coverage=coverage, used=used)(0, 1)


def ratio_intervals(
    scores: np.ndarray, bandwidth: float, *, coverage: float, used: np.ndarray | None = None
) -> Callable[[int, int], tuple[float, float]]:
    """:func:`skill_interval` for any two columns of ``scores`` (n, C), their covariance computed once."""
    if not bandwidth >= 1:
        raise InputError("verify.bad_block", f"bandwidth {bandwidth} is below 1 date")
    kept = scores if used is None else scores[used]
    n, width = len(kept), np.ceil(bandwidth)
    finite = np.isfinite(kept).all(axis=0)
    if n < 2 * bandwidth:
        return lambda one, other: (float("nan"), float("nan"))
    covariance = long_run_covariance(np.where(finite, scores, 0.0), bandwidth, used) / n
    mean = np.where(finite, kept, 0.0).mean(axis=0)
    t = student_quantile(0.5 + coverage / 2, 1.5 * n / width)

    def ends(one: int, other: int) -> tuple[float, float]:
        if not (finite[one] and finite[other]):
            return float("nan"), float("nan")
        if np.array_equal(kept[:, one], kept[:, other]):
            return 0.0, 0.0
        pair = np.array([one, other])
        return _ends(mean[one], mean[other], covariance[np.ix_(pair, pair)], t)

    return ends


def _ends(a: float, b: float, covariance: np.ndarray, t: float) -> tuple[float, float]:
    """Solve (a - r b)^2 = t^2 (V_aa - 2 r V_ab + r^2 V_bb) for r = 1 - skill."""
    leading = b * b - t * t * covariance[1, 1]
    middle = a * b - t * t * covariance[0, 1]
    last = a * a - t * t * covariance[0, 0]
    root = middle * middle - leading * last
    if leading <= 0 or root < -1e-12 * middle * middle:
        return float("nan"), float("nan")
    spread = np.sqrt(max(root, 0.0))
    return float(1.0 - (middle + spread) / leading), float(1.0 - (middle - spread) / leading)
