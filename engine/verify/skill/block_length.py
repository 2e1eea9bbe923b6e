"""How long the blocks of a bootstrap must be: the automatic rule of Politis and White.

Politis and White (2004), Econometric Reviews 23, 53-70, with the correction of Patton, Politis and White
(2009), Econometric Reviews 28, 372-375.
"""

from __future__ import annotations

import numpy as np

from engine.errors import InputError


def optimal_block_length(series: object) -> float:
    """Optimal expected block length, in rows, of the stationary bootstrap for the mean of ``series`` (n,).

    The flat-top window of Politis and Romano cuts the autocovariances at twice the first lag after which
    ``max(5, sqrt(log10 n))`` autocorrelations in a row are insignificant.  A constant series needs no blocks
    and gives 1.

    Raises
    ------
    InputError
        ``verify.not_finite`` (NaN, or not one-dimensional), ``verify.too_few_rows`` (fewer than 10).
    """
    x = np.asarray(series, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise InputError("verify.not_finite", f"series of shape {x.shape} must be a finite (n,) array")
    n = len(x)
    if n < 10:
        raise InputError("verify.too_few_rows", f"{n} rows, at least 10 are needed")
    e = x - x.mean()
    if not e.any() or np.allclose(e, 0.0, atol=1e-14 * max(1.0, abs(float(x[0])))):
        return 1.0

    longest = int(np.ceil(min(3.0 * np.sqrt(n), n / 3)))
    quiet = max(5, int(np.sqrt(np.log10(n))))
    most = min(int(np.ceil(np.sqrt(n))) + quiet, n - 2)
    covariance = np.array([np.sum(e[lag:] * e[: n - lag]) for lag in range(most + 1)]) / n
    correlation = (
        np.abs(covariance)
        * n
        / np.array(
            [np.sqrt(np.sum(e[lag + 1 :] ** 2) * np.sum(e[: n - lag - 1] ** 2)) for lag in range(most + 1)]
        )
    )
    significant = correlation >= 2.0 * np.sqrt(np.log10(n) / n)
    # the first lag of the first quiet run, as arch counts it: one more than the paper, never shorter blocks
    quiet_from = [lag for lag in range(most - quiet + 1) if not significant[lag : lag + quiet].any()]
    window = min(2 * max(quiet_from[0], 1), most) if quiet_from else most

    lags = np.arange(1, window + 1)
    taper = np.minimum(1.0, 2.0 * (1.0 - lags / window))
    g = 2.0 * np.sum(taper * lags * covariance[1 : window + 1])
    long_run = covariance[0] + 2.0 * np.sum(taper * covariance[1 : window + 1])

    if long_run == 0.0:
        return float(longest)
    value = (2.0 * g**2 / (2.0 * long_run**2)) ** (1.0 / 3.0) * n ** (1.0 / 3.0)
    return float(min(max(value, 1.0), longest))
