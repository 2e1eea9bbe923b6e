"""Walks the folds of one track: fit, forecast, weigh the candidates by what they forecast before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.forecast.folds.calendar import Fold
from engine.forecast.folds.rows import Track
from engine.forecast.folds.selection import candidate_weights
from engine.forecast.folds.standardise import Standardiser, fit_standardiser
from engine.forecast.models.learner import Fitted, Learner, Window
from engine.forecast.models.logistic_kernels import linear_logits, row_losses
from engine.forecast.models.offset_logistic import LinearCandidates, LinearPath

FEWEST_OUTCOMES = 10  # independent outcomes (rows / horizon) below which the forecast is the baseline itself


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """What one instrument adds to the model of its group: candidates and their weights."""

    candidates: LinearCandidates
    weights: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class FoldModel:
    """Everything needed to forecast the dates of one fold.

    ``fitted`` is None where too few outcomes were known: the forecast is the baseline.
    """

    fold: Fold
    rows: int
    standardiser: Standardiser | None
    fitted: Fitted | None
    weights: np.ndarray
    deviations: dict[int, Deviation]

    def logits(
        self, features: np.ndarray, offset: np.ndarray, paths: np.ndarray, instrument: np.ndarray
    ) -> np.ndarray:
        """Raw log-odds (n, horizons, 3) of raw features (p, n) of the given instruments (n,)."""
        if self.fitted is None or self.standardiser is None:
            return offset.copy()
        z = self.standardiser.apply(features)
        out = self.fitted.mixed(self.weights, z, offset, paths)
        return self._deviate(out, z, instrument)

    def _deviate(self, logits: np.ndarray, z: np.ndarray, instrument: np.ndarray) -> np.ndarray:
        for index, deviation in self.deviations.items():
            at = np.flatnonzero(instrument == index)
            if len(at):
                logits[at] = deviation.candidates.mixed(deviation.weights, z[:, at], logits[at], logits[at])
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class TrackForecast:
    """Out-of-sample forecasts of a track.

    Attributes
    ----------
    logits : (N, horizons, 3) log-odds before calibration, NaN before the first inner fold.
    fold : (N,) number of the fold that forecast the row; NEGATIVE numbers are inner folds.
    forecast : (N,) True where a fold forecast the row.
    models : one per fold.
    """

    track: Track
    logits: np.ndarray
    fold: np.ndarray
    forecast: np.ndarray
    models: tuple[FoldModel, ...]


class _Evidence:
    """Summed log loss of each candidate over the forecasts whose horizon has ended."""

    def __init__(self, rows: int, candidates: int) -> None:
        self._losses = np.zeros((rows, candidates))
        self._total = np.zeros(candidates)
        self._counted = 0

    def record(self, rows: np.ndarray, logits: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> None:
        """Losses of candidates (n, C, 3) on ``rows``; unresolved rows stay at 0 and are never counted."""
        resolved = codes >= 0
        for c in range(logits.shape[1]):
            losses = row_losses(np.ascontiguousarray(logits[:, c]), codes)
            self._losses[rows[resolved], c] = losses[resolved] * weight[resolved]

    def total(self, known: int) -> np.ndarray:
        """Sum over the first ``known`` rows."""
        if known > self._counted:
            self._total = self._total + self._losses[self._counted : known].sum(axis=0)
            self._counted = known
        return self._total


def forecast_track(
    track: Track,
    folds: tuple[Fold, ...],
    learner: Learner,
    *,
    own_learner: Callable[[], LinearPath] | None,
    rolling_sessions: int | None = None,
) -> TrackForecast:
    """Forecast every row of ``track`` dated in one of ``folds``, each from what was known before its fold.

    With an ``own_learner``, each instrument of a fold that trains on more than one then gets a model of its own
    whose offset is the forecast of the group, shrunk to it in the same way as the group is shrunk to the
    baseline.  What counts is the training rows, not the list of instruments: one that begins years after the
    fold must not change it.
    """
    steps = forecast_folds(track, folds, learner, own_learner=own_learner, rolling_sessions=rolling_sessions)
    return deque(steps, maxlen=1).pop()


def forecast_folds(
    track: Track,
    folds: tuple[Fold, ...],
    learner: Learner,
    *,
    own_learner: Callable[[], LinearPath] | None,
    rolling_sessions: int | None = None,
) -> Iterator[TrackForecast]:
    """The same fold by fold: what is forecast so far, for one who may stop.

    The arrays are the same ones at every step, filled further.
    """
    n, nh = len(track), len(track.horizons)
    logits = np.full((n, nh, 3), np.nan)
    number = np.full(n, np.iinfo(np.int64).min, dtype=np.int64)
    done = np.zeros(n, dtype=bool)
    evidence = _Evidence(n, learner.candidates)
    own = [] if own_learner is None else [own_learner() for _ in track.symbols]
    own_evidence = [_Evidence(n, learner_i.candidates) for learner_i in own]
    models: list[FoldModel] = []
    for fold in folds:
        known = track.known_at(fold.start)
        used = track.training_slice(fold, rolling_sessions)
        rows = track.forecast_rows(fold)
        weights = candidate_weights(evidence.total(known))
        previous = models[-1] if models else None
        model = _fit_fold(track, fold, used, learner, weights, previous)
        features = np.ascontiguousarray(track.features[:, rows])
        offset, paths = track.offset[rows], track.paths[rows]
        if model.fitted is None or model.standardiser is None:
            logits[rows] = offset
        else:
            z = model.standardiser.apply(features)
            candidates = model.fitted.logits(z, offset, paths)
            evidence.record(rows, candidates[:, :, -1], track.codes[rows, -1], track.evidence_weight[rows])
            centre = model.fitted.mixed(model.weights, z, offset, paths)
            if own and _several(track, used):
                _fit_deviations(track, used, model, own, own_evidence, known)
                _record_deviations(track, rows, model, own_evidence, z, centre)
                centre = model._deviate(centre, z, track.instrument[rows])
            logits[rows] = centre
        number[rows] = fold.number
        done[rows] = True
        models.append(model)
        yield TrackForecast(track, logits, number, done, tuple(models))


def _several(track: Track, used: slice) -> bool:
    instrument = track.instrument[used]
    return bool((instrument != instrument[0]).any())


def _fit_fold(
    track: Track, fold: Fold, used: slice, learner: Learner, weights: np.ndarray, previous: FoldModel | None
) -> FoldModel:
    rows = used.stop - used.start
    if rows < FEWEST_OUTCOMES * track.horizons[-1]:
        return FoldModel(fold, rows, None, None, weights, {})
    due = learner.due(rows)
    if previous is not None and previous.fitted is not None and not due:
        return FoldModel(fold, rows, previous.standardiser, previous.fitted, weights, {})
    features = track.features[:, used]
    standardiser = fit_standardiser(features)
    z = standardiser.apply(features)
    return FoldModel(fold, rows, standardiser, learner.fit(window_of(track, used, z)), weights, {})


def window_of(track: Track, used: slice | np.ndarray, z: np.ndarray) -> Window:
    """Training window of the given rows with standardised features ``z``."""
    return Window(
        features=z,
        offset=track.offset[used],
        codes=track.codes[used],
        weight=track.fit_weight[used],
        paths=track.paths[used],
        event_session=track.event_session[used],
        event_code=track.event_code[used],
    )


def _fit_deviations(
    track: Track,
    used: slice,
    model: FoldModel,
    learners: list[LinearPath],
    evidence: list[_Evidence],
    known: int,
) -> None:
    assert model.fitted is not None
    assert model.standardiser is not None
    for index, learner in enumerate(learners):
        rows = used.start + np.flatnonzero(track.instrument[used] == index)
        if len(rows) < FEWEST_OUTCOMES * track.horizons[-1]:
            continue
        z = model.standardiser.apply(np.ascontiguousarray(track.features[:, rows]))
        window = window_of(track, rows, z)
        centre = model.fitted.mixed(model.weights, z, window.offset, window.paths)
        window = Window(
            z,
            centre,
            window.codes,
            np.full(len(rows), 1.0 / track.horizons[-1]),
            window.paths,
            window.event_session,
            window.event_code,
        )
        model.deviations[index] = Deviation(
            learner.fit(window), candidate_weights(evidence[index].total(known))
        )


def _record_deviations(
    track: Track,
    rows: np.ndarray,
    model: FoldModel,
    evidence: list[_Evidence],
    z: np.ndarray,
    centre: np.ndarray,
) -> None:
    for index, deviation in model.deviations.items():
        at = np.flatnonzero(track.instrument[rows] == index)
        if not len(at):
            continue
        block = np.empty((len(at), 3))
        candidates = np.empty((len(at), len(deviation.weights), 3))
        base = np.ascontiguousarray(centre[at, 0])
        features = np.ascontiguousarray(z[:, at])
        for c, coefficients in enumerate(deviation.candidates.coefficients):
            linear_logits(features, coefficients, base, block)
            candidates[:, c] = block
        evidence[index].record(
            rows[at], candidates, track.codes[rows[at], -1], np.full(len(at), 1.0 / track.horizons[-1])
        )
