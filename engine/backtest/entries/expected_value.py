"""Enter where three probabilities, two distances and the costs leave an expected gain, in basis points.

With ``entry_lower_bound`` the number is the lower end of the interval of that expectation.  How far expectations are off is
learned from the trades of earlier dates: the mean of earned minus expected over the dates s with s + horizon <= t, and its
standard error from as many independent windows as fit into them.  Before there are ``FEWEST_WINDOWS`` of them no bound is
known, and nothing is entered.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from engine.backtest.entries.rule import EntryRule, Known
from engine.config import BacktestConfig

FEWEST_WINDOWS = 20
_BPS = 1e4


def _score(known: Known, config: BacktestConfig) -> np.ndarray:
    expected = known.payoffs.expected
    if not config.entry_lower_bound:
        return _BPS * expected
    return _BPS * lower_bound(expected, known.earned, known.horizon_sessions, known.interval)


def lower_bound(expected: np.ndarray, earned: np.ndarray, horizon: int, interval: float) -> np.ndarray:
    """(n,) lower end of the interval of each expectation; -inf before enough windows are over, NaN without a table."""
    error = earned - expected
    known = np.isfinite(error)
    clean = np.where(known, error, 0.0)
    sums = np.zeros((3, len(expected)))
    # an error is known once its horizon is over
    sums[:, horizon:] = np.cumsum([known, clean, clean**2], axis=1)[:, : max(len(expected) - horizon, 0)]
    count = np.maximum(sums[0], 1.0)
    windows = sums[0] / horizon
    mean = sums[1] / count
    variance = np.maximum(sums[2] / count - mean**2, 0.0)
    reach = NormalDist().inv_cdf(0.5 + 0.5 * interval) * np.sqrt(variance / np.maximum(windows, 1e-9))
    bound = expected + mean - reach
    return np.where(np.isfinite(expected) & (windows < FEWEST_WINDOWS), -np.inf, bound)


def _threshold(config: BacktestConfig) -> float:
    return config.entry_edge_bps


EXPECTED_VALUE = EntryRule("expected_value", "expected value after costs", "bps", _score, _threshold)
