"""``random_walk``: driftless Brownian motion between floor and target, in closed form.

The forecast of somebody who knows two distances and today's volatility, and nothing else.  Log prices move
with a constant daily variance ``sigma ** 2``; the probability of leaving the corridor below, above or not at
all is a series, not a simulation.

Two series converge at opposite ends: the eigenfunction series needs few terms when the corridor has been
crossed many times over, the image (reflection) series when the walk has hardly reached an edge.  Six terms of
the right one are exact to the last bits for any distance.

Source
------
Borodin and Salminen, Handbook of Brownian Motion (2002), part II, 1.3.0; Broadie, Glasserman and Kou, "A
continuity correction for discrete barrier options", Mathematical Finance 7 (1997) for the correction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import erfc, ndtr

from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.forecast.baselines.baseline import Baseline, BaselineInput
from engine.forecast.probabilities import blend_with_uniform
from engine.question import CEILING, FLOOR, TARGET_LOW

MONITORING_SHIFT = 0.5826  # -zeta(1/2) / sqrt(2 pi), in standard deviations of one session
_TERMS = 6
_SWITCH = 0.3  # variance over squared width at which six terms of either series are exact


def double_barrier(down: np.ndarray, up: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """P(down first, neither, up first) of a driftless Brownian motion that starts between two barriers.

    Parameters
    ----------
    down, up : distance to the lower and the upper barrier, both positive, any broadcastable shapes; infinity
        means there is no such barrier.
    variance : variance accumulated over the whole period (``sigma ** 2 * T``), >= 0.

    Returns
    -------
    (..., 3) float64, in the order of :data:`engine.scenarios.SCENARIOS`, inside [0, 1], rows sum to 1 within
    1e-12; NaN where an argument is NaN.

    Raises
    ------
    InputError
        ``forecast.not_between`` where a distance is 0 or negative or the variance is negative.

    Example
    -------
    >>> double_barrier(0.05, 0.03, 0.0015).round(6).tolist()
    [0.192197, 0.370013, 0.43779]
    """
    down, up, variance = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (down, up, variance)))
    if (down <= 0.0).any() or (up <= 0.0).any() or (variance < 0.0).any():
        raise InputError(
            "forecast.not_between",
            "a distance to a barrier is not positive, or a variance is negative",
            "the start must lie strictly between the barriers; use NaN for undefined rows",
        )
    out = np.full((*down.shape, 3), np.nan)
    defined = ~(np.isnan(down) | np.isnan(up) | np.isnan(variance))
    # a barrier 60 standard deviations away is never met: infinity becomes a number the series can carry
    far = 60.0 * np.sqrt(variance[defined]) + 1e-300
    near_down = np.minimum(down[defined], far)
    near_up = np.minimum(up[defined], far)
    width = near_down + near_up
    start = near_down / width
    spread = np.sqrt(variance[defined]) / width
    rows = np.empty((start.size, 3))
    long = spread * spread >= _SWITCH
    rows[long] = _eigenfunctions(start[long], spread[long] ** 2)
    rows[~long] = _images(start[~long], near_up[~long] / width[~long], spread[~long])
    out[defined] = rows
    return out


def _eigenfunctions(start: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Corridor of width 1, start in (0, 1), time = variance / width**2 not small."""
    n = np.arange(1, _TERMS + 1) * np.pi
    decayed = (2.0 / n) * np.sin(n * start[:, None]) * np.exp(-0.5 * n * n * time[:, None])
    signs = np.where(np.arange(_TERMS) % 2 == 0, -1.0, 1.0)
    up = np.clip(start + (decayed * signs).sum(axis=1), 0.0, 1.0)
    neither = np.clip(2.0 * decayed[:, ::2].sum(axis=1), 0.0, 1.0)
    return _closed(up, neither, np.clip(1.0 - up - neither, 0.0, 1.0))


def _images(start: np.ndarray, end: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Corridor of width 1, ``start`` above the lower and ``end`` below the upper edge, short times."""
    k = 2.0 * np.arange(_TERMS)
    scale = np.sqrt(2.0) * np.maximum(spread, 1e-300)[:, None]

    def first_through(near: np.ndarray, far: np.ndarray) -> np.ndarray:
        # one image per reflection: the near edge directly, minus what had met the far edge before
        return (
            erfc((near[:, None] + k) / scale) - erfc((near[:, None] + 2.0 * far[:, None] + k) / scale)
        ).sum(1)

    up = np.clip(first_through(end, start), 0.0, 1.0)
    down = np.clip(first_through(start, end), 0.0, 1.0)
    return _closed(up, np.clip(1.0 - up - down, 0.0, 1.0), down)


def _closed(up: np.ndarray, neither: np.ndarray, down: np.ndarray) -> np.ndarray:
    rows = np.column_stack([down, neither, up])
    return rows / rows.sum(axis=1, keepdims=True)


def random_walk(
    close: np.ndarray,
    setup: np.ndarray,
    sigma: np.ndarray,
    horizons: Sequence[int],
    outcome: OutcomeConfig,
) -> np.ndarray:
    """Forecast of the driftless random walk for every date and horizon.

    A level that is watched on closes only is moved away by 0.5826 sigma, because a walk that is looked at
    once a session overshoots.  Rule ``target``: the target is watched on highs, the floor on closes unless
    ``floor_break`` is ``touch``.  Rule ``band``: floor and ceiling on closes.  Rule ``terminal``: the normal
    distribution of the last close.

    Parameters
    ----------
    close : (n,) closes.
    setup : (n, 5) floor, ceiling, target_low, target_high, retest.
    sigma : (n,) daily standard deviation of log returns known at that close.
    horizons : sessions ahead.
    outcome : the question.

    Returns
    -------
    (n, len(horizons), 3) float64, every entry at least 0.001; NaN where the setup or sigma is NaN or sigma
    is 0.

    Raises
    ------
    InputError
        ``forecast.bad_shape``; ``forecast.not_between`` where a close is not between its levels.
    """
    close = np.asarray(close, dtype=np.float64)
    setup = np.asarray(setup, dtype=np.float64)
    sigma = np.asarray(sigma, dtype=np.float64)
    if close.ndim != 1 or setup.shape != (len(close), 5) or sigma.shape != close.shape:
        raise InputError(
            "forecast.bad_shape",
            f"close {close.shape}, setup {setup.shape} and sigma {sigma.shape} do not belong together",
            "pass (n,), (n, 5) and (n,)",
        )
    upper = TARGET_LOW if outcome.rule == "target" else CEILING
    down = np.log(close / setup[:, FLOOR])
    up = np.log(setup[:, upper] / close)
    defined = ~np.isnan(down) & ~np.isnan(up) & (sigma > 0.0)
    down, up, sigma = (np.where(defined, a, np.nan)[:, None] for a in (down, up, sigma))
    sessions = np.asarray(horizons, dtype=np.float64)
    if outcome.rule == "terminal":
        spread = sigma * np.sqrt(sessions)
        below, above = ndtr(-down / spread), ndtr(-up / spread)
        p = np.stack([below, 1.0 - below - above, above], axis=-1)
    else:
        floor_on_closes = outcome.rule == "band" or outcome.floor_break == "close"
        p = double_barrier(
            down + (MONITORING_SHIFT * sigma if floor_on_closes else 0.0),
            up + (MONITORING_SHIFT * sigma if outcome.rule == "band" else 0.0),
            sigma**2 * sessions,
        )
    return blend_with_uniform(p)


def _forecast(seen: BaselineInput) -> np.ndarray:
    entry, config = seen.entry, seen.config
    return random_walk(entry.bars.close, entry.setup, entry.known["sigma"], config.horizons, config.outcome)


BASELINE = Baseline(
    name="random_walk",
    label="Random walk",
    short="Walk",
    meaning="driftless random walk",
    order=20,
    forecast=_forecast,
)
