"""Past dates most like this one, in the space of the standardised rules, and what followed them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past row and its distance: root mean square over the features, in standard deviations."""

    index: int
    distance: float


def nearest_rows(
    features: np.ndarray,
    sessions: np.ndarray,
    now: np.ndarray,
    *,
    count: int,
    apart_sessions: int,
) -> list[Neighbour]:
    """The ``count`` nearest rows, nearest first, no two closer in time than ``apart_sessions``.

    A neighbour of a chosen date shares most of its past and its future; without the gap the five nearest
    dates would be one week.

    Parameters
    ----------
    features : (p, n) standardised; sessions : (n,) own sessions of the rows; now : (p,) the date to match.
    """
    if features.shape[1] == 0:
        return []
    distance = np.sqrt(np.mean((features - now[:, None]) ** 2, axis=0))
    chosen: list[Neighbour] = []
    for index in np.argsort(distance, kind="stable"):
        if all(abs(int(sessions[index]) - int(sessions[c.index])) >= apart_sessions for c in chosen):
            chosen.append(Neighbour(int(index), float(distance[index])))
            if len(chosen) == count:
                break
    return chosen
