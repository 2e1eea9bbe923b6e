"""Probability that a level of the book is touched: the simulation's answer, corrected by what the level is.

A binary logistic regression over (date, level) pairs.  Its offset is the log-odds of the touch probability of
``filtered_history``, which knows distance and volatility; its features say what kind of level it is (strength,
touches, age, role).  With an endless penalty it is filtered_history exactly, and that is where it stays unless
its corrections would have paid out of sample so far.

Each correction is the same for all horizons, so a probability never falls as the horizon grows.  To reach a far
level a price must pass the near ones, so of two levels on one side of a close the farther is never the likelier:
where the corrections would break that order, the levels concerned share their mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.forecast.folds.standardise import fit_standardiser
from engine.forecast.probabilities import log_odds
from engine.kernels.threads import in_threads
from engine.table.touch.correction import fit_correction
from engine.table.touch.order import ordered

PENALTIES = (np.inf, 100.0, 30.0, 10.0, 3.0)  # in independent observations; the first is the offset
_EVERY = 5  # sessions between training dates: labels of three weeks overlap, the others hold little more
_OPEN = (-4.0, 4.0)  # log-odds, 2 to 98 %
_LEAST_GAIN = 0.5  # log likelihood that corrections must have earned out of sample before they are used


@dataclass(frozen=True, slots=True, eq=False)
class TouchPairs:
    """(date, level) pairs, grouped in rows: a row is a date of an instrument; instruments may follow each other.

    Attributes
    ----------
    pointer : (rows + 1,) the pairs of row r are ``pointer[r] : pointer[r + 1]``.
    session : (rows,) position of the row's date in the common calendar.
    end : (rows,) position at which the row's longest horizon ends; beyond the last fold where it never does.
    distance : (pairs,) log of the level's price over the close; 0 or positive is above.
    baseline : (pairs, h) touch probability of filtered_history, inside (0, 1); NaN where there is none.
    touched : (pairs, h) 1, 0, or -1 where unknown, of :func:`engine.outcomes.level_touches.touched_within`.
    features : (pairs, k) what the level is; NaN counts as average.  No function of distance belongs here.

    Raises
    ------
    InputError
        ``forecast.bad_shape``.
    """

    pointer: np.ndarray
    session: np.ndarray
    end: np.ndarray
    distance: np.ndarray
    baseline: np.ndarray
    touched: np.ndarray
    features: np.ndarray

    def __post_init__(self) -> None:
        rows, pairs = len(self.session), len(self.distance)
        fits = (
            self.pointer.shape == (rows + 1,)
            and self.pointer[-1] == pairs
            and self.end.shape == (rows,)
            and self.baseline.shape == self.touched.shape == (pairs, self.baseline.shape[-1])
            and self.features.shape[:1] == (pairs,)
            and self.features.ndim == 2
        )
        if not fits:
            raise InputError(
                "forecast.bad_shape",
                f"{rows} rows and {pairs} pairs do not fit pointer {self.pointer.shape}, baseline "
                f"{self.baseline.shape}, touched {self.touched.shape}, features {self.features.shape}",
                "see the docstring for the shape of each",
            )

    @property
    def row(self) -> np.ndarray:
        """(pairs,) row of each pair."""
        return np.repeat(np.arange(len(self.session)), np.diff(self.pointer))


@dataclass(frozen=True, slots=True, eq=False)
class LevelTouch:
    """Walk-forward touch probabilities of levels.

    Attributes
    ----------
    probabilities : (pairs, h) float64 in [0.001, 0.999]; NaN before the first fold and where the baseline is.
    fold : (rows,) int64, fold that forecast each as-of date; -1 before the first.
    penalties : (folds,) float64, ridge penalty each fold used; infinite where it kept the baseline.
    coefficients : (folds, 2, 1 + k) float64: of levels above the close, then of levels below it; intercept, then
        standardised features.  0 where the baseline was kept.
    """

    probabilities: np.ndarray
    fold: np.ndarray
    penalties: np.ndarray
    coefficients: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """What every fold needs of the pairs: log-odds, labels, weights, and which pairs teach something."""

    pairs: TouchPairs
    row: np.ndarray
    known: np.ndarray
    offset: np.ndarray
    labels: np.ndarray
    teaches: np.ndarray
    fit_weight: np.ndarray
    evidence_weight: np.ndarray


def walk_forward_level_touch(pairs: TouchPairs, starts: np.ndarray, horizon_max: int) -> LevelTouch:
    """Forecast every fold's pairs with a model fitted to pairs whose longest horizon ended before the fold.

    The penalty of a fold is the one whose forecasts of the earlier folds, as far as their outcomes were known,
    had the least log loss; the baseline is among them and wins until another has clearly earned its place.

    Parameters
    ----------
    pairs : of one pooling group.
    starts : (folds,) ascending positions in the common calendar at which folds start.
    horizon_max : longest horizon in sessions; overlapping rows count as one in so many.

    Raises
    ------
    InputError
        ``forecast.zero_probability`` where a baseline is not inside (0, 1).
    """
    data = _prepare(pairs, horizon_max)
    rows, width = len(pairs.session), 1 + pairs.features.shape[1]
    fold = np.searchsorted(starts, pairs.session, side="right") - 1
    probabilities = np.full(pairs.baseline.shape, np.nan)
    penalties = np.full(len(starts), np.inf)
    coefficients = np.zeros((len(starts), 2, width))
    losses = np.zeros((rows, len(PENALTIES)))
    fitted = np.zeros((len(PENALTIES), 2, width))
    for number, start in enumerate(starts):
        train = np.flatnonzero(data.teaches & (pairs.end < start)[data.row])
        now = np.flatnonzero((fold == number)[data.row])
        fitted, candidates = _fit_fold(data, train, now, fitted)
        best = _paid_best(losses[(fold >= 0) & (fold < number) & (pairs.end < start)])
        penalties[number], coefficients[number] = PENALTIES[best], fitted[best]
        for k, logits in enumerate(candidates):
            p = ordered(logits, data.row[now], pairs.distance[now], np.asarray(data.known[now].all(axis=1)))
            if k == best:
                probabilities[now] = np.where(data.known[now], p, np.nan)
            loss = -np.log(np.where(data.labels[now] == 1, p, 1.0 - p))
            loss = np.where(data.labels[now] >= 0, loss, 0.0).sum(axis=1) * data.evidence_weight[now]
            losses[:, k] += np.bincount(data.row[now], weights=loss, minlength=rows)
    return LevelTouch(probabilities, fold, penalties, coefficients)


def _prepare(pairs: TouchPairs, horizon_max: int) -> _Prepared:
    row, known = pairs.row, ~np.isnan(pairs.baseline)
    offset = np.zeros(pairs.baseline.shape)
    offset[known] = log_odds(pairs.baseline[known])
    # pairs that distance alone decides teach nothing
    undecided = known.all(axis=1) & (offset.max(axis=1) > _OPEN[0]) & (offset.min(axis=1) < _OPEN[1])
    sizes = np.maximum(np.bincount(row[undecided], minlength=len(pairs.session)), 1)
    # all levels of a date share one path of the market, and a path counts once in a horizon's length; m instruments
    # on one date count as in the scenario model: once when forecasts are compared, as sqrt(m) when they are fitted
    _, date, alive = np.unique(pairs.session, return_inverse=True, return_counts=True)
    together = alive[date].astype(np.float64)
    single = 1.0 / (sizes * horizon_max * pairs.baseline.shape[1])
    return _Prepared(
        pairs=pairs,
        row=row,
        known=known,
        offset=offset,
        labels=np.where(known, pairs.touched, -1).astype(np.int8),
        teaches=(pairs.session % _EVERY == 0)[row] & undecided,
        fit_weight=(single / np.sqrt(together))[row] * _EVERY,
        evidence_weight=(single / together)[row],
    )


def _fit_fold(
    data: _Prepared, train: np.ndarray, now: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (penalties, 2, w) of one fold, and the log-odds (penalties, pairs, h) of its candidates."""
    fitted, candidates = np.zeros(start.shape), np.repeat(data.offset[None, now], len(PENALTIES), axis=0)
    if not len(train):
        return fitted, candidates
    features, above = data.pairs.features, data.pairs.distance >= 0.0
    scale = fit_standardiser(np.ascontiguousarray(features[train].T))
    learnt, asked = (
        np.column_stack([np.ones(len(at)), scale.apply(np.ascontiguousarray(features[at].T)).T])
        for at in (train, now)
    )

    def fit_side(side: int) -> None:
        # no pair is on both sides, so the two fits do not know of each other
        up = side == 0
        of_side, at = above[train] == up, above[now] == up
        used = train[of_side]
        window = (learnt[of_side], data.offset[used], data.labels[used], data.fit_weight[used])
        of_now = asked[at]
        for k, penalty in enumerate(PENALTIES):
            if np.isfinite(penalty):
                fitted[k, side] = fit_correction(*window, penalty, start[k, side])
                # a matrix product may round a row differently when others join it; this sum does not
                candidates[k, at] += (of_now * fitted[k, side]).sum(axis=1)[:, None]

    in_threads(fit_side, range(2))
    return fitted, candidates


def _paid_best(losses: np.ndarray) -> int:
    """The penalty whose judged forecasts (rows, penalties) lost least, or the baseline unless it clearly paid."""
    gains = losses[:, 0].sum() - losses.sum(axis=0)
    best = int(np.argmax(gains))
    return best if gains[best] >= _LEAST_GAIN else 0
