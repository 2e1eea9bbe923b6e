"""The points of a sweep: a grid, counted and not listed, or points drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import ConfigError
from engine.kernels.streams import point_units
from engine.sweep.axes import Axis
from engine.tune.samplers.grid import mixed_radix

MANY = 10_000  # points from which on a sweep has to be asked for twice


@dataclass(frozen=True, slots=True)
class Points:
    """``count`` points; ``settings(i)`` is key -> value of the i-th."""

    axes: tuple[Axis, ...]
    count: int
    settings: Callable[[int], dict[str, Any]]

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return ((i, self.settings(i)) for i in range(self.count))

    def require_few(self, allowed: bool) -> None:
        """Refuse ten thousand points or more unless they are ``allowed``.

        Raises
        ------
        ConfigError
            ``sweep.many``.
        """
        if self.count >= MANY and not allowed:
            raise ConfigError(
                "sweep.many",
                f"{self.count:,} points, each a walk-forward or a backtest",
                "say --yes if that is meant, or draw some: --random 500",
            )


def grid_points(axes: Sequence[Axis]) -> Points:
    """Every combination of values; the last axis moves first."""
    sizes = [len(axis.values) for axis in axes]

    def settings(index: int) -> dict[str, Any]:
        return {axis.path: axis.values[at] for axis, at in zip(axes, mixed_radix(index, sizes), strict=True)}

    return Points(tuple(axes), math.prod(sizes), settings)


def random_points(axes: Sequence[Axis], count: int, seed: int) -> Points:
    """``count`` points, each drawn by itself: more of them leave the first ones as they are."""
    if count < 1:
        raise ConfigError("sweep.bad_axis", f"--random {count}", "draw at least 1 point")

    def settings(index: int) -> dict[str, Any]:
        units = point_units(seed, index, len(axes))
        return {axis.path: axis.at(float(unit)) for axis, unit in zip(axes, units, strict=True)}

    return Points(tuple(axes), count, settings)
