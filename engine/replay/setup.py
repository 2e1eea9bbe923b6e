"""The setup: floor, ceiling, target and retest, chosen from the book at a close.

Wherever a setup is defined, ``retest < floor < close < ceiling <= target_low <= target_high`` holds strictly.  It is
undefined (NaN, level ids -2) where ATR(14) or sigma is unknown or 0, and where floating point leaves no room between
two of the prices.

ceiling
    Upper edge of the nearest zone whose upper edge lies at least ``min_ceiling_atr`` above the close; a zone that
    holds the close is nearest of all.  Where the nearest resistance is itself far enough away to be the target, the
    range ends where it begins: ceiling = target_low = its lower edge.
target
    The nearest zone that begins at the ceiling or above it, at least ``min_target_atr`` from the close, and is major:
    of a major kind, or of ``strong_strength``.
floor
    Lower edge of the nearest zone below the close whose lower edge lies at least ``min_floor_atr`` down and that is
    major or strong.
retest
    Upper edge, where price arrives, of the next zone of any kind at least ``min_retest_atr`` under the floor.

A level more than ``max_atr`` away is not used.  Where the book has none, the price is projected: so many ATR from the
close (from the floor, for the retest), as a ratio, so that it stays positive; the level id is -1.  With memory
(:mod:`engine.replay.memory`), a major zone that is only a little too near, ``near_atr`` or more, is taken before that.
"""

from __future__ import annotations

import math
from collections import namedtuple
from typing import NamedTuple

import numba
import numpy as np

from engine.config import SetupConfig
from engine.question import EDGES, FLOOR_LEVEL, PROJECTED, UNDEFINED
from engine.rules.book.levels import freshness
from engine.rules.book.ranks import LAST_EVENT, MAJOR, RANK_HIGH, RANK_LOW, RANK_ROW, RANK_TOP, WORTH
from engine.rules.kinds.kind import usable

# SetupConfig as the kernels read it: a field for each of its keys, of the same name and unit; the rule is chosen before
SetupParams = namedtuple(  # type: ignore[misc]
    "SetupParams", tuple(name for name in SetupConfig.model_fields if name != "rule")
)


class Setup(NamedTuple):
    """One setup: prices (NaN where undefined), and the row of the book of each, or PROJECTED, or UNDEFINED."""

    floor: float
    ceiling: float
    target_low: float
    target_high: float
    retest: float
    floor_row: int
    ceiling_row: int
    target_row: int
    retest_row: int


def setup_params(setup: SetupConfig) -> SetupParams:
    """The parameters of the setup kernel, from the config."""
    return SetupParams(**{name: value for name, value in setup if name != "rule"})


def share_projected(setup_levels: np.ndarray) -> dict[str, float | None]:
    """How often each edge of the setup is a projection, among the dates that have a setup.

    Parameters
    ----------
    setup_levels : (n, 4) int64, columns as in :data:`engine.question.SETUP_LEVELS`.

    Returns
    -------
    Keys floor, ceiling, target and retest; None where no date has a setup.
    """
    defined = setup_levels[setup_levels[:, FLOOR_LEVEL] != UNDEFINED]
    if not len(defined):
        return dict.fromkeys(EDGES)
    return dict(zip(EDGES, (defined == PROJECTED).mean(axis=0).tolist(), strict=True))


@numba.njit(cache=True, error_model="numpy", inline="always")
def first_above(price, count, hint, hot):
    """First of ``count`` ranks whose level begins above ``price``; the search starts at ``hint``."""
    k = min(hint, count)
    while k > 0 and hot[RANK_LOW, k - 1] > price:
        k -= 1
    while k < count and hot[RANK_LOW, k] <= price:
        k += 1
    return k


@numba.njit(cache=True, error_model="numpy", inline="always")
def _is_major(i, k, hot, params):
    r = int(hot[RANK_ROW, k])
    return hot[MAJOR, r] != 0.0 or hot[WORTH, r] * freshness(i - hot[LAST_EVENT, r]) >= params.strong_strength


@numba.njit(cache=True, error_model="numpy", inline="always")
def _nearest_resistance(bar, count, above, hot, params):
    best = -1
    least = bar.close + params.min_ceiling_atr * bar.atr
    for k in range(above - 1, -1, -1):  # zones that hold the close: the one that ends first counts
        if hot[RANK_TOP, k] < least:
            break
        high = hot[RANK_HIGH, k]
        if high >= least and high > bar.close and (best < 0 or high < hot[RANK_HIGH, best]):
            best = k
    if best >= 0:
        return best
    for k in range(above, count):
        low = hot[RANK_LOW, k]
        if low > bar.close + params.max_atr * bar.atr or (best >= 0 and low > hot[RANK_LOW, best]):
            break
        if hot[RANK_HIGH, k] >= least and (best < 0 or hot[RANK_HIGH, k] < hot[RANK_HIGH, best]):
            best = k
    return best


@numba.njit(cache=True, error_model="numpy", inline="always")
def _nearest_target(bar, ceiling, count, above, hot, params):
    """First major zone that begins at the ceiling or above and is far enough from the close."""
    least = max(ceiling, bar.close + params.min_target_atr * bar.atr)
    for k in range(above, count):
        if hot[RANK_LOW, k] > bar.close + params.max_atr * bar.atr:
            break
        if hot[RANK_LOW, k] >= least and _is_major(bar.at, k, hot, params):
            return k
    return -1


@numba.njit(cache=True, error_model="numpy", inline="always")
def _nearest_floor(bar, above, hot, params):
    highest = bar.close - params.min_floor_atr * bar.atr
    for k in range(above - 1, -1, -1):
        low = hot[RANK_LOW, k]
        if low < bar.close - params.max_atr * bar.atr:
            break
        if low <= highest and hot[RANK_HIGH, k] < bar.close and _is_major(bar.at, k, hot, params):
            return k
    return -1


@numba.njit(cache=True, error_model="numpy")
def _near_target(bar, count, above, hot, params):
    """The farthest of the major zones that are nearer than a target should be, but at least ``near_atr`` away."""
    best = -1
    for k in range(above, count):
        distance = hot[RANK_LOW, k] - bar.close
        if distance >= params.min_target_atr * bar.atr:
            break
        if distance >= params.near_atr * bar.atr and _is_major(bar.at, k, hot, params):
            best = k
    return best


@numba.njit(cache=True, error_model="numpy")
def _near_floor(bar, above, hot, params):
    """The mirror of :func:`_near_target`."""
    best = -1
    for k in range(above - 1, -1, -1):
        distance = bar.close - hot[RANK_LOW, k]
        if distance >= params.min_floor_atr * bar.atr:
            break
        holds = hot[RANK_HIGH, k] < bar.close
        if distance >= params.near_atr * bar.atr and holds and _is_major(bar.at, k, hot, params):
            best = k
    return best


@numba.njit(cache=True, error_model="numpy", inline="always")
def nearest_retest(floor, bar, above, hot, params):
    """Rank of the zone that ends next below ``floor``, at least ``min_retest_atr`` under it; -1 for none."""
    best = -1
    highest = floor - params.min_retest_atr * bar.atr
    lowest = floor - params.max_atr * bar.atr
    for k in range(above - 1, -1, -1):
        if hot[RANK_TOP, k] < lowest:
            break
        high = hot[RANK_HIGH, k]
        if lowest <= high <= highest and (best < 0 or high > hot[RANK_HIGH, best]):
            best = k
    return best


@numba.njit(cache=True, error_model="numpy", inline="always")
def _row(k, hot):
    return int(hot[RANK_ROW, k]) if k >= 0 else PROJECTED


@numba.njit(cache=True, error_model="numpy", inline="always")
def choose_setup(bar, sigma, count, above, hot, params):
    """The :class:`Setup` of one close; ``above`` is the first of ``count`` ranks that begins above it."""
    undefined = Setup(np.nan, np.nan, np.nan, np.nan, np.nan, UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED)
    price = bar.close
    if not usable(bar.atr, price) or not usable(sigma, 1.0):
        return undefined

    step = bar.atr / price  # a projection is a ratio: price * exp(k * ATR / price)
    edge = _nearest_resistance(bar, count, above, hot, params)
    target = -1
    if edge >= 0:
        ceiling = hot[RANK_HIGH, edge]
        far_enough = hot[RANK_LOW, edge] - price >= params.min_target_atr * bar.atr
        if far_enough and _is_major(bar.at, edge, hot, params):
            target = edge
            ceiling = hot[RANK_LOW, edge]
    else:
        ceiling = price * math.exp(min(params.ceiling_projection_atr, params.target_projection_atr) * step)
    if target < 0:
        target = _nearest_target(bar, ceiling, count, above, hot, params)
    if target < 0 and params.memory:
        target = _near_target(bar, count, above, hot, params)
        if target >= 0 and hot[RANK_LOW, target] < ceiling:
            edge, ceiling = target, hot[RANK_LOW, target]
    if target >= 0:
        target_low = hot[RANK_LOW, target]
        target_high = hot[RANK_HIGH, target]
    else:
        target_low = max(price * math.exp(params.target_projection_atr * step), ceiling)
        target_high = target_low

    base = _nearest_floor(bar, above, hot, params)
    if base < 0 and params.memory:
        base = _near_floor(bar, above, hot, params)
    floor = hot[RANK_LOW, base] if base >= 0 else price * math.exp(-params.floor_projection_atr * step)
    under = nearest_retest(floor, bar, above, hot, params)
    retest = hot[RANK_HIGH, under] if under >= 0 else floor * math.exp(-params.retest_projection_atr * step)

    if not (0.0 < retest < floor < price < ceiling <= target_low <= target_high < np.inf):
        return undefined
    return Setup(
        floor,
        ceiling,
        target_low,
        target_high,
        retest,
        _row(base, hot),
        _row(edge, hot),
        _row(target, hot),
        _row(under, hot),
    )
