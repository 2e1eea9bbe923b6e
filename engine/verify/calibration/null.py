"""What a perfect forecast would show: the null distribution of every calibration figure, overlap kept.

The forecasts stay as they are; outcomes are drawn so that each probability is exact and neighbouring outcomes
overlap as the real ones do (:mod:`engine.verify.overlap`).  Whatever MCB, ECE, smooth ECE, slope and
intercept come out above nothing in such draws is noise, and the observed figure means something only beyond
it.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from engine.errors import InputError
from engine.kernels.threads import thread_count
from engine.verify.calibration.calibration_error import (
    GRID,
    equal_mass_starts,
    grid_position,
    smooth_error_of_cells,
)
from engine.verify.calibration.calibration_line import clipped_log_odds, one_step_line
from engine.verify.calibration.null_kernel import draw_outcomes
from engine.verify.overlap import Windows, latent_normals
from engine.verify.sound import need_rows


@dataclass(frozen=True, slots=True)
class NullDraws:
    """Figures of ``draws`` exact forecasts of one class.

    Attributes
    ----------
    values : mcb_brier, mcb_log_loss, ece, smooth_ece, slope, intercept, frequency -> (draws,) float64; NaN where
        it is not defined.
    curves : (draws, g) recalibrated probability at the ``at`` forecasts, for consistency bands.
    at : (g,) distinct forecasts, ascending.
    """

    values: dict[str, np.ndarray]
    curves: np.ndarray
    at: np.ndarray

    def band(self, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Pointwise consistency band: where the diagram of an exact forecast lies ``coverage`` of the
        time."""
        tail = (1.0 - coverage) / 2
        low, high = np.quantile(self.curves, [tail, 1.0 - tail], axis=0)
        return low, high

    def p_value(self, statistic: str, observed: float) -> float:
        """Share of exact forecasts that look at least as bad, counting the observed one: never 0; NaN for NaN."""
        return self._share(self.values[statistic], observed)

    def two_sided_p_value(self, statistic: str, observed: float, ideal: float) -> float:
        """Share of exact forecasts at least as far from ``ideal`` on either side; NaN for NaN."""
        return self._share(np.abs(self.values[statistic] - ideal), abs(observed - ideal))

    def _share(self, values: np.ndarray, observed: float) -> float:
        if np.isnan(observed):
            return float("nan")
        return float((1 + np.sum(values >= observed - 1e-12)) / (1 + len(values)))


def null_draws_of_classes(
    forecasts: list[np.ndarray],
    windows: Windows,
    horizon: int,
    *,
    draws: int,
    seed: int,
    bins: int = 10,
    at: list[object | None] | None = None,
    truths: list[np.ndarray] | None = None,
    figures: Literal["all", "no_smooth", "mcb"] = "all",
) -> list[NullDraws]:
    """The figures of exact forecasts of several classes, on the same latent normals.

    Each class happens where the latent normal's probability is below its own forecast.  (Cutting one latent
    normal into three ordered classes would be coherent, but gives the middle class too little dependence:
    exact forecasts of "range" were then rejected 13 to 16 % of the time at nominal 5 %.)

    Parameters
    ----------
    forecasts : per class, (n,) probabilities; they are held fixed.
    windows : which sessions each row looks at.
    horizon : sessions each row looks ahead.
    at : per class, forecasts at which the recalibrated curve is kept; each is moved to the nearest distinct forecast.
        None keeps no curve.
    truths : per class, (n,) exact probabilities to draw outcomes from instead of the forecasts; this is how
        power is computed.
    figures : ``no_smooth`` leaves out ``smooth_ece``, a third of the time; ``mcb`` keeps ``mcb_brier`` and nothing else.

    Notes
    -----
    Slope and intercept are the one-step estimates from the score at (1, 0), first-order equal to maximum
    likelihood and computable for thousands of draws.  The slope is NaN where all forecasts are equal.

    Raises
    ------
    InputError
        ``verify.too_few_rows``, ``verify.shape``, ``verify.bad_horizon``, ``verify.too_few_draws``.
    """
    plans = []
    for k, p in enumerate(forecasts):
        need_rows(len(p))
        if len(p) != len(windows.start):
            raise InputError("verify.shape", f"{len(p)} forecasts for {len(windows.start)} windows")
        truth = p if truths is None else truths[k]
        plans.append(_Plan.of(p, truth, bins, None if at is None else at[k], figures))
    results = [_Collected.empty(plan, draws) for plan in plans]
    done = 0
    with ThreadPoolExecutor(thread_count()) as pool:
        under_way: list[Future[None]] = []
        for latent in latent_normals(windows, horizon, draws, seed):
            # the next normals are drawn while these are used, and no more of them wait than that
            for future in under_way:
                future.result()
            under_way = [
                pool.submit(result.add, plan, latent, done)
                for plan, result in zip(plans, results, strict=True)
            ]
            done += len(latent)
        for future in under_way:
            future.result()
    return [result.finish(plan) for plan, result in zip(plans, results, strict=True)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One class's forecasts in ascending order, with everything that does not change between draws."""

    order: np.ndarray
    p: np.ndarray
    log_odds: np.ndarray
    threshold: np.ndarray
    group_stops: np.ndarray  # row after each group of equal forecasts
    bin_stops: np.ndarray  # row after each equal-mass bin
    cell_stops: np.ndarray  # row after each cell of the smooth error's grid
    share: np.ndarray
    at_group: np.ndarray
    at: np.ndarray

    @classmethod
    def of(cls, forecast: np.ndarray, truth: np.ndarray, bins: int, at: object | None, figures: str) -> _Plan:
        order = np.argsort(forecast, kind="stable")
        p = forecast[order]
        distinct, group_rows = np.unique(p, return_counts=True)
        cell, share = grid_position(p)
        none = np.zeros(0, np.int64)
        return cls(
            order=order,
            p=p,
            log_odds=clipped_log_odds(p),
            threshold=ndtri(truth[order]),
            group_stops=np.cumsum(group_rows),
            bin_stops=none if figures == "mcb" else np.append(equal_mass_starts(p, bins)[1:], len(p)),
            cell_stops=none if figures != "all" else np.searchsorted(cell, np.arange(GRID), side="right"),
            share=share,
            at_group=none if at is None else nearest(distinct, np.asarray(at, dtype=np.float64)),
            at=distinct[:0] if at is None else distinct[nearest(distinct, np.asarray(at, dtype=np.float64))],
        )

    def per_bin(self, values: np.ndarray) -> np.ndarray:
        """Sums of row values per equal-mass bin."""
        return np.add.reduceat(values, np.concatenate([[0], self.bin_stops[:-1]]))

    def per_cell(self, values: np.ndarray) -> np.ndarray:
        """Row values spread over the two nearest cells of the grid."""
        cell = np.searchsorted(self.cell_stops, np.arange(len(values)), side="right")
        out = np.bincount(cell, weights=values * (1.0 - self.share), minlength=GRID + 1)
        return (out + np.bincount(cell + 1, weights=values * self.share, minlength=GRID + 1))[:GRID]


def nearest(ascending: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Indices of the entries of ``ascending`` nearest to each of ``wanted``, each once, ascending."""
    right = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    left = np.maximum(right - 1, 0)
    nearer_left = np.abs(wanted - ascending[left]) < np.abs(ascending[right] - wanted)
    return np.unique(np.where(nearer_left, left, right))


@dataclass(slots=True)
class _Collected:
    """Arrays that fill up chunk by chunk."""

    scalars: np.ndarray  # hits, hits weighted by log-odds, MCB sums of Brier and log loss
    ece: np.ndarray
    smooth: np.ndarray
    curves: np.ndarray

    @classmethod
    def empty(cls, plan: _Plan, draws: int) -> _Collected:
        return cls(
            np.empty((draws, 4)), np.empty(draws), np.empty(draws), np.empty((draws, len(plan.at_group)))
        )

    def add(self, plan: _Plan, latent: np.ndarray, first: int) -> None:
        stop = first + len(latent)
        bins = np.zeros((len(latent), len(plan.bin_stops)))
        cells = np.zeros((len(latent), len(plan.cell_stops) + 1))
        draw_outcomes(
            latent,
            plan.order,
            plan.threshold,
            plan.p,
            plan.log_odds,
            plan.group_stops,
            plan.bin_stops,
            plan.cell_stops,
            plan.share,
            plan.at_group,
            self.scalars[first:stop],
            bins,
            cells,
            self.curves[first:stop],
        )
        if len(plan.bin_stops):
            n = len(plan.p)
            self.ece[first:stop] = np.abs(bins - plan.per_bin(plan.p)).sum(axis=1) / n
            if len(plan.cell_stops):
                self.smooth[first:stop] = smooth_error_of_cells((cells[:, :GRID] - plan.per_cell(plan.p)) / n)

    def finish(self, plan: _Plan) -> NullDraws:
        n = len(plan.p)
        hits, weighted_hits, mcb_brier, mcb_log_loss = self.scalars.T
        values = {"mcb_brier": np.maximum(mcb_brier, 0.0) / n}
        if len(plan.bin_stops):
            slope, intercept = one_step_line(plan.p, hits, weighted_hits)
            values |= {
                "mcb_log_loss": np.maximum(mcb_log_loss, 0.0) / n,
                "ece": self.ece,
                **({"smooth_ece": self.smooth} if len(plan.cell_stops) else {}),
                "slope": slope,
                "intercept": intercept,
                "frequency": hits / n,
            }
        return NullDraws(values=values, curves=self.curves, at=plan.at)
