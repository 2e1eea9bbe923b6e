"""How much an implied volatility may say about the variance ahead: a share learnt from the family's past alone.

Two regressions forecast the mean variance of the next H sessions: that of ``filtered_history``, b, and one with the
implied variances as further non-negative inputs, g.  Five mixtures (1 - s) b + s g, s = 1, 3/4, 1/2, 1/4, 0, have
forecast every date of the past from fits that did not see it, and each counts by

    prior * exp(-sum_i (ln f_i + y_i / f_i) w_i)

y the realised variance, f the mixture; the sum is over the dates of all instruments of the family whose horizon had
ended, w = 1 / H shared among the instruments of a date, so that overlap and company count once.  The share used is the
mean of s.  Four fifths of the prior stand on s = 0: an index of another market's volatility has to earn its place.

``ln f + y / f`` is the quasi-likelihood of a variance (Patton, Journal of Econometrics 160, 2011), here with the
dispersion of an exponential distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.forecast.baselines.opponents import Trial
from engine.forecast.baselines.shocks import MIN_SESSIONS, PastInputs, fit_variance_pair
from engine.forecast.baselines.variance import WARM_UP
from engine.forecast.folds.selection import candidate_weights

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
PRIOR = (0.05, 0.05, 0.05, 0.05, 0.8)
_LARGEST_RATIO = 12.0  # of realised to forecast variance: one crash must not decide a decade


def trial(past: PastInputs, known: np.ndarray, horizon: int, session: np.ndarray, ends: np.ndarray) -> Trial:
    """Forecast every date with both regressions from the fit that was in use on it; ``known`` (n,) bars it saw."""
    n = len(known)
    losses, made = np.full((n, len(SHARES)), np.nan), np.zeros(n, dtype=bool)
    realised = np.full(n, np.nan)
    total = np.concatenate(([0.0], np.cumsum(past.proxy)))
    realised[: n - horizon] = (total[horizon + 1 :] - total[1 : n - horizon + 1]) / horizon
    assert past.more is not None
    usable = ~np.isnan(past.more[:, -2])
    for bars_known in np.unique(known[usable]):
        if bars_known < max(MIN_SESSIONS, WARM_UP + 2 * horizon + 2):
            continue
        rows = np.flatnonzero(usable & (known == bars_known))
        pair = fit_variance_pair(past, int(bars_known), horizon, 1.0)
        if pair.more is None:
            continue
        made[rows] = True
        with_implied = pair.at(rows)
        plain = fit_variance_pair(past, int(bars_known), horizon, 0.0).at(rows)
        for c, share in enumerate(SHARES):
            f = (1.0 - share) * plain + share * with_implied
            losses[rows, c] = np.log(f) + np.minimum(realised[rows] / f, _LARGEST_RATIO)
    return Trial(made, losses, session, ends)


def family_share(trials: Sequence[Trial], horizon: int, starts: np.ndarray) -> np.ndarray:
    """The share (r,) that the family's past up to each of (r,) calendar sessions gives; that session not included."""
    session, ends, losses = (
        np.concatenate([getattr(one, name)[one.made] for one in trials])
        for name in ("session", "ends", "losses")
    )
    alive = np.bincount(session, minlength=1)[session]
    scored = ~np.isnan(losses).any(axis=1)
    ends, session, losses, alive = ends[scored], session[scored], losses[scored], alive[scored]
    # what a date costs beyond the plain forecast, so that sums stay small
    excess = (losses - losses[:, -1:]) / (horizon * alive)[:, None]
    order = np.lexsort((session, ends))
    summed = np.vstack([np.zeros(len(SHARES)), np.cumsum(excess[order], axis=0)])
    counted = np.searchsorted(ends[order], starts, side="left")
    return np.array([_mean_share(summed[k]) for k in counted])


def _mean_share(evidence: np.ndarray) -> float:
    return float(candidate_weights(evidence, PRIOR) @ np.array(SHARES))
