"""The three scenarios: their order, the codes the arrays carry, and their shares in whole percents."""

from __future__ import annotations

import math
from collections.abc import Sequence

SCENARIOS = ("breakdown", "range", "continuation")  # ordered: breakdown < range < continuation
BREAKDOWN, RANGE, CONTINUATION = range(3)
UNRESOLVED = -1  # the horizon ends after the last session (null in files)


def whole_percents(probabilities: Sequence[float]) -> tuple[int, ...]:
    """Whole percents that sum to 100 (largest remainder; of equal remainders the earlier one wins).

    Parameters
    ----------
    probabilities : non-negative, at least one positive; they are normalised first.

    Raises
    ------
    ValueError
        Negative, NaN or all zero.
    """
    values = [float(p) for p in probabilities]
    total = math.fsum(values)
    if not values or not math.isfinite(total) or total <= 0 or min(values) < 0:
        raise ValueError(f"no probabilities: {list(probabilities)!r}")
    exact = [100.0 * value / total for value in values]
    # 29.000000000000004 has remainder 0, not the largest one
    floors = [math.floor(round(value, 9)) for value in exact]
    remainders = [round(value - floor, 9) for value, floor in zip(exact, floors, strict=True)]
    order = sorted(range(len(exact)), key=lambda i: (-remainders[i], i))
    for i in order[: 100 - sum(floors)]:
        floors[i] += 1
    return tuple(floors)
