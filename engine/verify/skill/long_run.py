"""Variance of a mean whose neighbours depend on each other: the Bartlett estimate.

Newey and West (1987), Econometrica 55, 703-708.
"""

from __future__ import annotations

import numpy as np


def long_run_covariance(series: np.ndarray, bandwidth: float, used: np.ndarray | None = None) -> np.ndarray:
    """Bartlett estimate (C, C) of n times the covariance of the means of ``series`` (n, C).

    A Bartlett sum up to lag B is the mean square of sums over B neighbours, divided by B; the bandwidth is rounded up
    to whole rows.  Scaled up by 1 / (1 - B / n) for what estimating the means costs.

    Parameters
    ----------
    used : (n,) bool, rows that take part; the others count as 0 but keep their place in time.  None: all.
    """
    keep = np.ones(len(series), bool) if used is None else used
    n, width = int(keep.sum()), int(np.ceil(bandwidth))
    apart = np.where(keep[:, None], series - series[keep].mean(axis=0), 0.0)
    total = np.concatenate([np.zeros((1, apart.shape[1])), np.cumsum(apart, axis=0)])
    ends = np.arange(1, len(series) + width)
    sums = total[np.minimum(ends, len(series))] - total[np.maximum(ends - width, 0)]
    return sums.T @ sums / width / n / max(1.0 - width / n, 0.1)


def long_run_variance(series: np.ndarray, bandwidth: float) -> float:
    """:func:`long_run_covariance` of one series (n,)."""
    return float(long_run_covariance(series[:, None], bandwidth)[0, 0])
