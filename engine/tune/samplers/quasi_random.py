"""Settings that fill the space evenly: a scrambled Sobol sequence (Owen 1998), one point a trial."""

from __future__ import annotations

import numpy as np

from engine.tune.samplers.sampler import Asked, Sampler


def propose(asked: Asked) -> np.ndarray:
    """The ``number``-th point of the sequence that belongs to the study's seed."""
    return sobol_point(asked.study_seed, asked.number, len(asked.space))


def sobol_point(seed: int, number: int, dimensions: int) -> np.ndarray:
    """Point ``number`` of the scrambled sequence of ``seed``, (dimensions,) in [0, 1)."""
    from scipy.stats.qmc import Sobol

    engine = Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if number:  # scipy's own skip raises OverflowError for no points
        engine.fast_forward(number)
    found: np.ndarray = engine.random(1)[0]
    return np.minimum(found, np.nextafter(1.0, 0.0))


SAMPLER = Sampler("quasi_random", "settings that fill the space evenly", propose)
