"""Every combination of the values of each dimension, in an order that spreads out from the first trials on.

Combinations are visited in steps of about the golden section of their number, without a common divisor with it: every
one comes once before any comes again, and the first few are already all over the grid.
"""

from __future__ import annotations

import math

import numpy as np

from engine.errors import ConfigError
from engine.tune.samplers.sampler import Asked, Sampler


def propose(asked: Asked) -> np.ndarray:
    """The grid point of this trial's number.

    Raises
    ------
    ConfigError
        ``tune.no_grid`` where a dimension is a range without steps.
    """
    sizes = []
    for parameter in asked.space:
        if parameter.values is None:
            raise ConfigError(
                "tune.no_grid",
                f"tune.space.{parameter.path}: a grid needs values that can be counted",
                "give choices, or low, high and step; or another tune.sampler",
            )
        sizes.append(len(parameter.values))
    return place(grid_point(asked.number, sizes), sizes)


def grid_point(number: int, sizes: list[int]) -> list[int]:
    """Position along each dimension of the ``number``-th point visited."""
    points = math.prod(sizes)
    step = max(1, round(points * (math.sqrt(5.0) - 1.0) / 2.0))
    while math.gcd(step, points) > 1:
        step += 1
    return mixed_radix(number * step % points, sizes)


def mixed_radix(index: int, sizes: list[int]) -> list[int]:
    """Position along each dimension of point ``index``; the last dimension moves first."""
    found = []
    for size in reversed(sizes):
        index, position = divmod(index, size)
        found.append(position)
    return found[::-1]


def place(positions: list[int], sizes: list[int]) -> np.ndarray:
    """The middles of the parts of the unit cube that belong to these positions."""
    return (np.array(positions) + 0.5) / np.array(sizes)


SAMPLER = Sampler("grid", "every combination of values", propose)
