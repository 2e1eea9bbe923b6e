"""Simulated paths of ``filtered_history``: where the draws come from, and the loop over dates, paths, sessions.

Draws are points of a rank-1 lattice, moved as a whole by a random shift for each date and session.  Every
single draw is uniform, and together they cover each session's shocks, and each pair of sessions, far more
evenly than independent draws do, which is Monte Carlo error saved at no cost.  The shift is a hash of (seed,
date index, session; see :mod:`engine.kernels.streams`): a rerun, another thread or one more bar leaves every draw as it was.

Source
------
Dick, Kuo and Sloan, "High-dimensional integration: the quasi-Monte Carlo way", Acta Numerica 22 (2013),
section 5 (component-by-component construction, random shift).
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np

from engine.forecast.baselines.shocks import MEMORY_DECAY
from engine.kernels.hash import splitmix
from engine.kernels.streams import path_shift
from engine.outcomes.first_touch import DOWN, NOTHING, RULE_TERMINAL, UP, terminal_class, touch_bar
from engine.scenarios import BREAKDOWN, CONTINUATION, SCENARIOS

TARGET_TOUCHED, RETEST_TOUCHED = len(SCENARIOS), len(SCENARIOS) + 1  # columns after the scenarios
COUNTS = len(SCENARIOS) + 2
# columns of the levels a path is held against: log distance from the close
FLOOR, CEILING, TARGET, RETEST = range(4)

HIGHEST_SIGMA = 6.0  # of a path, over the first session's: the wildest month on record stayed below
_PRODUCT_WEIGHT = 0.3  # of each session in the lattice's worst-case error
_CANDIDATES = 128

_S32 = np.uint64(32)


@numba.njit(cache=True, nogil=True)
def _choose_generators(paths, sessions):
    # component by component: the candidate with the least mean-square error given the ones before
    generators = np.ones(sessions, dtype=np.int64)
    product = np.ones(paths)
    tried = np.uint64(0)
    candidates = max(8, min(_CANDIDATES, 4_000_000 // paths))
    for session in range(sessions):
        best = np.inf
        for _ in range(candidates if session > 0 else 1):
            if session == 0:
                generator = np.int64(1)
            else:
                while True:
                    generator = np.int64(splitmix(tried) % np.uint64(paths))
                    tried += np.uint64(1)
                    a, b = generator, paths
                    while b > 0:
                        a, b = b, a % b
                    if a == 1:  # coprime: every session is covered by evenly spread draws
                        break
            error = 0.0
            for p in range(paths):
                error += product[p] * _kernel(p * generator % paths / paths)
            if error < best:
                best = error
                generators[session] = generator
        for p in range(paths):
            product[p] *= _kernel(p * generators[session] % paths / paths)
    return generators


@numba.njit(cache=True, nogil=True)
def _kernel(x):
    return 1.0 + _PRODUCT_WEIGHT * 2.0 * np.pi**2 * (x * x - x + 1.0 / 6.0)


@lru_cache(maxsize=16)
def lattice(paths: int, sessions: int) -> np.ndarray:
    """Multipliers of the lattice, (sessions,) uint64: path p draws ``p * multiplier + shift`` (mod 2 ** 64).

    The multipliers of fewer sessions are the first ones of more sessions.
    """
    generators = _choose_generators(paths, sessions)
    multipliers = np.array([(int(g) << 64) // paths % (1 << 64) for g in generators], dtype=np.uint64)
    multipliers.setflags(write=False)
    return multipliers


@numba.njit(cache=True, nogil=True, inline="always")
def _draw(path, multiplier, shift, size):
    fraction = (np.uint64(path) * multiplier + shift) >> _S32
    return np.int64((fraction * np.uint64(size)) >> _S32)


@numba.njit(cache=True, nogil=True)
def simulate_setups(
    seed,
    rows,
    sigma,
    gain,
    library,
    opens,
    reversal,
    levels,
    multipliers,
    paths,
    rule,
    floor_break_touch,
    tie_continuation,
    counts,
):
    """Count what happens to each date's setup on its paths.

    Parameters
    ----------
    seed : of the run.
    rows : (r,) index of each as-of date from the start of the history, which the draws depend on.
    sigma, gain, library, opens, reversal : of :class:`engine.forecast.baselines.shocks.Shocks`.
    levels : (r, 4) log distance of floor, ceiling, target and retest from the close; a row whose floor is NaN
        is left out.
    multipliers : of :func:`lattice`; its length is the number of sessions.
    paths : per date.
    rule, floor_break_touch, tie_continuation : see :func:`engine.outcomes.first_touch.touch_bar`.
    counts : (r, sessions, 5) int64, filled: paths in each scenario, paths that touched the target, and paths
        that touched the retest, up to and including each session.
    """
    sessions = len(multipliers)
    size = len(library)
    needs_open = floor_break_touch and rule != RULE_TERMINAL
    shifts = np.empty(sessions, dtype=np.uint64)
    for r in range(len(rows)):
        if np.isnan(levels[r, FLOOR]):
            continue
        floor, ceiling = levels[r, FLOOR], levels[r, CEILING]
        target, retest = levels[r, TARGET], levels[r, RETEST]
        for j in range(sessions):
            shifts[j] = path_shift(seed, rows[r], j)
        highest = HIGHEST_SIGMA * sigma[r]
        for p in range(paths):
            place = 0.0
            memory = 0.0
            volatility = sigma[r]
            event = NOTHING
            wait_target = True
            wait_retest = True
            for j in range(sessions):
                i = _draw(p, multipliers[j], shifts[j], size)
                shift = reversal * memory
                memory = MEMORY_DECAY * memory + shift + library[i, 0]
                high = place + volatility * (shift + library[i, 1])
                low = place + volatility * (shift + library[i, 2])
                open_ = place
                open_is_real = False
                if needs_open:
                    open_ = place + volatility * opens[i]  # stands before what the session adds on average
                    open_is_real = not np.isnan(opens[i])
                place += volatility * (shift + library[i, 0])
                volatility = min(gain[r] + volatility * library[i, 3], highest)
                if rule == RULE_TERMINAL:
                    counts[r, j, terminal_class(place, floor, ceiling)] += 1
                elif event == NOTHING:
                    event = touch_bar(
                        rule,
                        floor_break_touch,
                        tie_continuation,
                        open_is_real,
                        open_,
                        high,
                        low,
                        place,
                        floor,
                        ceiling,
                        target,
                    )
                    if event % 10 == UP:
                        counts[r, j, CONTINUATION] += 1
                    elif event % 10 == DOWN:
                        counts[r, j, BREAKDOWN] += 1
                if wait_target and high >= target:
                    wait_target = False
                    counts[r, j, TARGET_TOUCHED] += 1
                if wait_retest and low <= retest:
                    wait_retest = False
                    counts[r, j, RETEST_TOUCHED] += 1
                if event != NOTHING and not wait_target and not wait_retest:
                    break
        _accumulate(counts[r], paths, rule)


@numba.njit(cache=True, nogil=True)
def _accumulate(counts, paths, rule):
    for k in range(COUNTS):
        if rule == RULE_TERMINAL and k < len(SCENARIOS):
            continue  # where the close lies is asked anew each session
        for j in range(1, len(counts)):
            counts[j, k] += counts[j - 1, k]
    if rule != RULE_TERMINAL:
        for j in range(len(counts)):
            counts[j, 1] = paths - counts[j, BREAKDOWN] - counts[j, CONTINUATION]


@numba.njit(cache=True, nogil=True)
def simulate_levels(
    seed, rows, sigma, gain, library, reversal, pointer, distances, multipliers, paths, counts
):
    """Count the paths that touch each level of each date.

    Parameters
    ----------
    seed, rows, sigma, gain, library, reversal, multipliers, paths : as in :func:`simulate_setups`.
    pointer : (r + 1,) where the levels of each date begin in ``distances``.
    distances : (pairs,) log distance of each level from its date's close, ascending within a date.
    counts : (pairs, sessions) int64, filled: paths whose high reached a level above (or at) the close, or
        whose low reached a level below it, up to and including each session.
    """
    sessions = len(multipliers)
    size = len(library)
    shifts = np.empty(sessions, dtype=np.uint64)
    for r in range(len(rows)):
        first, stop = pointer[r], pointer[r + 1]
        if first == stop:
            continue
        nearest_above = first
        while nearest_above < stop and distances[nearest_above] < 0.0:
            nearest_above += 1
        for j in range(sessions):
            shifts[j] = path_shift(seed, rows[r], j)
        highest = HIGHEST_SIGMA * sigma[r]
        for p in range(paths):
            place = 0.0
            memory = 0.0
            volatility = sigma[r]
            above = nearest_above  # the next level up that this path has not met, and the next one down
            below = nearest_above - 1
            for j in range(sessions):
                i = _draw(p, multipliers[j], shifts[j], size)
                shift = reversal * memory
                memory = MEMORY_DECAY * memory + shift + library[i, 0]
                high = place + volatility * (shift + library[i, 1])
                low = place + volatility * (shift + library[i, 2])
                while above < stop and high >= distances[above]:
                    counts[above, j] += 1
                    above += 1
                while below >= first and low <= distances[below]:
                    counts[below, j] += 1
                    below -= 1
                place += volatility * (shift + library[i, 0])
                volatility = min(gain[r] + volatility * library[i, 3], highest)
        for pair in range(first, stop):
            for j in range(1, sessions):
                counts[pair, j] += counts[pair, j - 1]
