"""Do two forecasts differ? The Diebold-Mariano test with a variance that knows about overlap.

Diebold and Mariano (1995), Journal of Business and Economic Statistics 13, 253-263; the Bartlett variance is
Newey and West (1987), Econometrica 55, 703-708.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.errors import InputError
from engine.verify.skill.long_run import long_run_variance
from engine.verify.skill.student import student_tail


class DieboldMariano(NamedTuple):
    """Mean difference per row, its t statistic and its two-sided p-value (NaN where undefined)."""

    mean_difference: float
    statistic: float
    p_value: float


def diebold_mariano(difference: object, bandwidth: float) -> DieboldMariano:
    """Test whether the mean of ``difference`` (n,), first forecast's score minus the second's, is 0.

    The long-run variance is Bartlett-weighted up to ``bandwidth`` rows, rounded up (use 5 H for forecasts H sessions
    ahead: weights then fall by a tenth on average over the lags that overlap touches), scaled up by
    1 / (1 - bandwidth / n) for what estimating the mean costs.  It rests on about 1.5 n / bandwidth
    independent pieces, which are the degrees of freedom of the t distribution the statistic is held against.

    A difference that is 0 throughout has p-value 1.  Fewer than two bandwidths of rows: statistic and p-value
    are NaN, because the variance cannot be estimated.

    Raises
    ------
    InputError
        ``verify.not_finite``, ``verify.too_few_rows`` (none), ``verify.bad_block`` (bandwidth below 1).
    """
    d = np.asarray(difference, dtype=np.float64)
    if d.ndim != 1 or not np.isfinite(d).all():
        raise InputError("verify.not_finite", f"differences of shape {d.shape} must be a finite (n,) array")
    if not len(d):
        raise InputError("verify.too_few_rows", "0 rows, at least 1 is needed")
    if not bandwidth >= 1:
        raise InputError("verify.bad_block", f"bandwidth {bandwidth} is below 1 row")
    mean = float(d.mean())
    if not d.any():
        return DieboldMariano(0.0, 0.0, 1.0)
    n = len(d)
    variance = long_run_variance(d, bandwidth)
    if n < 2 * bandwidth or variance <= 0.0:
        return DieboldMariano(mean, float("nan"), float("nan"))
    statistic = mean / np.sqrt(variance / n)
    p_value = 2.0 * student_tail(abs(statistic), 1.5 * n / np.ceil(bandwidth))
    return DieboldMariano(mean, float(statistic), p_value)
