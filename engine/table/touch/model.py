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

import numba
import numpy as np

from engine.errors import InputError
from engine.forecast.probabilities import FLOOR, log_odds
from engine.kernels.pool import non_decreasing

PENALTIES = (np.inf, 100.0, 30.0, 10.0, 3.0)  # in independent observations; the first is the offset
_EVERY = 5  # sessions between training dates: labels of three weeks overlap, the others hold little more
_OPEN = (-4.0, 4.0)  # log-odds, 2 to 98 %
_NEWTON_STEPS = 25
_HALVINGS = 20
_CONVERGED = 1e-7  # of the loss; far below what one more observation would move
_LEAST_GAIN = 0.5  # log likelihood that corrections must have earned out of sample before they are used


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


def walk_forward_level_touch(
    pointer: np.ndarray,
    session: np.ndarray,
    end: np.ndarray,
    starts: np.ndarray,
    distance: np.ndarray,
    baseline: np.ndarray,
    touched: np.ndarray,
    features: np.ndarray,
    horizon_max: int,
) -> LevelTouch:
    """Forecast every fold's pairs with a model fitted to pairs whose longest horizon ended before the fold.

    The penalty of a fold is the one whose forecasts of the earlier folds, as far as their outcomes were known,
    had the least log loss; the baseline is among them and wins until another has clearly earned its place.

    Parameters
    ----------
    pointer : (rows + 1,) the pairs of row r are ``pointer[r] : pointer[r + 1]``; a row is a date of an
        instrument, and rows of several instruments may follow each other.
    session : (rows,) position of the row's date in the common calendar.
    end : (rows,) position at which the row's longest horizon ends; beyond the last start where it never does.
    starts : (folds,) ascending positions at which folds start.
    distance : (pairs,) log of the level's price over the close; 0 or positive is above.
    baseline : (pairs, h) touch probability of filtered_history, inside (0, 1); NaN where there is none.
    touched : (pairs, h) 1, 0, or -1 where unknown, of :func:`engine.outcomes.level_touches.touched_within`.
    features : (pairs, k) what the level is; NaN counts as average.  No function of distance belongs here.
    horizon_max : longest horizon in sessions; overlapping rows count as one in so many.

    Raises
    ------
    InputError
        ``forecast.bad_shape``; ``forecast.zero_probability`` where a baseline is not inside (0, 1).
    """
    baseline, features = np.asarray(baseline, dtype=np.float64), np.asarray(features, dtype=np.float64)
    pointer, session, end, starts = (np.asarray(a, dtype=np.int64) for a in (pointer, session, end, starts))
    rows, pairs = len(session), len(distance)
    fits = (
        pointer.shape == (rows + 1,)
        and pointer[-1] == pairs
        and end.shape == (rows,)
        and baseline.shape == touched.shape == (pairs, baseline.shape[-1])
        and features.shape[:1] == (pairs,)
        and features.ndim == 2
    )
    if not fits:
        raise InputError(
            "forecast.bad_shape",
            f"{rows} rows and {pairs} pairs do not fit pointer {pointer.shape}, baseline {baseline.shape}, "
            f"touched {touched.shape}, features {features.shape}",
            "see the docstring for the shape of each",
        )
    row_of = np.repeat(np.arange(rows), np.diff(pointer))
    known = ~np.isnan(baseline)
    offset = np.zeros(baseline.shape)
    offset[known] = log_odds(baseline[known])
    labels = np.where(known, touched, -1).astype(np.int8)
    # pairs that distance alone decides teach nothing
    open_question = known.all(axis=1) & (offset.max(axis=1) > _OPEN[0]) & (offset.min(axis=1) < _OPEN[1])
    sizes = np.maximum(np.bincount(row_of[open_question], minlength=rows), 1)
    # all levels of a date share one path of the market, and a path counts once in a horizon's length; m instruments
    # on one date count as in the scenario model: once when forecasts are compared, as sqrt(m) when they are fitted
    _, date, alive = np.unique(session, return_inverse=True, return_counts=True)
    together = alive[date].astype(np.float64)
    single = 1.0 / (sizes * horizon_max * baseline.shape[1])
    fit_weight, evidence_weight = (single / np.sqrt(together))[row_of], (single / together)[row_of]
    fold = np.searchsorted(starts, session, side="right") - 1
    thinned = (session % _EVERY == 0)[row_of] & open_question

    width = 1 + features.shape[1]
    above = distance >= 0.0
    fitted = np.zeros((len(starts), len(PENALTIES), 2, width))
    losses = np.zeros((rows, len(PENALTIES)))
    probabilities = np.full(baseline.shape, np.nan)
    penalties = np.full(len(starts), np.inf)
    coefficients = np.zeros((len(starts), 2, width))
    for number, start in enumerate(starts):
        train = np.flatnonzero(thinned & (end < start)[row_of])
        now = np.flatnonzero((fold == number)[row_of])
        candidates = np.repeat(offset[None, now], len(PENALTIES), axis=0)
        if len(train):
            trained, asked = _design(features[train], features[now])
            for side, up in enumerate((True, False)):
                # no pair is on both sides, so the two fits do not know of each other
                of_side, at = above[train] == up, above[now] == up
                pairs_of_side = train[of_side]
                for k, penalty in enumerate(PENALTIES):
                    if np.isfinite(penalty):
                        fitted[number, k, side] = fit_correction(
                            trained[of_side],
                            offset[pairs_of_side],
                            labels[pairs_of_side],
                            fit_weight[pairs_of_side] * _EVERY,
                            penalty,
                            fitted[max(number - 1, 0), k, side],
                        )
                        # a matrix product may round a row differently when others join it; this sum does not
                        moved = (asked[at] * fitted[number, k, side]).sum(axis=1)
                        candidates[k, at] += moved[:, None]
        judged = (fold >= 0) & (fold < number) & (end < start)
        gains = losses[judged, 0].sum() - losses[judged].sum(axis=0)
        best = int(np.argmax(gains))
        if gains[best] < _LEAST_GAIN:
            best = 0
        penalties[number] = PENALTIES[best]
        coefficients[number] = fitted[number, best]
        for k, logits in enumerate(candidates):
            p = _ordered(logits, row_of[now], distance[now], known[now].all(axis=1))
            if k == best:
                probabilities[now] = np.where(known[now], p, np.nan)
            loss = -np.log(np.where(labels[now] == 1, p, 1.0 - p))
            loss = np.where(labels[now] >= 0, loss, 0.0).sum(axis=1) * evidence_weight[now]
            losses[:, k] += np.bincount(row_of[now], weights=loss, minlength=rows)
    return LevelTouch(probabilities, fold, penalties, coefficients)


def _design(learnt: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A column of ones and standardised features, of the training pairs and of the pairs asked for."""
    present = np.isfinite(learnt)
    count = np.maximum(present.sum(axis=0), 1)
    centre = np.where(present, learnt, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(present, (learnt - centre) ** 2, 0.0).sum(axis=0) / count)
    spread = np.where(spread > 1e-12 * (1.0 + np.abs(centre)), spread, np.inf)  # a constant says nothing

    def columns(values: np.ndarray) -> np.ndarray:
        # five standard deviations are as far as the training pairs can speak for
        scaled = np.clip(np.where(np.isfinite(values), (values - centre) / spread, 0.0), -5.0, 5.0)
        return np.column_stack([np.ones(len(scaled)), scaled])

    return columns(learnt), columns(asked)


def fit_correction(
    design: np.ndarray,
    offset: np.ndarray,
    labels: np.ndarray,
    weight: np.ndarray,
    penalty: float,
    start: np.ndarray,
) -> np.ndarray:
    """Ridge logistic regression with an offset, by damped Newton steps.

    Parameters
    ----------
    design : (pairs, w) columns; offset, labels : (pairs, h), the label -1 is left out; weight : (pairs,).
    penalty : of ``|coefficients| ** 2 / 2``, intercepts included, as the offset is the centre of everything.
    start : (w,) coefficients to start from.

    Returns
    -------
    (w,) float64 coefficients.
    """

    def evaluate(coefficients: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        gradient = penalty * coefficients
        hessian = penalty * np.eye(len(coefficients))
        loss = _add_derivatives(design, offset, labels, weight, coefficients, gradient, hessian)
        return loss + 0.5 * penalty * float(coefficients @ coefficients), gradient, hessian

    current = start
    value, gradient, hessian = evaluate(current)
    for _ in range(_NEWTON_STEPS):
        step = np.linalg.solve(hessian, gradient)
        for halvings in range(_HALVINGS):
            trial = current - step * 0.5**halvings
            trial_value, trial_gradient, trial_hessian = evaluate(trial)
            if trial_value <= value:
                break
        else:
            return current
        gained = value - trial_value
        current, value, gradient, hessian = trial, trial_value, trial_gradient, trial_hessian
        if gained <= _CONVERGED * (1.0 + abs(value)):
            break
    return current


@numba.njit(cache=True)
def _add_derivatives(design, offset, labels, weight, coefficients, gradient, hessian):
    width = len(coefficients)
    loss = 0.0
    for i in range(len(design)):
        correction = 0.0
        for a in range(width):
            correction += design[i, a] * coefficients[a]
        slope = 0.0
        curvature = 0.0
        for k in range(offset.shape[1]):
            if labels[i, k] >= 0:
                z = offset[i, k] + correction
                small = np.exp(-abs(z))
                p = (1.0 if z >= 0.0 else small) / (1.0 + small)
                slope += weight[i] * (p - labels[i, k])
                curvature += weight[i] * p * (1.0 - p)
                loss += weight[i] * (max(z, 0.0) - labels[i, k] * z + np.log1p(small))
        for a in range(width):
            gradient[a] += slope * design[i, a]
            x = curvature * design[i, a]
            for b in range(a + 1):
                hessian[a, b] += x * design[i, b]
    for a in range(width):
        for b in range(a):
            hessian[b, a] = hessian[a, b]
    return loss


def _ordered(logits: np.ndarray, row: np.ndarray, distance: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds, made never to rise with distance within each row and side.

    Pairs that are not ``known`` have no probability and must not lend one to their neighbours.
    """
    p = 1.0 / (1.0 + np.exp(-np.clip(logits, -700.0, 700.0)))
    side = row * 3 + np.where(known, np.where(distance >= 0.0, 1, 0), 2)
    order = np.lexsort((np.abs(distance), side))
    sorted_p = np.ascontiguousarray(p[order])
    _pool(sorted_p, side[order])
    out = np.empty_like(p)
    out[order] = sorted_p
    return np.clip(out, FLOOR, 1.0 - FLOOR)


@numba.njit(cache=True)
def _pool(p, side):
    """Make ``p`` (pairs, h) non-increasing within runs of equal ``side`` (pairs,), each column on its own."""
    ones = np.ones(len(p))
    for k in range(p.shape[1]):
        first = 0
        while first < len(p):
            stop = first
            while stop < len(p) and side[stop] == side[first]:
                stop += 1
            p[first:stop, k] = -non_decreasing(-p[first:stop, k], ones[first:stop])
            first = stop
