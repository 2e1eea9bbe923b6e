"""A market whose barrier probabilities are known exactly: a symmetric walk on whole numbers.

Levels lie on every 14th number and stay where they are while the price moves, as real levels do; the floor is
the next one at least 6 (two daily standard deviations) below, the target the next at least 6 above.  Both are watched at every step, and the
chance of each scenario follows from counting paths, with no continuity correction and no simulation error.
"""

from __future__ import annotations

from functools import cache

import numpy as np

STEPS = 9  # per session
_GRID, _LEAST = 14, 6


@cache
def exact_probabilities(steps: int) -> np.ndarray:
    """(breakdown, range, continuation) by distance up and down, (distance up, distance down, 3)."""
    reach = _GRID + _LEAST
    out = np.zeros((reach, reach, 3))
    for up in range(_LEAST, reach):
        for down in range(_LEAST, reach):
            p = np.zeros(up + down + 1)
            p[down] = 1.0
            for _ in range(steps):
                moved = np.zeros_like(p)
                moved[:-2] += 0.5 * p[1:-1]
                moved[2:] += 0.5 * p[1:-1]
                moved[0] += p[0]
                moved[-1] += p[-1]
                p = moved
            out[up, down] = p[0], 1.0 - p[0] - p[-1], p[-1]
    return out


def exact_forecasts(rows: int, horizon: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact probabilities (rows, 3) of consecutive sessions, and what came of them (rows,)."""
    rng = np.random.default_rng([seed, 77])
    steps = rng.integers(0, 2, (rows + horizon) * STEPS) * 2 - 1
    walk = np.concatenate([[0], np.cumsum(steps)])
    now = walk[: rows * STEPS : STEPS]
    up = -((-(now + _LEAST)) // _GRID) * _GRID - now
    down = now - ((now - _LEAST) // _GRID) * _GRID
    future = np.lib.stride_tricks.sliding_window_view(walk[1:], horizon * STEPS)[: rows * STEPS : STEPS]
    ahead = future - now[:, None]
    never = horizon * STEPS
    hit_up = np.where((ahead >= up[:, None]).any(axis=1), (ahead >= up[:, None]).argmax(axis=1), never)
    hit_down = np.where(
        (ahead <= -down[:, None]).any(axis=1), (ahead <= -down[:, None]).argmax(axis=1), never
    )
    codes = np.where(hit_up < hit_down, 2, np.where(hit_down < hit_up, 0, 1))
    return exact_probabilities(horizon * STEPS)[up, down], codes
