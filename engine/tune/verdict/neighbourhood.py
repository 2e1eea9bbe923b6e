"""Whether the winner stands on a plateau or on a peak.

The best of many noisy scores is partly luck; a setting whose near settings score well too is less so.  Near: no dimension
more than a tenth of its range away, and the same choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.tune.space.parameter import Parameter

RADIUS = 0.15  # of the range, in every dimension
STEP = 0.10
_FEWEST = 4  # trials in a neighbourhood, its centre counted, before its median is believed


@dataclass(frozen=True, slots=True)
class Pick:
    """The trial whose neighbourhood is best.

    Attributes
    ----------
    number, values, score : of the trial.
    median : score of its neighbourhood; ``neighbours`` trials, itself counted.
    """

    number: int
    values: dict[str, Any]
    score: float
    median: float
    neighbours: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class StepAway:
    """The score one step from the winner: ``path`` moved to ``value``, everything else as it is."""

    path: str
    direction: str
    value: Any
    score: float | None
    kept: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; ``kept`` is the share of the gain over the default that survives."""
        return {name: getattr(self, name) for name in self.__slots__}


def best_neighbourhood(
    space: Sequence[Parameter], numbers: Sequence[int], settings: Sequence[dict[str, Any]], scores: np.ndarray
) -> Pick | None:
    """The trial with the largest median score over the trials near it; None where no neighbourhood has four trials.

    Parameters
    ----------
    numbers, settings, scores : of trials with different settings, ascending by number.
    """
    if not len(scores):
        return None
    units = np.array([[p.unit(one[p.path]) for p in space] for one in settings])
    reach = np.array([1e-9 if p.choices else RADIUS for p in space])
    best: Pick | None = None
    for i, centre in enumerate(units):
        near = (np.abs(units - centre) <= reach).all(axis=1)
        count = int(near.sum())
        if count < _FEWEST:
            continue
        median = float(np.median(scores[near]))
        if best is None or (median, scores[i]) > (best.median, best.score):
            best = Pick(int(numbers[i]), dict(settings[i]), float(scores[i]), median, count)
    return best


def steps_away(space: Sequence[Parameter], winner: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """(path, ``down`` or ``up``, value) a tenth of its range from the winner, inside the range; choices stay."""
    found = []
    for parameter in space:
        if parameter.choices:
            continue
        here = parameter.unit(winner[parameter.path])
        for direction, sign in (("down", -1.0), ("up", 1.0)):
            value = _moved(parameter, winner[parameter.path], here, sign)
            if value is not None:
                found.append((parameter.path, direction, value))
    return found


def _moved(parameter: Parameter, value: Any, here: float, sign: float) -> Any | None:
    values = parameter.values
    if values is not None and not parameter.log:  # at least one step
        moved = int(np.clip(round(here * len(values) - 0.5), 0, len(values) - 1))
        target = moved + int(sign) * max(1, round(STEP * len(values)))
        return values[target] if 0 <= target < len(values) else None
    if not 0.0 <= here + sign * STEP <= 1.0:
        return None
    target_value = parameter.at(here + sign * STEP)
    return None if target_value == value else target_value


def fragility(steps: Sequence[StepAway]) -> float | None:
    """Smallest share of the gain that survives a step; None where no step has a score."""
    kept = [step.kept for step in steps if step.kept is not None]
    return min(kept) if kept else None


def share_of_gain(kept: float) -> str:
    """``40% of the gain``; ``nothing of the gain`` where less than it is left, or a loss."""
    return f"{kept:.0%} of the gain" if kept >= 0.005 else "nothing of the gain"
