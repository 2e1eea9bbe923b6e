"""Calibration inside the walk-forward: each fold's calibrator saw only forecasts that had come true or not.

The forecasts of earlier folds are out of sample by construction, so they are what the calibrator is fitted
to.  Whether it is used is decided the same way: the calibrators of earlier folds have made calibrated
forecasts, and only where those beat the uncalibrated ones by more than luck (one nat in independent
outcomes, odds of e to 1) is the calibrator trusted; otherwise the fold keeps the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.forecast.calibration import Calibrator, calibrator_named
from engine.forecast.calibration.calibrator import check_enough_rows
from engine.forecast.calibration.identity import IdentityCalibrator
from engine.forecast.folds.rows import Track
from engine.forecast.folds.walk import FoldModel, TrackForecast
from engine.forecast.models.logistic_kernels import log_rows, row_losses, softmax_rows
from engine.forecast.probabilities import floor_probabilities

_FEWEST_OUTCOMES = 20  # independent outcomes before a calibrator is fitted at all
_CLEAR_GAIN = 1.0  # nats


@dataclass(frozen=True, slots=True, eq=False)
class FoldCalibrator:
    """The calibrator of one fold and one horizon; ``used`` is False where it gave way to the identity."""

    fold: int
    calibrator: Calibrator
    used: bool
    gain_nats: float


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedTrack:
    """Probabilities (N, horizons, 3) of a track, before and after calibration; NaN where not forecast."""

    raw: np.ndarray
    calibrated: np.ndarray
    calibrators: tuple[tuple[FoldCalibrator, ...], ...]  # [horizon][fold]


def calibrate_track(forecast: TrackForecast, name: str, *, forced: bool) -> CalibratedTrack:
    """Calibrate every fold of a track with the calibrator called ``name``.

    Raises
    ------
    ConfigError
        ``forecast.calibrator_refused``, see :func:`~.calibrator.check_enough_rows`.
    """
    walk = CalibrationWalk(forecast.track, np.flatnonzero(forecast.forecast), name, forced=forced)
    return walk.through(forecast)


class CalibrationWalk:
    """Calibrates the folds of a track one after the other.

    Parameters
    ----------
    rows : all that will be forecast, by which a calibrator is refused: see :func:`calibrate_track`.
    """

    def __init__(self, track: Track, rows: np.ndarray, name: str, *, forced: bool) -> None:
        n, nh = track.codes.shape
        self._track, self._kind = track, calibrator_named(name)
        for horizon in track.horizons:
            available = _independent(track, rows, horizon)
            check_enough_rows(name, self._kind, available, forced=forced, place=f"horizon {horizon}")
        self._fewest = max(_FEWEST_OUTCOMES, 0 if forced else self._kind.fewest)
        self._raw = np.full((n, nh, 3), np.nan)
        self._calibrated = np.full((n, nh, 3), np.nan)
        self._gain = np.zeros((nh, n))
        self._folds: list[list[FoldCalibrator]] = [[] for _ in range(nh)]

    def through(self, forecast: TrackForecast) -> CalibratedTrack:
        """Calibrate the folds of ``forecast`` that are not yet; what is calibrated so far."""
        for model in forecast.models[len(self._folds[0]) :]:
            for k, folds in enumerate(self._folds):
                folds.append(self._fold(forecast, model, k))
        return CalibratedTrack(
            never_falling(self._raw), never_falling(self._calibrated), tuple(map(tuple, self._folds))
        )

    def _fold(self, forecast: TrackForecast, model: FoldModel, k: int) -> FoldCalibrator:
        track, codes = self._track, self._track.codes[:, k]
        raw, gain = self._raw[:, k], self._gain[k]
        rows = track.forecast_rows(model.fold)
        known = track.known_at(model.fold.start)
        past = np.flatnonzero(forecast.forecast[:known])
        mine = floor_probabilities(softmax_rows(forecast.logits[rows, k]))
        raw[rows] = mine
        calibrator = self._kind.make()
        enough = _independent(track, past, track.horizons[k]) >= self._fewest
        if isinstance(calibrator, IdentityCalibrator) or not enough:
            self._calibrated[rows, k] = mine
            return FoldCalibrator(model.fold.number, IdentityCalibrator(), False, 0.0)
        calibrator.fit(raw[past], codes[past], track.evidence_weight[past])
        candidate = calibrator.predict_proba(mine)
        earned = float(gain[:known].sum())
        used = earned > _CLEAR_GAIN
        self._calibrated[rows, k] = candidate if used else mine
        resolved = codes[rows] >= 0
        both = [row_losses(log_rows(p[resolved], 0.0), codes[rows][resolved]) for p in (mine, candidate)]
        gain[rows[resolved]] = (both[0] - both[1]) * track.evidence_weight[rows[resolved]]
        return FoldCalibrator(model.fold.number, calibrator, used, earned)


def _independent(track: Track, rows: np.ndarray, horizon: int) -> float:
    """Independent outcomes among rows: by date, because instruments of a group move together."""
    return int(np.count_nonzero(np.bincount(track.session[rows]))) / horizon


def never_falling(p: np.ndarray) -> np.ndarray:
    """Probabilities (n, horizons, 3) in which breakdown and continuation never become less likely with more time.

    A model of all horizons promises that; flooring, calibrating and correcting each horizon by itself can break it
    by a little.  An event takes the smallest of its own and all longer horizons, and the range takes the rest.
    """
    if p.shape[1] == 1:
        return p
    events = np.minimum.accumulate(p[:, ::-1], axis=1)[:, ::-1]
    return np.stack([events[..., 0], 1.0 - events[..., 0] - events[..., 2], events[..., 2]], axis=-1)
