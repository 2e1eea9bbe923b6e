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

import math
from typing import NamedTuple

import numba
import numpy as np

from engine.config import SetupConfig
from engine.rules.kinds.kind import usable
from engine.rules.level_book import (
    LAST_EVENT,
    MAJOR,
    NEAR,
    NEAR_HIGH,
    NEAR_LOW,
    ORDER,
    WORTH,
    ZONE_HIGH,
    ZONE_LOW,
)
from engine.rules.levels import freshness

SETUP = ("floor", "ceiling", "target_low", "target_high", "retest")
FLOOR, CEILING, TARGET_LOW, TARGET_HIGH, RETEST = range(len(SETUP))

SETUP_LEVELS = ("floor_level_id", "ceiling_level_id", "target_level_id", "retest_level_id")
FLOOR_LEVEL, CEILING_LEVEL, TARGET_LEVEL, RETEST_LEVEL = range(len(SETUP_LEVELS))
PROJECTED, UNDEFINED = -1, -2


class SetupParams(NamedTuple):
    """:class:`engine.config.SetupConfig` as the kernels read it."""

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
    return SetupParams(**{name: getattr(setup, name) for name in SetupParams._fields})


@numba.njit(cache=True, inline="always")
def find_near(lowest, highest, zones, averages, hot):
    """Collect the levels whose lower edge lies in [lowest, highest] into NEAR, ascending; returns how many.

    The first ``averages`` rows of the book are moving averages, which are merged into the ``zones`` in ORDER.
    """
    first = 0
    last = zones
    while first < last:
        middle = (first + last) // 2
        if hot[ZONE_LOW, int(hot[ORDER, middle])] < lowest:
            first = middle + 1
        else:
            last = middle
    found = 0
    for k in range(first, zones):
        r = int(hot[ORDER, k])
        if not hot[ZONE_LOW, r] <= highest:
            break
        hot[NEAR, found] = r
        hot[NEAR_LOW, found] = hot[ZONE_LOW, r]
        hot[NEAR_HIGH, found] = hot[ZONE_HIGH, r]
        found += 1
    for r in range(averages):
        price = hot[ZONE_LOW, r]
        if not lowest <= price <= highest:
            continue
        m = found
        while m > 0 and hot[NEAR_LOW, m - 1] > price:
            hot[NEAR, m] = hot[NEAR, m - 1]
            hot[NEAR_LOW, m] = hot[NEAR_LOW, m - 1]
            hot[NEAR_HIGH, m] = hot[NEAR_HIGH, m - 1]
            m -= 1
        hot[NEAR, m] = r
        hot[NEAR_LOW, m] = price
        hot[NEAR_HIGH, m] = price
        found += 1
    return found


@numba.njit(cache=True, inline="always")
def first_above(price, found, hot):
    """Place in NEAR of the first level that begins above ``price``."""
    m = 0
    while m < found and hot[NEAR_LOW, m] <= price:
        m += 1
    return m


@numba.njit(cache=True)
def _is_major(i, m, hot, params):
    r = int(hot[NEAR, m])
    return hot[MAJOR, r] != 0.0 or hot[WORTH, r] * freshness(i - hot[LAST_EVENT, r]) >= params.strong_strength


@numba.njit(cache=True, inline="always")
def _nearest_resistance(bar, found, above, hot, params):
    best = -1
    least = bar.close + params.min_ceiling_atr * bar.atr
    for m in range(above):  # zones that hold the close: the one that ends first
        high = hot[NEAR_HIGH, m]
        if high >= least and high > bar.close and (best < 0 or high < hot[NEAR_HIGH, best]):
            best = m
    if best >= 0:
        return best
    for m in range(above, found):
        low = hot[NEAR_LOW, m]
        if low > bar.close + params.max_atr * bar.atr or (best >= 0 and low > hot[NEAR_LOW, best]):
            break
        if hot[NEAR_HIGH, m] >= least and (best < 0 or hot[NEAR_HIGH, m] < hot[NEAR_HIGH, best]):
            best = m
    return best


@numba.njit(cache=True, inline="always")
def _nearest_target(bar, ceiling, found, above, hot, params):
    """First major zone that begins at the ceiling or above and is far enough from the close."""
    least = max(ceiling, bar.close + params.min_target_atr * bar.atr)
    for m in range(above, found):
        if hot[NEAR_LOW, m] > bar.close + params.max_atr * bar.atr:
            break
        if hot[NEAR_LOW, m] >= least and _is_major(bar.index, m, hot, params):
            return m
    return -1


@numba.njit(cache=True, inline="always")
def _nearest_floor(bar, above, hot, params):
    highest = bar.close - params.min_floor_atr * bar.atr
    for m in range(above - 1, -1, -1):
        low = hot[NEAR_LOW, m]
        if low < bar.close - params.max_atr * bar.atr:
            break
        if low <= highest and hot[NEAR_HIGH, m] < bar.close and _is_major(bar.index, m, hot, params):
            return m
    return -1


@numba.njit(cache=True, inline="always")
def _nearest_retest(floor, bar, above, hot, params):
    best = -1
    highest = floor - params.min_retest_atr * bar.atr
    for m in range(above - 1, -1, -1):
        high = hot[NEAR_HIGH, m]
        if high > highest or high < floor - params.max_atr * bar.atr:
            continue
        if best < 0 or high > hot[NEAR_HIGH, best]:
            best = m
    return best


@numba.njit(cache=True, inline="always")
def _row(m, hot):
    return int(hot[NEAR, m]) if m >= 0 else PROJECTED


@numba.njit(cache=True, inline="always")
def choose_setup(bar, sigma, found, above, hot, params):
    """The :class:`Setup` of one close.

    ``found`` levels are in NEAR (:func:`find_near`), from more than twice ``max_atr`` below the close to ``max_atr``
    above it; the one at place ``above`` is the first that begins above the close.
    """
    undefined = Setup(np.nan, np.nan, np.nan, np.nan, np.nan, UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED)
    price = bar.close
    if not usable(bar.atr, price) or not usable(sigma, 1.0):
        return undefined

    step = bar.atr / price  # a projection is a ratio: price * exp(k * ATR / price)
    edge = _nearest_resistance(bar, found, above, hot, params)
    target = -1
    if edge >= 0:
        ceiling = hot[NEAR_HIGH, edge]
        far_enough = hot[NEAR_LOW, edge] - price >= params.min_target_atr * bar.atr
        if far_enough and _is_major(bar.index, edge, hot, params):
            target = edge
            ceiling = hot[NEAR_LOW, edge]
    else:
        ceiling = price * math.exp(min(params.ceiling_projection_atr, params.target_projection_atr) * step)
    if target < 0:
        target = _nearest_target(bar, ceiling, found, above, hot, params)
    if target >= 0:
        target_low = hot[NEAR_LOW, target]
        target_high = hot[NEAR_HIGH, target]
    else:
        target_low = max(price * math.exp(params.target_projection_atr * step), ceiling)
        target_high = target_low

    base = _nearest_floor(bar, above, hot, params)
    floor = hot[NEAR_LOW, base] if base >= 0 else price * math.exp(-params.floor_projection_atr * step)
    under = _nearest_retest(floor, bar, above, hot, params)
    retest = hot[NEAR_HIGH, under] if under >= 0 else floor * math.exp(-params.retest_projection_atr * step)

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
