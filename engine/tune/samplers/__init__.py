"""Who proposes the settings of a trial: one file a sampler, each with its :class:`Sampler`.

All work on the unit cube, where :class:`engine.tune.space.parameter.Parameter` puts every dimension, and each is a plain
function of the seed, the trial's number and the trials of earlier batches, so that any process can repeat it.  The
names are in :mod:`engine.config.choices`.
"""

from __future__ import annotations

from engine.config.choices import SAMPLERS
from engine.tune.samplers.sampler import Asked, Sampler


def sampler_named(name: str) -> Sampler:
    """The sampler of a name that the config knows."""
    found: Sampler = SAMPLERS[name].load()
    return found


__all__ = ["Asked", "Sampler", "sampler_named"]
