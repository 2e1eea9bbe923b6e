"""Settings drawn at random, each trial by itself."""

from __future__ import annotations

import numpy as np

from engine.tune.samplers.sampler import Asked, Sampler


def propose(asked: Asked) -> np.ndarray:
    """Uniform in the unit cube."""
    return np.random.default_rng(asked.seed).random(len(asked.space))


SAMPLER = Sampler("random", "settings drawn at random", propose)
