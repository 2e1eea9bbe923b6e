"""``filtered_history``: filtered historical simulation, the honest opponent of every classifier.

It knows how far away each level is and how volatile the market is, and nothing about what the levels mean or
where the market is heading.  At each close it forecasts volatility from the past (a HAR-type regression),
draws whole past sessions (open, high, low and close together, in units of the volatility forecast for them),
lets them move volatility as they did, and asks of each path the very question that the outcomes answer, with
the same first-touch rule.

Choices
-------
* The past mean of the shocks is kept, shrunk to 0 as if the yearly Sharpe ratio were normal round 0 with
  standard deviation 0.3.  Direction from recent returns is left out on purpose: that is a rule, and rules are
  what this baseline judges.
* Serial dependence enters only through how far paths spread: the memory of a path starts empty at the close.
* A pseudo-count of a thousandth of the paths per class, so that no class is 0 and a probability that cannot
  fall with the horizon does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.bars.series import BarSeries
from engine.config import OutcomeConfig
from engine.errors import InputError
from engine.forecast.baselines.baseline import Baseline, BaselineInput
from engine.forecast.baselines.paths import (
    COUNTS,
    RETEST_TOUCHED,
    TARGET_TOUCHED,
    lattice,
    simulate_levels,
    simulate_setups,
)
from engine.forecast.baselines.shocks import PastInputs, Shocks, fit_shocks, past_inputs
from engine.forecast.probabilities import FLOOR, blend_with_uniform
from engine.kernels.threads import in_threads
from engine.outcomes.first_touch import RULES
from engine.scenarios import SCENARIOS

_SETUP_USED = [0, 1, 2, 4]  # floor, ceiling, target_low, retest


@dataclass(frozen=True, slots=True, eq=False)
class FilteredHistory:
    """Forecasts of the simulation for horizons of 1, 2, ..., H sessions; row t is the close of bar t.

    Attributes
    ----------
    probabilities : (n, H, 3) float64, order of :data:`engine.scenarios.SCENARIOS`, each at least 0.001.  Under
        the rules ``target`` and ``band``, breakdown and continuation never fall as the horizon grows.
    target_touch, retest_touch : (n, H) float64, probability that the target, the retest is touched within each
        horizon, whatever the scenario; in [0.001, 0.999], never falling.
    sigma : (n,) float64, volatility forecast for the next session (standard deviation of log returns).

    Rows that were not asked for, have no setup, or come before enough history is known are NaN.
    """

    probabilities: np.ndarray
    target_touch: np.ndarray
    retest_touch: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True, slots=True)
class Simulation:
    """How far paths go, the question they are asked, their number for each date, and the run's seed."""

    horizons_max: int
    outcome: OutcomeConfig
    paths: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class MoreVariances:
    """Further variances in the forecast of volatility.

    Attributes
    ----------
    values : (n, m) float64 known at each close, squared log returns per session; NaN where unknown.
    share : (n,) float64 in [0, 1], of the regression that has them, in the forecast made at each close; 0 and the
        forecast is that of ``filtered_history``.
    """

    values: np.ndarray
    share: np.ndarray


def filtered_history(
    bars: BarSeries,
    setup: np.ndarray,
    known: np.ndarray,
    horizons_max: int,
    outcome: OutcomeConfig,
    paths: int,
    seed: int,
    rows: np.ndarray | None = None,
) -> FilteredHistory:
    """Simulate every date's setup forward.

    The fit behind the forecast of date t uses bars ``0 .. known[t] - 1``; the volatility the paths start from
    and the setup use bars up to t.  The draws of date t depend on ``seed`` and t only.

    Parameters
    ----------
    bars : n sessions.
    setup : (n, 5) floor, ceiling, target_low, target_high, retest; NaN where undefined.
    known : (n,) integers, ``0 <= known[t] <= t + 1``; 0 means no forecast.  Dates that share a value share a
        fit, so refit every few weeks, not every day.
    horizons_max : H, sessions simulated.
    outcome : the question.
    paths : per date; the Monte Carlo error of a probability p is below ``sqrt(p (1 - p) / paths)``.
    seed : of the run.
    rows : (n,) bool, dates to forecast; None means all.

    Raises
    ------
    InputError
        ``forecast.bad_shape``, ``forecast.known_ahead``, ``forecast.bad_number``.
    """
    return simulated(bars, setup, known, Simulation(horizons_max, outcome, paths, seed), rows)


def simulated(
    bars: BarSeries,
    setup: np.ndarray,
    known: np.ndarray,
    how: Simulation,
    rows: np.ndarray | None,
    more: MoreVariances | None = None,
) -> FilteredHistory:
    """The same, with further variances in the forecast of volatility where ``more`` is given."""
    setup = np.asarray(setup, dtype=np.float64)
    horizons_max, outcome, paths, seed = how.horizons_max, how.outcome, how.paths, how.seed
    known = _checked_known(len(bars), known, horizons_max, paths)
    if setup.shape != (len(bars), 5):
        raise InputError(
            "forecast.bad_shape", f"setup {setup.shape} for {len(bars)} bars", f"pass ({len(bars)}, 5)"
        )
    wanted = np.isfinite(setup[:, _SETUP_USED]).all(axis=1) & (known > 0)
    if rows is not None:
        wanted &= np.asarray(rows, dtype=bool)
    levels = np.full((len(bars), 4), np.nan)
    levels[wanted] = np.log(setup[wanted][:, _SETUP_USED] / bars.close[wanted, None])
    counts = np.zeros((len(bars), horizons_max, COUNTS), dtype=np.int64)
    sigma = np.full(len(bars), np.nan)
    multipliers = lattice(paths, horizons_max)

    def simulate(at: np.ndarray, shocks: Shocks) -> None:
        block = np.zeros((len(at), horizons_max, COUNTS), dtype=np.int64)
        simulate_setups(
            seed,
            at,
            shocks.sigma,
            shocks.gain,
            shocks.library,
            shocks.opens,
            shocks.reversal,
            levels[at],
            multipliers,
            paths,
            RULES[outcome.rule],
            outcome.floor_break == "touch",
            outcome.tie == "continuation",
            block,
        )
        counts[at] = block
        sigma[at] = shocks.sigma

    past = past_inputs(bars, None if more is None else more.values)
    shares = None if more is None else more.share
    _for_each_fit(past, known, np.flatnonzero(wanted), horizons_max, simulate, shares)
    done = np.isfinite(sigma)
    reached = counts[done] / paths
    return FilteredHistory(
        probabilities=_placed(done, blend_with_uniform(reached[:, :, : len(SCENARIOS)], FLOOR)),
        target_touch=_placed(done, _kept_inside(reached[:, :, TARGET_TOUCHED])),
        retest_touch=_placed(done, _kept_inside(reached[:, :, RETEST_TOUCHED])),
        sigma=sigma,
    )


def level_touch(
    bars: BarSeries,
    known: np.ndarray,
    pointer: np.ndarray,
    prices: np.ndarray,
    horizons_max: int,
    paths: int,
    seed: int,
) -> np.ndarray:
    """Probability that each level of each date is touched within 1, 2, ..., H sessions.

    A level at or above the close is touched by a high that reaches it, a level below by a low.  The paths are
    those of :func:`filtered_history`, so a level at the target has the probability of the target; of two
    levels on the same side, the farther one is never the likelier.

    Parameters
    ----------
    bars, known, horizons_max, paths, seed : as in :func:`filtered_history`.
    pointer : (n + 1,) int64, the levels of date t are ``prices[pointer[t] : pointer[t + 1]]``.
    prices : (pairs,) positive prices, in any order within a date (of a zone: its edge nearest to the close).

    Returns
    -------
    (pairs, H) float64 in [0.001, 0.999], never falling with the horizon; NaN where the price is NaN or the
    date has no fit.

    Raises
    ------
    InputError
        ``forecast.bad_shape``, ``forecast.known_ahead``, ``forecast.bad_number``.
    """
    known = _checked_known(len(bars), known, horizons_max, paths)
    pointer = np.asarray(pointer, dtype=np.int64)
    prices = np.asarray(prices, dtype=np.float64)
    ends_fit = pointer.shape == (len(bars) + 1,) and pointer[0] == 0 and pointer[-1] == len(prices)
    if not ends_fit or (np.diff(pointer) < 0).any():
        raise InputError(
            "forecast.bad_shape",
            f"the row pointer does not divide {len(prices)} prices among {len(bars)} bars",
            "pass n + 1 ascending numbers from 0 to the number of prices",
        )
    if (prices <= 0.0).any() or np.isinf(prices).any():
        raise InputError(
            "forecast.bad_number", "a level's price is not positive and finite", "use NaN for none"
        )
    date_of = np.repeat(np.arange(len(bars)), np.diff(pointer))
    distances = np.log(prices / bars.close[date_of])
    # NaN sorts last within its date and is met by no path
    order = np.lexsort((distances, date_of))
    distances = distances[order]
    counts = np.zeros((len(prices), horizons_max), dtype=np.int64)
    fitted = np.zeros(len(bars), dtype=bool)
    multipliers = lattice(paths, horizons_max)

    def simulate(at: np.ndarray, shocks: Shocks) -> None:
        sizes = pointer[at + 1] - pointer[at]
        pairs = np.concatenate([np.arange(pointer[t], pointer[t + 1]) for t in at])
        block = np.zeros((len(pairs), horizons_max), dtype=np.int64)
        simulate_levels(
            seed,
            at,
            shocks.sigma,
            shocks.gain,
            shocks.library,
            shocks.reversal,
            np.concatenate(([0], np.cumsum(sizes))),
            distances[pairs],
            multipliers,
            paths,
            block,
        )
        counts[pairs] = block
        fitted[at] = True

    wanted = (np.diff(pointer) > 0) & (known > 0)
    _for_each_fit(past_inputs(bars), known, np.flatnonzero(wanted), horizons_max, simulate)
    sorted_shares = _kept_inside(counts / paths)
    sorted_shares[~fitted[date_of] | np.isnan(distances)] = np.nan
    out = np.empty_like(sorted_shares)
    out[order] = sorted_shares
    return out


def filtered_history_of(
    bars: object,
    floor: object,
    target: object,
    horizon: int,
    *,
    refit_sessions: int = 63,
    paths: int = 1000,
    seed: int = 7,
) -> np.ndarray:
    """:func:`filtered_history` of plain arrays: breakdown, range and continuation within ``horizon`` sessions.

    Parameters
    ----------
    bars : (n, 4) open, high, low and close, oldest first, one row a session.
    floor, target : (n,) prices with floor < close < target; NaN where nothing is asked.
    refit_sessions : the simulation is fitted every so many sessions, to the bars before.

    Returns
    -------
    (n, 3) float64, each at least 0.001; NaN where nothing is asked or less than a year is known.

    Raises
    ------
    InputError
        ``forecast.bad_shape``, ``forecast.bad_number``.

    Examples
    --------
    >>> from engine.bars.simulate import simulate_bars
    >>> market = simulate_bars(400, seed=1)
    >>> bars = np.column_stack([market.open, market.high, market.low, market.close])
    >>> p = filtered_history_of(bars, 0.97 * market.close, 1.03 * market.close, 10, paths=200)
    >>> p.shape, bool(np.isnan(p[:252]).all()), bool(abs(p[-1].sum() - 1) < 1e-9)
    ((400, 3), True, True)
    """
    prices = np.asarray(bars, dtype=np.float64)
    low, high = (np.asarray(level, dtype=np.float64) for level in (floor, target))
    if prices.ndim != 2 or prices.shape[1] != 4 or not low.shape == high.shape == prices.shape[:1]:
        raise InputError(
            "forecast.bad_shape",
            f"bars {prices.shape}, floor {low.shape}, target {high.shape}",
            "pass (n, 4), (n,) and (n,)",
        )
    n = len(prices)
    days = np.datetime64("2000-01-01", "D") + np.arange(n)
    series = BarSeries(
        "bars",
        "bars",
        days,
        open=prices[:, 0],
        high=prices[:, 1],
        low=prices[:, 2],
        close=prices[:, 3],
        volume=np.zeros(n),
    )
    setup = np.column_stack([low, high, high, high, 0.5 * low])
    known = np.arange(n) // refit_sessions * refit_sessions
    return filtered_history(series, setup, known, horizon, OutcomeConfig(), paths, seed).probabilities[:, -1]


def _for_each_fit(
    past: PastInputs,
    known: np.ndarray,
    rows: np.ndarray,
    horizon: int,
    simulate: Callable[[np.ndarray, Shocks], None],
    shares: np.ndarray | None = None,
) -> None:
    """Fit once for each value of ``known`` among ``rows`` and simulate its dates.

    ``shares`` (n,), of the regressions with further inputs, are alike for rows of one fit.

    Fits are independent of each other and the kernels release the interpreter's lock, so threads only change
    the order in which rows are filled.
    """

    def one_fit(bars_known: int) -> None:
        at = rows[known[rows] == bars_known]
        share = 0.0 if shares is None else float(shares[at[0]])
        shocks = fit_shocks(past, bars_known, at, horizon, share)
        if shocks is not None:
            simulate(at, shocks)

    in_threads(one_fit, [int(value) for value in np.unique(known[rows])])


def _placed(done: np.ndarray, values: np.ndarray) -> np.ndarray:
    out = np.full((len(done), *values.shape[1:]), np.nan)
    out[done] = values
    return out


def _kept_inside(shares: np.ndarray) -> np.ndarray:
    return (1.0 - 2.0 * FLOOR) * shares + FLOOR


def _checked_known(n: int, known: np.ndarray, horizons_max: int, paths: int) -> np.ndarray:
    known = np.asarray(known)
    if known.shape != (n,) or not np.issubdtype(known.dtype, np.integer):
        raise InputError("forecast.bad_shape", f"known {known.shape} {known.dtype}", f"pass ({n},) integers")
    ahead = np.flatnonzero((known < 0) | (known > np.arange(1, n + 1)))
    if len(ahead):
        raise InputError(
            "forecast.known_ahead",
            f"row {ahead[0]} would use {known[ahead[0]]} bars of the {ahead[0] + 1} known at its close",
            "known[t] is at most t + 1",
        )
    if horizons_max < 1 or paths < 1:
        raise InputError(
            "forecast.bad_number", f"{horizons_max} sessions on {paths} paths", "both must be at least 1"
        )
    return known.astype(np.int64)


def _forecast(seen: BaselineInput) -> np.ndarray:
    return seen.history.probabilities[:, np.array(seen.config.horizons) - 1]


BASELINE = Baseline(
    name="filtered_history",
    label="Filtered history",
    short="FHS",
    meaning="distance and volatility alone (filtered history)",
    order=10,
    forecast=_forecast,
)
