"""What ``filtered_history`` learns from the past: the shock library, and how volatility moves on a path.

A shock is one past session seen from the close before it, in units of the volatility that had been forecast
for it: open, high, low and close together, and with them the factor by which the session changed the next
day's forecast.  Drawing whole sessions keeps fat tails, the skew, the reach of highs and lows beyond the
close, and the fact that falls raise volatility more than rises, without a formula for any of them.

Source
------
Barone-Adesi, Giannopoulos and Vosper, "VaR without correlations for portfolios of derivative securities",
Journal of Futures Markets 19 (1999).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numba
import numpy as np

from engine.bars.series import BarSeries
from engine.forecast.baselines.variance import (
    WARM_UP,
    fit_variance,
    forecast_variance,
    variance_inputs,
    with_more,
)

MIN_SESSIONS = 252  # bars below which there is no forecast: a year of shocks is the least worth drawing from
FEWEST_MORE = 504  # rows on which further variances must be known before a fit uses them: two years
LONGEST_MEMORY = 10_080  # sessions a fit looks back, 40 years: a century of bars costs no more per date

# The prior of an instrument's yearly Sharpe ratio is normal round 0 with standard deviation 0.3, so its past
# mean counts as n / (n + 2,800) after n sessions.  Keeping the whole past mean would forecast the luck of the
# sample; removing all of it would make a gift of the equity premium to whoever is compared with this baseline.
_DRIFT_PRIOR = 252.0 / 0.3**2
MEMORY_DECAY = 0.8  # sessions whose shocks are partly taken back: about a week
_MEMORY_PRIOR = 400.0  # sessions of no serial dependence that the estimate starts from
_LARGEST_FOR_MEMORY = 4.0
_LEAST_FACTOR = 0.3
_PERSISTENCE = (0.5, 0.998)
_MOST_KEPT = 1_000_000  # shocks of the fits that are kept, 20 MB: a fit a day is not kept for ever
_LEVEL = (0.3, 3.0)  # where volatility may be heading, relative to where it is


@dataclass(frozen=True, slots=True)
class PastInputs:
    """What all fits of one instrument share; row t of each array uses bars up to t only.

    Attributes
    ----------
    inputs, proxy : of :func:`engine.forecast.baselines.variance.variance_inputs`.
    bar : (n, 4) float64, log of open, high, low, close over the close before; row 0 is 0.
    opens_traded : (n,) bool, True where the open is a traded price.
    more : (n, 10 + m) float64, of :func:`engine.forecast.baselines.variance.with_more`, or None.
    fits : what was fitted before, by what it may see: a run asks for the same fits for its setups, its levels and its
        placebo.
    """

    inputs: np.ndarray
    proxy: np.ndarray
    bar: np.ndarray
    opens_traded: np.ndarray
    more: np.ndarray | None = None
    fits: dict[tuple[int, int, float], _Fitted | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class VarianceFit:
    """One fitted variance regression, and a second one with further inputs that has a share in its forecasts.

    Attributes
    ----------
    past : what it was fitted to.
    plain, more : weights of ``past.inputs`` and of ``past.more`` (None: no second regression).
    share : of the second one, in [0, 1].
    """

    past: PastInputs
    plain: np.ndarray
    more: np.ndarray | None
    share: float

    def between(self, start: int, stop: int) -> np.ndarray:
        """Variance per session forecast at rows ``start .. stop - 1``, positive and finite."""
        return self._mixed(slice(start, stop))

    def at(self, rows: np.ndarray) -> np.ndarray:
        """The same at ``rows``."""
        return self._mixed(rows)

    def _mixed(self, rows: slice | np.ndarray) -> np.ndarray:
        plain = _forecast(self.past.inputs[rows], self.plain)
        if self.more is None or self.past.more is None or self.share == 0.0:
            return plain
        inputs = self.past.more[rows]
        known = ~np.isnan(inputs).any(axis=1)
        out = plain.copy()
        out[known] = (1.0 - self.share) * plain[known] + self.share * _forecast(inputs[known], self.more)
        return out


def fit_variance_pair(past: PastInputs, known: int, horizon: int, share: float = 0.0) -> VarianceFit:
    """Both regressions of the mean variance over ``horizon`` sessions, on bars ``0 .. known - 1``.

    There is no second one where ``past`` has no further inputs, or knows them on too few rows.
    """
    first = max(WARM_UP, known - LONGEST_MEMORY)
    plain = fit_variance(past.inputs, past.proxy, first, known, horizon)
    if past.more is None:
        return VarianceFit(past, plain, None, 0.0)
    usable = int((~np.isnan(past.more[first : max(first, known - horizon), -2])).sum())
    if usable < FEWEST_MORE:
        return VarianceFit(past, plain, None, 0.0)
    return VarianceFit(past, plain, fit_variance(past.more, past.proxy, first, known, horizon), share)


@dataclass(frozen=True, slots=True)
class Shocks:
    """One fit: everything the paths of its dates need.

    Attributes
    ----------
    library : (m, 4) float32, columns close, high, low, factor; sorted by close, so that evenly spread draws
        are evenly spread outcomes.  ``factor`` is what the session's volatility is multiplied by on its way to
        the next session's.
    opens : (m,) float32, the open; NaN where it was not a traded price.
    sigma : (rows,) float64, volatility of the first session of each date's paths.
    gain : (rows,) float64, added to volatility at each step (the pull to its level).
    reversal : the share of recent shocks that the next session takes back on average (negative: takes back).
    """

    library: np.ndarray
    opens: np.ndarray
    sigma: np.ndarray
    gain: np.ndarray
    reversal: float


def past_inputs(bars: BarSeries, more: np.ndarray | None = None) -> PastInputs:
    """Precompute what does not depend on how much a fit may see.

    ``more`` (n, m): further variances known at each close, squared log returns per session; NaN where unknown.
    """
    return _past_of(bars) if more is None else _past_inputs(bars, more)


@lru_cache(maxsize=1)
def _past_of(bars: BarSeries) -> PastInputs:
    return _past_inputs(bars, None)


def _past_inputs(bars: BarSeries, more: np.ndarray | None) -> PastInputs:
    inputs, proxy = variance_inputs(bars)
    bar = np.zeros((len(bars), 4))
    before = np.log(bars.close[:-1])
    for column, prices in enumerate((bars.open, bars.high, bars.low, bars.close)):
        bar[1:, column] = np.log(prices[1:]) - before
    further = None if more is None else np.ascontiguousarray(with_more(inputs, more))
    return PastInputs(inputs, proxy, bar, bars.opens_traded, further)


def fit_shocks(
    past: PastInputs, known: int, rows: np.ndarray, horizon: int, share: float = 0.0
) -> Shocks | None:
    """Fit on bars ``0 .. known - 1`` and prepare the paths that start at the closes of ``rows``.

    Parameters
    ----------
    past : of :func:`past_inputs`.
    known : number of bars the fit may see; ``known <= row + 1`` for each row.
    rows : (r,) int64 indices of as-of dates.
    horizon : sessions simulated; the second variance regression averages over as many.
    share : of the regressions with further inputs in the forecasts, 0 where ``past`` has none.

    Returns
    -------
    Shocks, or None where ``known`` is below :data:`MIN_SESSIONS` or the market never moved.
    """
    if known < max(MIN_SESSIONS, WARM_UP + 2 * horizon + 2):
        return None
    key = (known, horizon, share)
    if key in past.fits:
        fitted = past.fits[key]
    else:
        fitted = _fit(past, *key)
        # a list at once: other threads put their fits in meanwhile
        if sum(len(one.library) for one in list(past.fits.values()) if one is not None) < _MOST_KEPT:
            past.fits[key] = fitted
    if fitted is None:
        return None
    first = np.sqrt(fitted.one.at(past, rows)) * fitted.scale
    gain = np.full(len(rows), fitted.pull * fitted.scale)
    if fitted.many is not None:
        average = np.sqrt(fitted.many.at(past, rows)) * np.sqrt(fitted.ratio) * fitted.scale
        level = _level(first, average, horizon, fitted.persistence, fitted.surprise_variance)
        gain = 0.5 * (gain + (1.0 - fitted.persistence) * level)
    return Shocks(fitted.library, fitted.opens, first, gain, fitted.reversal)


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """What a fit has for all dates: see :class:`Shocks`; ``many`` is the regression over the horizon, None where that is 1."""

    library: np.ndarray
    opens: np.ndarray
    one: _Weights
    many: _Weights | None
    ratio: float
    scale: float
    persistence: float
    pull: float
    surprise_variance: float
    reversal: float


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """A :class:`VarianceFit` without what it was fitted to, which would hold it and be held by it."""

    plain: np.ndarray
    more: np.ndarray | None
    share: float

    @classmethod
    def of(cls, fit: VarianceFit) -> _Weights:
        return cls(fit.plain, fit.more, fit.share)

    def at(self, past: PastInputs, rows: np.ndarray) -> np.ndarray:
        return VarianceFit(past, self.plain, self.more, self.share).at(rows)


def _fit(past: PastInputs, known: int, horizon: int, share: float) -> _Fitted | None:
    """The fit on bars ``0 .. known - 1``; None where the market never moved."""
    first_row = max(WARM_UP, known - LONGEST_MEMORY)
    one = fit_variance_pair(past, known, 1, share)
    sigma = np.sqrt(one.between(first_row, known))
    drawn = np.arange(first_row + 1, known)  # each standardised by the forecast of the close before it
    expected, after = sigma[:-1], sigma[1:]
    shocks = past.bar[drawn] / expected[:, None]
    scale = float(np.sqrt(_mean(shocks[:, 3] ** 2)))
    if not scale > 0.0:
        return None
    shocks /= scale
    opens = np.where(past.opens_traded[drawn], shocks[:, 0], np.nan)
    drift = _mean(shocks[:, 3])
    shocks -= drift * (1.0 - len(drawn) / (len(drawn) + _DRIFT_PRIOR))
    reversal, taken_back = _serial_dependence(shocks[:, 3])
    # the path adds the dependence back; what is drawn must not hold it already
    shocks -= taken_back[:, None]

    persistence, pull = _mean_reversion(after, expected)
    surprise = after / expected - persistence - pull / expected
    many, ratio = None, 1.0
    if horizon > 1:
        many = fit_variance_pair(past, known, horizon, share)
        # both regressions forecast the proxy; one common factor turns it into the variance of closes
        ratio = _mean(one.between(first_row, known - horizon)) / _mean(
            many.between(first_row, known - horizon)
        )
    order = np.argsort(shocks[:, 3], kind="stable")
    factor = np.maximum(persistence + surprise, _LEAST_FACTOR)
    library = np.column_stack([shocks[:, 3], shocks[:, 1], shocks[:, 2], factor])[order]
    return _Fitted(
        np.ascontiguousarray(library, dtype=np.float32),
        opens[order].astype(np.float32),
        _Weights.of(one),
        None if many is None else _Weights.of(many),
        ratio,
        scale,
        persistence,
        pull,
        _mean(surprise**2),
        reversal,
    )


def _level(
    first: np.ndarray, average: np.ndarray, horizon: int, persistence: float, surprise_variance: float
) -> np.ndarray:
    """Level that volatility has to head for so that the paths' mean variance is the horizon's forecast.

    ``first`` and ``average`` (rows,) are the volatility of the first session and of the whole horizon.
    """
    # surprises spread volatility round its mean, which adds to the mean variance of a path
    steps = np.arange(horizon)
    spread = surprise_variance * (1.0 - persistence ** (2 * steps)) / (1.0 - persistence**2)
    average = average / np.sqrt(1.0 + spread.sum() / horizon)
    kept = (1.0 - persistence**horizon) / (horizon * (1.0 - persistence))
    return np.clip((average - kept * first) / (1.0 - kept), _LEVEL[0] * first, _LEVEL[1] * first)


def _forecast(inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return forecast_variance(np.ascontiguousarray(inputs), weights, 0, len(inputs))


@numba.njit(cache=True, nogil=True)
def _mean(values):
    # numpy's pairwise sum may be split differently on another processor; this order is fixed
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


@numba.njit(cache=True, nogil=True)
def _mean_reversion(after, before):
    """Least squares of ``after / before = persistence + pull / before``; returns (persistence, pull)."""
    n = len(after)
    mean_x = 0.0
    mean_y = 0.0
    for i in range(n):
        mean_x += 1.0 / before[i] / n
        mean_y += after[i] / before[i] / n
    covariance = 0.0
    variance = 0.0
    for i in range(n):
        x = 1.0 / before[i] - mean_x
        covariance += x * (after[i] / before[i] - mean_y)
        variance += x * x
    pull = covariance / variance if variance > 0.0 else 0.0
    persistence = min(max(mean_y - pull * mean_x, _PERSISTENCE[0]), _PERSISTENCE[1])
    return persistence, max(mean_y - persistence, 0.0) / mean_x


@numba.njit(cache=True, nogil=True)
def _serial_dependence(shocks):
    """How much of the recent shocks the next one takes back, shrunk to 0.

    Returns the coefficient on the memory (an exponential sum of the shocks before) and, for each shock, what
    the memory explains of it.  Index returns over weeks vary less than their days suggest; a path of
    independent draws would go too far.
    """
    n = len(shocks)
    memory = np.zeros(n)
    level = 0.0
    product = 0.0
    square = 0.0
    for i in range(n):
        memory[i] = level
        shock = min(max(shocks[i], -_LARGEST_FOR_MEMORY), _LARGEST_FOR_MEMORY)
        product += level * shock
        square += level * level
        level = MEMORY_DECAY * level + shock
    coefficient = product / (square + _MEMORY_PRIOR / (1.0 - MEMORY_DECAY**2))
    return coefficient, coefficient * memory
