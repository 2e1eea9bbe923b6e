"""How strongly to shrink: weights over the candidates of a penalty grid, from what they forecast before.

The earlier folds of the same walk-forward are the inner folds: every candidate has forecast their dates
without having seen them.  At a refit, each candidate counts by ``prior * exp(-log loss)`` of those
forecasts whose horizon has ended, and the forecast is the weighted mean of the candidates' log-odds.
For linear models that is one model with the mean coefficients.

Why not the single best candidate?  Over a few hundred independent outcomes the candidates differ by less
than the noise, and picking the luckiest costs more than it brings.  The last candidate is always the
offset itself, so doubt keeps the forecast near ``filtered_history``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_NEGLIGIBLE = 0.02  # a candidate with less weight than this is left out, so the offset can be reached exactly


def candidate_weights(evidence: np.ndarray, prior: Sequence[float] | None = None) -> np.ndarray:
    """Weights (C,) that sum to 1 from the summed log loss of each candidate, in independent outcomes.

    Parameters
    ----------
    evidence : (C,) sums of log loss in nats; each row must already be scaled by 1 / horizon, because
        overlapping rows are not independent.
    prior : weights before any evidence; None: all alike.

    Source: exponentially weighted forecasts (Vovk 1990; Yang 2004) with log loss, which is Bayesian model
    averaging over prequential likelihoods (Dawid 1984).
    """
    log_weight = -(evidence - evidence.min())
    if prior is not None:
        log_weight = log_weight + np.log(np.asarray(prior, dtype=np.float64))
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    weights[weights < _NEGLIGIBLE] = 0.0
    return weights / weights.sum()
