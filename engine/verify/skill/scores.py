"""Proper scores of a three-way forecast, row by row: log loss, Brier, ranked probability score.

Smaller is better for every score here.  Each function returns one value per row, because everything that
follows (bootstrap, Diebold-Mariano, regimes) works on rows.  Sources: Gneiting
and Raftery (2007), Journal of the American Statistical Association 102, 359-378; Epstein (1969), Journal of
Applied Meteorology 8, 985-987 (ranked probability score); Brier (1950), Monthly Weather Review 78, 1-3.
"""

from __future__ import annotations

import numpy as np

from engine.verify.sound import sound_codes, sound_forecast, sound_probabilities

SCORES = ("log_loss_nats", "brier", "rps")


def log_loss(probabilities: object, codes: object) -> np.ndarray:
    """-ln of the probability given to the class that came true, (n,) nats.

    A probability of exactly 0 for what happened scores infinity: that is what the score says about a forecast
    that called the truth impossible.  The engine's own forecasts are floored at 0.001 before they get here.
    """
    p = sound_probabilities(probabilities)
    y = sound_codes(codes, len(p), p.shape[1])
    hit = p[np.arange(len(p)), y]
    out = np.full(len(p), np.inf)
    np.log(hit, out=out, where=hit > 0)
    out[hit > 0] *= -1.0
    return out + 0.0  # a certain and right forecast scores 0, not -0


def brier(probabilities: object, codes: object) -> np.ndarray:
    """Sum over classes of (p_k - 1[k happened])^2, (n,), between 0 and 2 (Brier's own, unhalved scale)."""
    p = sound_probabilities(probabilities)
    y = sound_codes(codes, len(p), p.shape[1])
    return ((p - _one_hot(y, p.shape[1])) ** 2).sum(axis=1)


def ranked_probability_score(probabilities: object, codes: object) -> np.ndarray:
    """Sum over the K - 1 cuts of (P(class <= k) - 1[class <= k])^2, (n,), between 0 and K - 1.

    Classes are ordered (breakdown < range < continuation), so a forecast that misses by one class loses less
    than one that misses by two.  Not normalised; divide by K - 1 for the [0, 1] convention.
    """
    p = sound_probabilities(probabilities)
    y = sound_codes(codes, len(p), p.shape[1])
    below = np.cumsum(p, axis=1)[:, :-1]
    happened = y[:, None] <= np.arange(p.shape[1] - 1)
    return ((below - happened) ** 2).sum(axis=1)


def binary_log_loss(forecast: object, happened: object) -> np.ndarray:
    """Log loss of one class against all others, (n,) nats; infinity as in :func:`log_loss`."""
    p, y = _binary(forecast, happened)
    return log_loss(np.column_stack([1.0 - p, p]), y)


def binary_brier(forecast: object, happened: object) -> np.ndarray:
    """(p - y)^2 of one class against all others, (n,), between 0 and 1."""
    p, y = _binary(forecast, happened)
    return (p - y) ** 2


def score_table(probabilities: object, codes: object) -> np.ndarray:
    """The three scores of :data:`SCORES` side by side, (n, 3)."""
    return np.column_stack(
        [
            log_loss(probabilities, codes),
            brier(probabilities, codes),
            ranked_probability_score(probabilities, codes),
        ]
    )


def _one_hot(codes: np.ndarray, classes: int) -> np.ndarray:
    out = np.zeros((len(codes), classes))
    out[np.arange(len(codes)), codes] = 1.0
    return out


def _binary(forecast: object, happened: object) -> tuple[np.ndarray, np.ndarray]:
    p = sound_forecast(forecast)
    return p, sound_codes(happened, len(p), 2)
