"""The contract on randomness: which random numbers belong to which use.

A run has one seed.  Every use draws from a stream of its own, named here and nowhere else, and within a stream each
number has an address (a date, a session, a draw), so that one more bar, draw or instrument, another thread, or a new
use somewhere else leaves every number as it was.

===========================  ==============================================  ==========================================
use                          address                                         function
===========================  ==============================================  ==========================================
paths of filtered_history    row, session                                    :func:`path_shift`
the same, for intervals      draw; row, session                              :func:`interval_seed`
resampled bars               symbol, draw                                    :func:`resampled_bars`
resampled training rows      longest horizon, start of the fold, draw        :func:`resampled_rows`
bootstrap of returns         traded horizon; draw, step                      :func:`verify_seed`, :func:`bootstrap_unit`
null of calibration, power   horizon; chunk of draws                         :func:`verify_seed`, :func:`null_normals`
null in which classes race   draw                                            :func:`verify_seed`, :func:`race_normals`
scores outside a run         horizon                                         :func:`horizon_seed`
placebo: levels              row                                             :func:`placebo_lot`
placebo: bootstrap           horizon; draw, step                             :func:`placebo_seed`
audit: dates, noise          row                                             :func:`audit_lots`, :func:`audit_noise`
width around events          draw                                            :func:`event_draws`
random entries               symbol, draw, day                               :func:`entry_units`
the same: side               symbol/side, draw, day                          :func:`entry_units`
random entries by threshold  symbol/curve (/side), draw, day                 :func:`entry_units`
random decisions             symbol/decision, draw, day                      :func:`entry_units`
search                       trial                                           :func:`trial_seed`
null of a search             draw                                            :func:`null_study_normals`
luck of a search             draw                                            :func:`luck_lots`
sweep at random              point                                           :func:`point_units`
===========================  ==============================================  ==========================================
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numba
import numpy as np

from engine.kernels.hash import GOLDEN, mix64, splitmix, unit

_VERIFY = {"calibration": 2, "power": 3, "joint": 4, "returns": 5}
_NULL, _RACE = 0x0E11, 0x4ACE
_BARS, _ROWS, _EVENTS = 1, 2, 0xE4E7
_STUDY, _LUCK, _POINT = 0x57D7, 0x10C4, 0x901A
_SEED_STEP, _DRAW_STEP = np.uint64(0xD1342543DE82EF95), np.uint64(0xA0761D6478BD642F)
_BOOTSTRAP = np.uint64(0x2545F4914F6CDD1D)


@numba.njit(cache=True, nogil=True)
def path_shift(seed, row, session):
    """Random shift of the lattice of one date (index of its bar) and session ahead, a fraction of 2 ** 64."""
    return splitmix(splitmix(splitmix(np.uint64(seed)) + np.uint64(row)) + np.uint64(session))


def interval_seed(seed: int, draw: int) -> int:
    """Seed of the paths from one resampled history."""
    return seed + draw


def resampled_bars(seed: int, symbol: str, draw: int) -> np.random.Generator:
    """Blocks of an instrument's bars: the same for all horizons, others for each instrument."""
    key = sum(ord(c) * 31**i for i, c in enumerate(symbol)) % 2**32
    return _generator(seed, _BARS, key, draw)


def resampled_rows(seed: int, longest_horizon: int, fold_start: int, draw: int) -> np.random.Generator:
    """Blocks of sessions that a fold is fitted to again: the same for all instruments of a group."""
    return _generator(seed, _ROWS, longest_horizon, fold_start, draw)


def verify_seed(seed: int, horizon: int, use: Literal["calibration", "power", "joint", "returns"]) -> int:
    """Seed of one part of the verification of one horizon; ``joint`` is of all horizons, under horizon 0."""
    state = np.random.SeedSequence([seed, horizon, _VERIFY[use]]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(2))


def horizon_seed(seed: int, horizon: int) -> int:
    """Seed of one horizon where forecasts are scored outside a run: the ledger, and two runs compared."""
    return seed + horizon


@numba.njit(cache=True)
def bootstrap_unit(seed, draw, step):
    """Uniform number in [0, 1) of one step of one draw of a bootstrap; ``seed`` is a uint64."""
    z = seed * _SEED_STEP + np.uint64(draw) * _DRAW_STEP + np.uint64(step) * GOLDEN + _BOOTSTRAP
    return unit(mix64(mix64(z)))


def null_normals(seed: int, chunk: int) -> np.random.Generator:
    """Standard normals of one chunk of the null's draws."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _NULL, chunk])))


def race_normals(seed: int, draw: int) -> np.random.Generator:
    """Standard normals of one draw of the race."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _RACE, draw])))


@numba.njit(cache=True)
def placebo_lot(seed, row):
    """Random number of 64 bits that picks the date whose distances a date is given; ``seed`` is a uint64."""
    return mix64(seed * _SEED_STEP + np.uint64(row + 1) * GOLDEN)


def placebo_seed(seed: int, horizon: int) -> int:
    """Seed of the bootstrap of the placebo's hit rates."""
    return seed + 101 * horizon


def audit_lots(seed: int, bars: int) -> np.ndarray:
    """Random numbers (bars,) uint64; the bars with the smallest ones are audited."""
    with np.errstate(over="ignore"):  # the hash is arithmetic modulo 2 ** 64
        return mix64(np.arange(bars, dtype=np.uint64) + np.uint64(seed) * GOLDEN + GOLDEN)


def audit_noise(seed: int, row: int) -> np.random.Generator:
    """What stands in place of the future of one audited date."""
    return _generator(seed, row)


def event_draws(seed: int, draw: int) -> np.random.Generator:
    """Blocks of past sessions for the intervals of how wide moves around events were."""
    return _generator(seed, _EVENTS, draw)


def entry_units(seed: int, symbol: str, dates: np.ndarray, draws: int) -> np.ndarray:
    """Uniform numbers in [0, 1), (draws, n), of random entries on ``dates`` (n,) datetime64."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{symbol}".encode(), digest_size=8).digest(), "little")
    draw = mix64(np.uint64(key) + np.arange(1, draws + 1, dtype=np.uint64) * GOLDEN)
    day = dates.astype("datetime64[D]").astype(np.int64).view(np.uint64) * GOLDEN
    return unit(mix64(draw[:, None] ^ mix64(day)[None, :]))


def trial_seed(seed: int, trial: int) -> int:
    """Seed of the sampler that proposes one trial of a search."""
    return int(np.random.SeedSequence([seed, trial]).generate_state(1)[0])


def null_study_normals(seed: int, draw: int) -> np.random.Generator:
    """Standard normals of one history on which a whole search is repeated."""
    return _generator(seed, _STUDY, draw)


def luck_lots(seed: int) -> np.random.Generator:
    """Blocks drawn to see how good the best of a search looks by luck."""
    return _generator(seed, _LUCK)


def point_units(seed: int, point: int, dimensions: int) -> np.ndarray:
    """Uniform numbers in [0, 1), (dimensions,), of one point of a random sweep."""
    return _generator(seed, _POINT, point).random(dimensions)


def _generator(*key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(list(key)))
