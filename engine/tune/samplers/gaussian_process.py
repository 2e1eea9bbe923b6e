"""A Gaussian process over the unit cube, and the point whose expected improvement is largest.

Matern kernel of smoothness 5/2 with one length for all dimensions, on standardised values; length and noise are the
pair of a small grid with the largest marginal likelihood (Rasmussen and Williams, Gaussian Processes for Machine
Learning, 2006, chapters 4 and 5).  Expected improvement (Jones, Schonlau and Welch 1998) is compared over a Sobol set and
points near the best trial; trials of the same batch count as if they had turned out as expected.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtr

from engine.tune.samplers.quasi_random import propose as propose_evenly
from engine.tune.samplers.sampler import Asked, Sampler

STARTUP_TRIALS = 10
_MOST = 200  # trials modelled, the best and the latest: the work grows with their cube
_LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6)
_NOISES = (1e-4, 1e-2, 1e-1, 0.5)


def propose(asked: Asked) -> np.ndarray:
    """See the module."""
    if asked.number < STARTUP_TRIALS or len(asked.values) < 3 or np.ptp(asked.values) <= 0:
        return propose_evenly(asked)
    units, values = _fewer(asked.units, asked.values)
    y = (values - values.mean()) / values.std()
    length, noise = _likeliest(units, y)
    if len(asked.pending):
        mean, _ = _posterior(units, y, asked.pending, length, noise)
        units, y = np.vstack([units, asked.pending]), np.concatenate([y, mean])
    candidates = _candidates(asked, units[int(np.argmax(y))])
    mean, spread = _posterior(units, y, candidates, length, noise)
    gain = mean - y.max()
    z = gain / spread
    improvement = gain * ndtr(z) + spread * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return np.minimum(candidates[int(np.argmax(improvement))], np.nextafter(1.0, 0.0))


def _fewer(units: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(values) <= _MOST:
        return units, values
    best = np.argsort(-values, kind="stable")[: _MOST // 2]
    kept = np.union1d(best, np.arange(len(values) - _MOST // 2, len(values)))
    return units[kept], values[kept]


def _candidates(asked: Asked, best: np.ndarray) -> np.ndarray:
    from scipy.stats.qmc import Sobol

    rng = np.random.default_rng(asked.seed)
    d = len(asked.space)
    wide = Sobol(d, scramble=True, rng=rng).random(512)
    near = np.clip(best + rng.normal(0.0, 0.05, (128, d)), 0.0, 1.0)
    found = np.vstack([wide, near])
    for j, parameter in enumerate(asked.space):
        count = len(parameter.values) if parameter.values is not None and not parameter.log else 0
        if count:  # every point of a part stands for one value: judge it at the middle
            found[:, j] = (np.minimum((found[:, j] * count).astype(np.int64), count - 1) + 0.5) / count
    return found


def _kernel(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    square = np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1) - 2.0 * a @ b.T, 0.0)
    r = np.sqrt(5.0 * square) / length
    found: np.ndarray = (1.0 + r + r * r / 3.0) * np.exp(-r)
    return found


def _likeliest(units: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    best, found = -np.inf, (_LENGTHS[0], _NOISES[0])
    for length in _LENGTHS:
        kernel = _kernel(units, units, length)
        for noise in _NOISES:
            factor = cho_factor(kernel + noise * np.eye(len(y)), lower=True)
            fit = -0.5 * float(y @ cho_solve(factor, y)) - float(np.log(np.diag(factor[0])).sum())
            if fit > best:
                best, found = fit, (length, noise)
    return found


def _posterior(
    units: np.ndarray, y: np.ndarray, at: np.ndarray, length: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    factor = cho_factor(_kernel(units, units, length) + noise * np.eye(len(y)), lower=True)
    cross = _kernel(at, units, length)
    mean = cross @ cho_solve(factor, y)
    variance = 1.0 - np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T))
    return mean, np.sqrt(np.maximum(variance, 1e-12))


SAMPLER = Sampler("gaussian_process", "largest expected improvement under a Gaussian process", propose)
