"""The inner loop of the null: outcomes, pooling and figures of one draw after another."""

from __future__ import annotations

import numba
import numpy as np

from engine.kernels.pool import pool


@numba.njit(cache=True, nogil=True)
def draw_outcomes(
    latent,
    order,
    threshold,
    p,
    log_odds,
    group_stops,
    bin_stops,
    cell_stops,
    share,
    at_group,
    scalars,
    bins,
    cells,
    curves,
):
    """For each draw (row of ``latent``), the outcomes of rows in ascending order of forecast and what they add up to.

    A row happens where its latent normal is below its threshold.  ``scalars`` (draws, 4) receives the hits,
    the hits weighted by log-odds, and n times the MCB of Brier score and log loss; ``bins`` and ``cells`` the
    hits per bin and per grid cell (left alone where there are no stops); ``curves`` the recalibrated
    probability at the groups ``at_group``.
    """
    n = p.size
    groups = group_stops.size
    happened = np.empty(n, np.int64)
    hits = np.empty(groups, np.int64)
    rows = np.empty(groups, np.int64)
    block_hits = np.empty(groups, np.int64)
    block_rows = np.empty(groups, np.int64)
    squares = 0.0
    surprise = 0.0
    for i in range(n):
        squares += p[i] * p[i]
        surprise -= np.log1p(-min(p[i], 1.0 - 1e-6))
    begin = 0
    for g in range(groups):
        rows[g] = group_stops[g] - begin
        begin = group_stops[g]
    for draw in range(latent.shape[0]):
        own = latent[draw]
        total = 0
        linear = 0.0  # sum (p - y)^2 = sum p^2 + sum y (1 - 2 p), and the log loss is linear in y too
        weighted = 0.0
        for i in range(n):
            y = 1 if own[order[i]] < threshold[i] else 0
            happened[i] = y
            total += y
            linear += y * (1.0 - 2.0 * p[i])
            weighted += y * log_odds[i]
        if groups == n:
            blocks = pool(happened, rows, block_hits, block_rows)
        else:
            begin = 0
            for g in range(groups):
                count = 0
                for i in range(begin, group_stops[g]):
                    count += happened[i]
                hits[g] = count
                begin = group_stops[g]
            blocks = pool(hits, rows, block_hits, block_rows)
        pooled_squares = 0.0
        pooled_surprise = 0.0
        for b in range(blocks):
            s = float(block_hits[b])
            w = float(block_rows[b])
            pooled_squares += s - s * s / w
            if 0.0 < s < w:
                pooled_surprise -= s * np.log(s / w) + (w - s) * np.log(1.0 - s / w)
        scalars[draw, 0] = total
        scalars[draw, 1] = weighted
        scalars[draw, 2] = squares + linear - pooled_squares
        scalars[draw, 3] = surprise - weighted - pooled_surprise

        begin = 0
        for b in range(bin_stops.size):
            count = 0
            for i in range(begin, bin_stops[b]):
                count += happened[i]
            bins[draw, b] = count
            begin = bin_stops[b]
        begin = 0
        for c in range(cell_stops.size):
            count = 0
            moved = 0.0
            for i in range(begin, cell_stops[c]):
                count += happened[i]
                moved += happened[i] * share[i]
            cells[draw, c] += count - moved
            cells[draw, c + 1] += moved
            begin = cell_stops[c]

        b = 0
        covered = block_rows[0]  # rows up to the end of block b
        for k in range(at_group.size):
            while group_stops[at_group[k]] > covered:
                b += 1
                covered += block_rows[b]
            curves[draw, k] = block_hits[b] / block_rows[b]
