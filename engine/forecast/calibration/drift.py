"""Online recalibration: a slow drift correction from outcomes that are already known.

Between refits the forecast may lean to one side for months.  Each instrument and horizon keeps one log-odds
shift per class, moved after every outcome by how far the published forecast was off.  The outcome of ``t'``
counts at ``t`` only once its full horizon has ended (``t' + H <= t``).
"""

from __future__ import annotations

import numba
import numpy as np

from engine.forecast.calibration.walk import never_falling
from engine.forecast.folds.calendar import NEVER
from engine.forecast.folds.walk import TrackForecast
from engine.forecast.models.logistic_kernels import log_rows
from engine.forecast.probabilities import FLOOR, floor_probabilities

_RATE = 0.05  # per independent outcome: half of a lasting lean is corrected after some 60 of them
_DECAY = 0.01  # per independent outcome: without new evidence the shift fades


def drift_corrected(forecast: TrackForecast, probabilities: np.ndarray) -> np.ndarray:
    """Probabilities (N, horizons, 3) of a track with the drift correction applied; NaN rows stay NaN."""
    track = forecast.track
    out = probabilities.copy()
    for k, horizon in enumerate(track.horizons):
        # ends are those of the longest horizon: waiting a little longer for a shorter one is on the safe side
        for index in range(len(track.symbols)):
            rows = np.flatnonzero((track.instrument == index) & forecast.forecast)
            rows = rows[np.argsort(track.session[rows], kind="stable")]
            logs = log_rows(np.ascontiguousarray(probabilities[rows, k]), FLOOR)
            ends = np.where(track.codes[rows, k] >= 0, track.ends[rows], NEVER)
            corrected = np.empty_like(logs)
            _correct(
                logs, track.codes[rows, k], track.session[rows], ends, 1.0 / horizon, _RATE, _DECAY, corrected
            )
            out[rows, k] = floor_probabilities(corrected)
    return never_falling(out)


@numba.njit(cache=True, nogil=True)
def _correct(logs, codes, session, ends, weight, rate, decay, out):
    """Walk the rows in time; ``out`` holds the corrected probabilities."""
    n, k = logs.shape
    shift = np.zeros(k)
    counted = 0
    for i in range(n):
        while counted < i and ends[counted] <= session[i]:
            for c in range(k):
                came = 1.0 if codes[counted] == c else 0.0
                shift[c] += weight * (rate * (came - out[counted, c]) - decay * shift[c])
            counted += 1
        top = -np.inf
        for c in range(k):
            top = max(top, logs[i, c] + shift[c])
        mass = 0.0
        for c in range(k):
            out[i, c] = np.exp(logs[i, c] + shift[c] - top)
            mass += out[i, c]
        for c in range(k):
            out[i, c] /= mass
