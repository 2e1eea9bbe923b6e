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
def _summed(shocks, loadings, own_weight, own_column, places):
    """Running sums (K, sessions + 1) of one instrument's normals along its sessions."""
    classes = shocks.shape[2]
    out = np.zeros((classes, places.size + 1))
    for j in range(places.size):
        for k in range(classes):
            z = 0.0
            for f in range(loadings.shape[0]):
                z += loadings[f] * shocks[places[j], f, k]
            if own_weight != 0.0:
                z += own_weight * shocks[places[j], own_column, k]
            out[k, j + 1] = out[k, j] + z
    return out


@numba.njit(cache=True, nogil=True)
def race_history(
    shocks, shocks_onward, alike, loadings, own_weight, places, place_stops, row_stops, start, horizons, present, before,
    inverse, onward, weight, scale, lag, table, total, plain,
):  # fmt: skip
    """One drawn history of all rows.

    Parameters
    ----------
    shocks : (calendar, f + I, K) standard normals of a session: f common factors, then one per instrument
        (the latter absent where ``own_weight`` is 0 throughout).
    shocks_onward : the same for the steps onward, eased over fewer sessions where the step is short.
    alike : True where both are the same normals.
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
    scale : (h, h) 1 / standard deviation of the sum over the sessions after one horizon up to another; on the diagonal
        of the sum from the start.
    lag : (h,) sessions after the horizon before at which a step onward begins, so that it shares no normal with the step
        before.
    table : :data:`TIMES`.
    total : (h, I) receives, per horizon and instrument, the weights of the nested race's outcomes.
    plain : (h, K) receives how often each class won at each horizon in a race of its own (not nested).
    """
    count = loadings.shape[0]
    state = np.empty(horizons.size, np.int64)
    begin_place, begin_row = 0, 0
    for i in range(count):
        length = place_stops[i] - begin_place
        place = places[begin_place : begin_place + length]
        own = _summed(shocks, loadings[i], own_weight[i], loadings.shape[1] + i, place)
        onwards = own
        if not alike:
            onwards = _summed(shocks_onward, loadings[i], own_weight[i], loadings.shape[1] + i, place)
        for row in range(begin_row, row_stops[i]):
            base = start[row] + 1
            for h in range(horizons.size):
                if not present[h, row]:
                    continue
                end = base + horizons[h]
                alone = _first(own, base, end, inverse[h, row], scale[h, h], table)
                plain[h, alone] += 1.0
                earlier = before[h, row]
                if earlier < 0:
                    state[h] = alone
                else:
                    begin = base + horizons[earlier] + lag[h]
                    state[h] = _first(
                        onwards, begin, end, onward[h, row, state[earlier]], scale[earlier, h], table
                    )
                total[h, i] += weight[h, row, state[h]]
        begin_place, begin_row = place_stops[i], row_stops[i]
