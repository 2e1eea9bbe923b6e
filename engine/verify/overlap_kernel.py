"""The inner loops behind :mod:`engine.verify.overlap`: normals eased, and summed over the sessions of every row."""

from __future__ import annotations

import numba
import numpy as np

_BLOCK = 1024  # sums made together, so that they stay in the fastest memory


@numba.njit(cache=True, nogil=True)
def ease_kernel(shocks, width, ease, out):
    """Fill ``out``, rows of ``width`` laid end to end, with sums of ``ease`` consecutive rows of ``shocks``, latest first."""
    for begin in range(0, len(out), _BLOCK):
        size = min(_BLOCK, len(out) - begin)
        block = out[begin : begin + size]
        own = shocks[begin + (ease - 1) * width : begin + (ease - 1) * width + size]
        for m in range(size):
            block[m] = own[m]
        for back in range(1, ease):
            own = shocks[begin + (ease - 1 - back) * width : begin + (ease - 1 - back) * width + size]
            for m in range(size):
                block[m] += own[m]


@numba.njit(cache=True, nogil=True)
def sum_sessions(shocks, ease, first, horizon, loadings, own_weight, places, rows, state, running, out):
    """Go on with the sums of every row over a stretch of the calendar, all draws of a chunk at once.

    Parameters
    ----------
    shocks : (sessions + ease - 1, f + I, draws) standard normals from calendar position ``first`` on: common factors,
        then one per instrument (the latter absent where ``own_weight`` is 0 throughout).
    horizon : sessions summed.
    loadings, own_weight : (I, f) and (I,), how an instrument's normal is made of them.
    places : sessions of one instrument after another on the calendar.
    rows : (n, 2) one instrument after another: position of the row's own session among its instrument's, ascending within
        it, and the row's column of ``out``.
    state : (I, 6) where an instrument stands, moved on: its next of ``places`` and where they end; its own session that
        comes next; its next of ``rows`` that begins, that ends, and where they end.
    running : (I, draws) sum over the sessions so far, moved on.
    out : (draws, n) receives the sum of each row, from the moment at which it ends.
    """
    draws, factors = running.shape[1], loadings.shape[1]
    common, mixed = np.empty((factors, draws)), np.empty(draws)
    for t in range(shocks.shape[0] - ease + 1):
        for f in range(factors):
            for d in range(draws):
                value = shocks[t + ease - 1, f, d]
                for back in range(1, ease):
                    value += shocks[t + ease - 1 - back, f, d]
                common[f, d] = value
        for i in range(len(state)):
            if state[i, 0] == state[i, 1] or places[state[i, 0]] != first + t:
                continue
            state[i, 0] += 1
            mixed[:] = 0.0
            for f in range(factors):
                weight = loadings[i, f]
                if weight != 0.0:
                    for d in range(draws):
                        mixed[d] += weight * common[f, d]
            weight = own_weight[i]
            if weight != 0.0:
                for d in range(draws):
                    value = shocks[t + ease - 1, factors + i, d]
                    for back in range(1, ease):
                        value += shocks[t + ease - 1 - back, factors + i, d]
                    mixed[d] += weight * value
            for d in range(draws):
                running[i, d] += mixed[d]
            session = state[i, 2]
            state[i, 2] += 1
            while state[i, 3] < state[i, 5] and rows[state[i, 3], 0] == session:
                column = rows[state[i, 3], 1]
                for d in range(draws):
                    out[d, column] = running[i, d]
                state[i, 3] += 1
            while state[i, 4] < state[i, 3] and rows[state[i, 4], 0] + horizon == session:
                column = rows[state[i, 4], 1]
                for d in range(draws):
                    out[d, column] = running[i, d] - out[d, column]
                state[i, 4] += 1
