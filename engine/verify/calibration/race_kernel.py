"""The inner loop of the race: one history of outcomes, and what it adds up to."""

from __future__ import annotations

import numba
import numpy as np
from scipy.special import log_ndtr

_REACH = 6.0  # beyond, a normal comes up once in 10^9
_STEPS = 128  # per unit; the relative error of the straight line between two of them is below 3e-4
TIMES = -log_ndtr(np.arange(-_REACH, _REACH + 2.5 / _STEPS, 1.0 / _STEPS))


@numba.njit(cache=True, nogil=True)
def _time(z, table):
    """-ln Phi(z), an exponential waiting time where z is standard normal, from the table."""
    x = (min(max(z, -_REACH), _REACH) + _REACH) * _STEPS
    i = int(x)
    return table[i] + (x - i) * (table[i + 1] - table[i])


@numba.njit(cache=True, nogil=True)
def _first(own, begin, end, inverse, scale, table):
    """Which class comes first: waiting time over the sessions ``begin + 1 .. end`` divided by its probability."""
    best, winner = np.inf, 0
    for k in range(own.shape[0]):
        time = _time((own[k, end] - own[k, begin]) * scale, table) * inverse[k]
        if time < best:
            best, winner = time, k
    return winner


@numba.njit(cache=True, nogil=True)
def race_history(
    shocks, loadings, own_weight, places, place_stops, row_stops, start, horizons, present, before,
    inverse, onward, weight, table, total, plain,
):  # fmt: skip
    """One drawn history of all rows.

    Parameters
    ----------
    shocks : (calendar, f + I, K) standard normals of a session: f common factors, then one per instrument
        (the latter absent where ``own_weight`` is 0 throughout).
    loadings, own_weight : (I, f) and (I,), how an instrument's normal is made of them.
    places, place_stops : sessions of one instrument after another on the shared calendar, and where each ends.
    row_stops : (I,) where the rows of each instrument end; rows are ordered by instrument.
    start : (n,) position of the row's own session among its instrument's sessions.
    horizons : (h,) ascending.
    present : (h, n) whether the row is asked at that horizon.
    before : (h, n) the previous horizon at which it is asked, as an index; -1 for none.
    inverse : (h, n, K) 1 / probability.
    onward : (h, n, K, K) 1 / probability of a class given the class at the horizon ``before``.
    weight : (h, n, K) what each class adds to ``total``.
    table : :data:`TIMES`.
    total : (h, I) receives, per horizon and instrument, the weights of the nested race's outcomes.
    plain : (h, K) receives how often each class won at each horizon in a race of its own (not nested).
    """
    count, classes = loadings.shape[0], shocks.shape[2]
    state = np.empty(horizons.size, np.int64)
    begin_place, begin_row = 0, 0
    for i in range(count):
        length = place_stops[i] - begin_place
        own = np.zeros((classes, length + 1))
        for j in range(length):
            place = places[begin_place + j]
            for k in range(classes):
                z = 0.0
                for f in range(loadings.shape[1]):
                    z += loadings[i, f] * shocks[place, f, k]
                if own_weight[i] != 0.0:
                    z += own_weight[i] * shocks[place, loadings.shape[1] + i, k]
                own[k, j + 1] = own[k, j] + z
        for row in range(begin_row, row_stops[i]):
            base = start[row] + 1
            for h in range(horizons.size):
                if not present[h, row]:
                    continue
                end = base + horizons[h]
                alone = _first(own, base, end, inverse[h, row], 1.0 / np.sqrt(horizons[h]), table)
                plain[h, alone] += 1.0
                earlier = before[h, row]
                if earlier < 0:
                    state[h] = alone
                else:
                    state[h] = _first(
                        own, base + horizons[earlier], end, onward[h, row, state[earlier]],
                        1.0 / np.sqrt(horizons[h] - horizons[earlier]), table,
                    )  # fmt: skip
                total[h, i] += weight[h, row, state[h]]
        begin_place, begin_row = place_stops[i], row_stops[i]
