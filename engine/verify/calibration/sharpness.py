"""How much the forecasts commit themselves, and what that is worth.

Sharpness is a property of the forecasts alone; it is a virtue only together with calibration (Gneiting,
Balabdaoui and Raftery 2007, Journal of the Royal Statistical Society B 69, 243-268).
"""

from __future__ import annotations

import numpy as np

from engine.verify.sound import need_rows, sound_forecast, sound_probabilities

_BINS = 20


def sharpness(forecast: object) -> dict[str, object]:
    """Distribution of one class's forecasts (n,): quantiles, spread and the counts of 20 equal bins of [0,
    1].

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.too_few_rows``.
    """
    p = sound_forecast(forecast)
    need_rows(len(p))
    q05, q25, q50, q75, q95 = (float(v) for v in np.quantile(p, [0.05, 0.25, 0.5, 0.75, 0.95]))
    counts = np.bincount(np.minimum((p * _BINS).astype(np.int64), _BINS - 1), minlength=_BINS)
    return {
        "mean": float(p.mean()),
        "standard_deviation": float(p.std()),
        "q05": q05,
        "q25": q25,
        "q50": q50,
        "q75": q75,
        "q95": q95,
        "rows_in_twentieths": [int(c) for c in counts],
    }


def entropies_nats(probabilities: object) -> np.ndarray:
    """Entropy (n,) of each forecast (n, K): the log loss it expects of itself."""
    p = sound_probabilities(probabilities)
    log_p = np.zeros_like(p)
    np.log(p, out=log_p, where=p > 0)
    return -(p * log_p).sum(axis=1)


def entropy_nats(probabilities: object) -> float:
    """Mean entropy of the forecasts (n, K): the log loss they expect of themselves if they are calibrated."""
    entropies = entropies_nats(probabilities)
    need_rows(len(entropies))
    return float(entropies.mean())
