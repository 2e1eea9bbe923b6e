"""Stationary block bootstrap by date: one resampling of the calendar serves every score and every group.

Blocks of geometric length keep the dependence that overlapping horizons put between neighbouring dates;
drawing whole dates keeps the dependence between instruments.  All scores see the same resampled dates, so a
difference of two forecasts is resampled as a difference.  See :mod:`engine.kernels.blocks`.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.errors import InputError
from engine.kernels.blocks import next_position
from engine.kernels.streams import bootstrap_unit
from engine.verify.skill.block_length import optimal_block_length

BLOCKS_PER_HORIZON = 5  # blocks of at least 5 H sessions


def expected_block(horizon: int, differences: list[np.ndarray] | None = None) -> float:
    """Expected block length: 5 H, or the automatic length of the most persistent of ``differences`` if
    longer.

    Differences of fewer than 10 values have no automatic length and are passed over.
    """
    automatic = [optimal_block_length(d) for d in differences or [] if len(d) >= 10]
    return float(max([BLOCKS_PER_HORIZON * horizon, *automatic]))


def bootstrap_sums(
    values: np.ndarray,
    date_index: np.ndarray,
    cells: np.ndarray,
    cell_count: int,
    *,
    block: float,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Sums of each column over the rows of each cell, in ``draws`` resampled calendars.

    Parameters
    ----------
    values : (n, c) per-row scores.
    date_index : (n,) int64, ascending, 0 .. dates - 1 without gaps: which date each row belongs to.
    cells : (n, g) int64, the cell each row belongs to under each of g groupings; -1 for none.
    block : expected block length in dates.

    Returns
    -------
    (draws, cell_count, c + 1) float64; the last column counts rows.

    Raises
    ------
    InputError
        ``verify.shape``, ``verify.too_few_rows``, ``verify.too_few_draws``, ``verify.bad_block``.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    n = len(values)
    if values.ndim != 2 or date_index.shape != (n,) or cells.ndim != 2 or len(cells) != n:
        raise InputError("verify.shape", "values, date_index and cells do not describe the same rows")
    if n == 0:
        raise InputError("verify.too_few_rows", "0 rows, at least 1 is needed")
    if draws < 1:
        raise InputError("verify.too_few_draws", f"{draws} draws, at least 1 is needed")
    if not block >= 1.0:
        raise InputError("verify.bad_block", f"block of {block} dates is shorter than 1")
    if cells.max(initial=-1) >= cell_count or np.any(np.diff(date_index) < 0):
        raise InputError("verify.shape", "cells reach past cell_count, or date_index is not ascending")
    out = np.zeros((draws, cell_count, values.shape[1] + 1))
    _bootstrap_kernel(
        values,
        np.ascontiguousarray(date_index),
        np.ascontiguousarray(cells),
        1.0 / block,
        np.uint64(seed),
        out,
    )
    return out


def sums(values: np.ndarray, cells: np.ndarray, cell_count: int) -> np.ndarray:
    """The same sums over the rows as they are, (cell_count, c + 1)."""
    extended = np.column_stack([values, np.ones(len(values))])
    out = np.zeros((cell_count, extended.shape[1]))
    for column in cells.T:
        used = column >= 0
        np.add.at(out, column[used], extended[used])
    return out


def interval_of(draws: np.ndarray, coverage: float) -> tuple[float, float]:
    """Percentile interval of finite draws; NaN where fewer than half of them are finite."""
    finite = draws[np.isfinite(draws)]
    if len(finite) * 2 < max(len(draws), 1):
        return float("nan"), float("nan")
    tail = (1.0 - coverage) / 2
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return float(low), float(high)


@numba.njit(cache=True)
def _bootstrap_kernel(values, date_index, cells, restart_share, seed, out):
    """Fill ``out`` (draws, cells, c + 1); the arguments are those of :func:`bootstrap_sums`, ``restart_share`` = 1 / block."""
    n, columns = values.shape
    dates = date_index[n - 1] + 1
    times = np.empty(dates, np.int64)
    for draw in range(out.shape[0]):
        times[:] = 0
        place = 0
        for step in range(dates):
            start = -1
            if step == 0 or bootstrap_unit(seed, draw, 2 * step) < restart_share:
                start = int(bootstrap_unit(seed, draw, 2 * step + 1) * dates)
            place = next_position(place, start, dates)
            times[place] += 1
        for i in range(n):
            count = times[date_index[i]]
            if count == 0:
                continue
            for g in range(cells.shape[1]):
                cell = cells[i, g]
                if cell < 0:
                    continue
                for c in range(columns):
                    out[draw, cell, c] += count * values[i, c]
                out[draw, cell, columns] += count
