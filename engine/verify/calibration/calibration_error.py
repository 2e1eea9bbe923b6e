"""Expected calibration error of one class: in equal-mass bins, and smooth.

Both are mean distances between forecast and frequency, so both are above 0 for a perfect forecast; they mean
something only beside the floor that :mod:`engine.verify.calibration.null` computes for them.
"""

from __future__ import annotations

import numba
import numpy as np

from engine.errors import InputError
from engine.verify.sound import need_rows, sound_codes, sound_forecast

GRID = 128  # cells of the smooth error's grid; also its number of cosine waves
_CELLS = (np.arange(GRID) + 0.5) / GRID
_COSINE = np.cos(np.pi * np.arange(GRID)[:, None] * _CELLS[None, :])  # (wave, cell)
_LEAST_BANDWIDTH = 1e-4


def expected_calibration_error(forecast: object, happened: object, bins: int = 10) -> float:
    """Mean over equal-mass bins of |frequency - mean forecast|, weighted by rows.

    Bins are cut by rank; equal forecasts always share a bin, so there may be fewer bins than asked for (one,
    where all forecasts are equal; n, where there are fewer rows than bins).

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.not_outcomes``, ``verify.too_few_rows``, ``verify.bad_bins``.
    """
    p, y = _sound(forecast, happened)
    order = np.argsort(p, kind="stable")
    starts = equal_mass_starts(p[order], bins)
    gap = np.add.reduceat((y - p)[order], starts)
    return float(np.sum(np.abs(gap)) / len(p))


def equal_mass_starts(ascending: np.ndarray, bins: int) -> np.ndarray:
    """First position of each equal-mass bin of forecasts sorted ascending, (at most ``bins``,) int64."""
    if bins < 1:
        raise InputError("verify.bad_bins", f"{bins} bins, at least 1 is needed")
    n = len(ascending)
    cuts = (np.arange(bins) * n) // bins
    return np.unique(np.searchsorted(ascending, ascending[cuts], side="left"))


def smooth_calibration_error(forecast: object, happened: object) -> float:
    """Smooth ECE: |residuals smoothed along the forecast axis|, integrated, at the bandwidth that equals it.

    The residuals y - p are smoothed with a Gaussian kernel reflected at 0 and 1; smECE is the fixed point of
    bandwidth = integrated absolute residual, so no bandwidth has to be chosen.  Computed on a grid of 128
    cells in the cosine basis, where reflected smoothing is a product; exact kernel sums differ by less than
    0.001.  Blasiok and Nakkiran (2023), Smooth ECE, arXiv:2309.12236.
    """
    p, y = _sound(forecast, happened)
    cell, share = grid_position(p)
    gap = (y - p) / len(p)
    cells = np.bincount(cell, weights=gap * (1.0 - share), minlength=GRID + 1)
    cells += np.bincount(cell + 1, weights=gap * share, minlength=GRID + 1)
    return float(smooth_error_of_cells(cells[None, :GRID])[0])


def grid_position(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cell left of each forecast and the share of it that belongs to the next cell."""
    place = np.clip(p * GRID - 0.5, 0.0, GRID - 1.0)
    cell = np.minimum(place.astype(np.int64), GRID - 2)
    return cell, place - cell


def smooth_error_of_cells(cells: np.ndarray) -> np.ndarray:
    """Smooth ECE of many residual histograms at once, (draws, GRID) -> (draws,).

    The integrated absolute residual falls as the bandwidth grows, so its distance to the bandwidth has one
    root; Illinois-damped false position finds it to 1e-7 in a handful of steps.
    """
    out = np.empty(len(cells))
    _smooth_kernel(np.ascontiguousarray(cells), _COSINE, out)
    return out


@numba.njit(cache=True, nogil=True)
def _smooth_kernel(cells, cosine, out):
    waves = cosine.shape[0]
    spectrum = np.empty(waves)
    curve = np.empty(cosine.shape[1])
    for draw in range(cells.shape[0]):
        for k in range(waves):
            total = 0.0
            for j in range(cosine.shape[1]):
                total += cells[draw, j] * cosine[k, j]
            spectrum[k] = total if k == 0 else 2.0 * total
        low = _LEAST_BANDWIDTH
        at_low = _integral(spectrum, cosine, low, curve) - low
        if at_low <= 0.0:  # the residual is smaller than any bandwidth worth the name
            out[draw] = at_low + low
            continue
        high = at_low + low  # smoothing only lowers the integral
        at_high = _integral(spectrum, cosine, high, curve) - high
        middle = high
        side = 0
        for _ in range(60):
            if at_high >= 0.0:
                break
            middle = high - at_high * (high - low) / (at_high - at_low)
            value = _integral(spectrum, cosine, middle, curve) - middle
            if abs(value) < 1e-7:
                break
            if value < 0.0:
                high, at_high = middle, value
                if side == 1:
                    at_low *= 0.5
                side = 1
            else:
                low, at_low = middle, value
                if side == -1:
                    at_high *= 0.5
                side = -1
        out[draw] = middle


@numba.njit(cache=True, nogil=True)
def _integral(spectrum, cosine, bandwidth, curve):
    curve[:] = 0.0
    for k in range(spectrum.size):
        exponent = 0.5 * (np.pi * bandwidth * k) ** 2
        if exponent > 25.0:  # below 1e-10 of the wave: nothing left to add
            break
        factor = spectrum[k] * np.exp(-exponent)
        for j in range(curve.size):
            curve[j] += factor * cosine[k, j]
    total = 0.0
    for j in range(curve.size):
        total += abs(curve[j])
    return total / curve.size


def _sound(forecast: object, happened: object) -> tuple[np.ndarray, np.ndarray]:
    p = sound_forecast(forecast)
    need_rows(len(p))
    return p, sound_codes(happened, len(p), 2)
