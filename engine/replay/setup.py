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
close (from the floor, for the retest), as a ratio, so that it stays positive; the level id is -1.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from engine.config import SetupConfig
from engine.rules.indicators import ATR, SIGMA
from engine.rules.kinds.kind import usable
from engine.rules.level_book import ZONE_HIGH, ZONE_LOW
from engine.rules.levels import strength

SETUP = ("floor", "ceiling", "target_low", "target_high", "retest")
FLOOR, CEILING, TARGET_LOW, TARGET_HIGH, RETEST = range(len(SETUP))

SETUP_LEVELS = ("floor_level_id", "ceiling_level_id", "target_level_id", "retest_level_id")
FLOOR_LEVEL, CEILING_LEVEL, TARGET_LEVEL, RETEST_LEVEL = range(len(SETUP_LEVELS))
PROJECTED, UNDEFINED = -1, -2


class SetupParams(NamedTuple):
    """:class:`engine.config.SetupConfig` as the kernels read it, and the mask of the major kinds."""

    min_target_atr: float
    min_floor_atr: float
    min_ceiling_atr: float
    min_retest_atr: float
    max_atr: float
    strong_strength: float
    target_projection_atr: float
    floor_projection_atr: float
    ceiling_projection_atr: float
    retest_projection_atr: float
    major_kinds: int


def setup_params(setup: SetupConfig, major_kinds: int) -> SetupParams:
    """The parameters of the setup kernel, from the config and the registry."""
    settings = {name: getattr(setup, name) for name in SetupParams._fields if name != "major_kinds"}
    return SetupParams(**settings, major_kinds=major_kinds)


@numba.njit(cache=True)
def is_major(row, i, params):
    """True where a level may be a floor or a target."""
    return (row.kinds & params.major_kinds) != 0 or strength(row, i) >= params.strong_strength


@numba.njit(cache=True, inline="always")
def find_near(lowest, highest, hot, order, zones, averages, near, near_low, near_high):
    """Collect the levels whose lower edge lies in [lowest, highest], ascending; returns how many.

    ``order`` ranks the ``zones`` rows of the book that are zones; the first ``averages`` rows are moving averages.
    """
    first = 0
    last = zones
    while first < last:
        middle = (first + last) // 2
        if hot[ZONE_LOW, order[middle]] < lowest:
            first = middle + 1
        else:
            last = middle
    found = 0
    for k in range(first, zones):
        r = order[k]
        if not hot[ZONE_LOW, r] <= highest:
            break
        near[found] = r
        near_low[found] = hot[ZONE_LOW, r]
        near_high[found] = hot[ZONE_HIGH, r]
        found += 1
    for r in range(averages):
        price = hot[ZONE_LOW, r]
        if not lowest <= price <= highest:
            continue
        m = found
        while m > 0 and near_low[m - 1] > price:
            near[m] = near[m - 1]
            near_low[m] = near_low[m - 1]
            near_high[m] = near_high[m - 1]
            m -= 1
        near[m] = r
        near_low[m] = price
        near_high[m] = price
        found += 1
    return found


@numba.njit(cache=True, inline="always")
def first_above(price, near_low, found):
    """Place of the first level that begins above ``price``."""
    m = 0
    while m < found and near_low[m] <= price:
        m += 1
    return m


@numba.njit(cache=True, inline="always")
def _nearest_resistance(price, atr, near_low, near_high, found, above, params):
    best = -1
    least = price + params.min_ceiling_atr * atr
    for m in range(above):  # zones that hold the close: the one that ends first
        if near_high[m] >= least and near_high[m] > price and (best < 0 or near_high[m] < near_high[best]):
            best = m
    if best >= 0:
        return best
    for m in range(above, found):
        if near_low[m] > price + params.max_atr * atr or (best >= 0 and near_low[m] > near_low[best]):
            break
        if near_high[m] >= least and (best < 0 or near_high[m] < near_high[best]):
            best = m
    return best


@numba.njit(cache=True, inline="always")
def _nearest_target(i, price, atr, least, rows, near, near_low, found, above, params):
    """First major zone that begins at ``least`` or above and is far enough from the close."""
    least = max(least, price + params.min_target_atr * atr)
    for m in range(above, found):
        if near_low[m] > price + params.max_atr * atr:
            break
        if near_low[m] >= least and is_major(rows[near[m]], i, params):
            return m
    return -1


@numba.njit(cache=True, inline="always")
def _nearest_floor(i, price, atr, rows, near, near_low, near_high, above, params):
    highest = price - params.min_floor_atr * atr
    for m in range(above - 1, -1, -1):
        if near_low[m] < price - params.max_atr * atr:
            break
        if near_low[m] <= highest and near_high[m] < price and is_major(rows[near[m]], i, params):
            return m
    return -1


@numba.njit(cache=True, inline="always")
def _nearest_retest(floor, atr, near_low, near_high, above, params):
    best = -1
    highest = floor - params.min_retest_atr * atr
    for m in range(above - 1, -1, -1):
        if near_high[m] > highest or near_high[m] < floor - params.max_atr * atr:
            continue
        if best < 0 or near_high[m] > near_high[best]:
            best = m
    return best


@numba.njit(cache=True, inline="always")
def choose_setup(i, close, indicators, rows, near, near_low, near_high, found, above, params, out, chosen):
    """Fill row ``i`` of ``out`` (n, 5) and ``chosen`` (4,): row of the book, or PROJECTED, or UNDEFINED.

    ``near, near_low, near_high, found`` are what :func:`find_near` collected from more than twice ``max_atr`` below
    the close to ``max_atr`` above it, and ``above`` is the place of the first of them above the close.
    """
    for j in range(5):
        out[i, j] = np.nan
    for j in range(4):
        chosen[j] = UNDEFINED
    price = close[i]
    atr = indicators[i, ATR]
    if not usable(atr, price) or not usable(indicators[i, SIGMA], 1.0):
        return

    step = atr / price  # a projection is a ratio: price * exp(k * ATR / price)
    edge = _nearest_resistance(price, atr, near_low, near_high, found, above, params)
    target = -1
    if edge >= 0:
        ceiling = near_high[edge]
        far_enough = near_low[edge] - price >= params.min_target_atr * atr
        if far_enough and is_major(rows[near[edge]], i, params):
            target = edge
            ceiling = near_low[edge]
    else:
        ceiling = price * np.exp(min(params.ceiling_projection_atr, params.target_projection_atr) * step)
    if target < 0:
        target = _nearest_target(i, price, atr, ceiling, rows, near, near_low, found, above, params)
    if target >= 0:
        target_low = near_low[target]
        target_high = near_high[target]
    else:
        target_low = max(price * np.exp(params.target_projection_atr * step), ceiling)
        target_high = target_low

    base = _nearest_floor(i, price, atr, rows, near, near_low, near_high, above, params)
    floor = near_low[base] if base >= 0 else price * np.exp(-params.floor_projection_atr * step)
    under = _nearest_retest(floor, atr, near_low, near_high, above, params)
    retest = near_high[under] if under >= 0 else floor * np.exp(-params.retest_projection_atr * step)

    if not (0.0 < retest < floor < price < ceiling <= target_low <= target_high < np.inf):
        return
    out[i, FLOOR] = floor
    out[i, CEILING] = ceiling
    out[i, TARGET_LOW] = target_low
    out[i, TARGET_HIGH] = target_high
    out[i, RETEST] = retest
    chosen[FLOOR_LEVEL] = near[base] if base >= 0 else PROJECTED
    chosen[CEILING_LEVEL] = near[edge] if edge >= 0 else PROJECTED
    chosen[TARGET_LEVEL] = near[target] if target >= 0 else PROJECTED
    chosen[RETEST_LEVEL] = near[under] if under >= 0 else PROJECTED
