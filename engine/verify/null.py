"""What a perfect forecast would show: the null distribution of every calibration figure, overlap kept.

The forecasts stay as they are; outcomes are drawn so that each probability is exact and neighbouring outcomes
overlap as the real ones do (:mod:`engine.verify.overlap`).  Whatever MCB, ECE, smooth ECE, slope and
intercept come out above nothing in such draws is noise, and the observed figure means something only beyond
it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.special import ndtri

from engine.errors import InputError
from engine.verify.calibration_error import GRID, equal_mass_starts, grid_position, smooth_error_of_cells
from engine.verify.calibration_line import log_odds
from engine.verify.overlap import Windows, latent_normals
from engine.verify.pav import pool_counts
from engine.verify.sound import need_rows, sound_forecast

STATISTICS = ("mcb_brier", "mcb_log_loss", "ece", "smooth_ece", "slope", "intercept", "frequency")


@dataclass(frozen=True, slots=True)
class NullDraws:
    """Figures of ``draws`` exact forecasts of one class.

    Attributes
    ----------
    values : statistic (see :data:`STATISTICS`) -> (draws,) float64.
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
        """Share of exact forecasts that look at least as bad, counting the observed one: never 0."""
        values = self.values[statistic]
        return float((1 + np.sum(values >= observed - 1e-12)) / (1 + len(values)))


def null_draws(
    forecast: object,
    windows: Windows,
    horizon: int,
    *,
    draws: int = 999,
    seed: int = 0,
    bins: int = 10,
    at: object | None = None,
) -> NullDraws:
    """Draw the figures of an exact forecast of one class.

    Parameters
    ----------
    forecast : (n,) probabilities of the class; they are held fixed.
    windows : which sessions each row looks at.
    horizon : sessions each row looks ahead.
    at : forecasts at which the recalibrated curve is kept; each is moved to the nearest distinct forecast.
        None keeps no curve.

    Notes
    -----
    Slope and intercept are the one-step estimates from the score at (1, 0), first-order equal to maximum
    likelihood and computable for thousands of draws.  The slope is NaN where all forecasts are equal.

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.too_few_rows``, ``verify.bad_horizon``,
        ``verify.too_few_draws``.
    """
    p = sound_forecast(forecast)
    return null_draws_of_classes([p], windows, horizon, draws=draws, seed=seed, bins=bins, at=[at])[0]


def null_draws_of_classes(
    forecasts: list[np.ndarray],
    windows: Windows,
    horizon: int,
    *,
    draws: int,
    seed: int,
    bins: int = 10,
    at: list[object | None] | None = None,
    truths: list[tuple[np.ndarray, np.ndarray]] | None = None,
) -> list[NullDraws]:
    """:func:`null_draws` for several classes on the same latent normals.

    ``truths`` (per class, lower and upper threshold on the latent normal, (n,) each) replaces the exact
    outcomes by those of another truth: the class happens where lower <= latent < upper.  This is how power is
    computed.
    """
    plans = []
    for k, p in enumerate(forecasts):
        need_rows(len(p))
        if len(p) != len(windows.start):
            raise InputError("verify.shape", f"{len(p)} forecasts for {len(windows.start)} windows")
        lower, upper = truths[k] if truths is not None else (np.full(len(p), -np.inf), ndtri(p))
        plans.append(_Plan.of(p, lower, upper, bins, at[k] if at is not None else None))
    results = [_Collected.empty(plan, draws) for plan in plans]
    done = 0
    for latent in latent_normals(windows, horizon, draws, seed):
        for plan, result in zip(plans, results, strict=True):
            result.add(plan, latent, done)
        done += len(latent)
    return [result.finish(plan) for plan, result in zip(plans, results, strict=True)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One class's forecasts in ascending order, with everything that does not change between draws."""

    order: np.ndarray
    p: np.ndarray
    x: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    group_rows: np.ndarray
    bin_of_row: np.ndarray
    bin_forecast: np.ndarray
    cell: np.ndarray
    share: np.ndarray
    cell_forecast: np.ndarray
    at_group: np.ndarray
    at: np.ndarray
    information: np.ndarray

    @classmethod
    def of(
        cls, forecast: np.ndarray, lower: np.ndarray, upper: np.ndarray, bins: int, at: object | None
    ) -> _Plan:
        order = np.argsort(forecast, kind="stable")
        p = forecast[order]
        n = len(p)
        distinct, group_rows = np.unique(p, return_counts=True)
        starts = equal_mass_starts(p, bins)
        bin_of_row = np.searchsorted(starts, np.arange(n), side="right") - 1
        cell, share = grid_position(p)
        cell_forecast = np.bincount(cell, weights=p * (1 - share), minlength=GRID + 1)
        cell_forecast += np.bincount(cell + 1, weights=p * share, minlength=GRID + 1)
        at_group = np.zeros(0, np.int64)
        if at is not None:
            wanted = np.asarray(at, dtype=np.float64)
            right = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
            left = np.maximum(right - 1, 0)
            nearer_left = np.abs(wanted - distinct[left]) < np.abs(distinct[right] - wanted)
            at_group = np.unique(np.where(nearer_left, left, right))
        x = log_odds(p)
        v = p * (1 - p)
        information = np.array([[v.sum(), (v * x).sum()], [(v * x).sum(), (v * x * x).sum()]])
        return cls(
            order=order, p=p, x=x, lower=lower[order], upper=upper[order], group_rows=group_rows,
            bin_of_row=bin_of_row, bin_forecast=np.bincount(bin_of_row, weights=p), cell=cell, share=share,
            cell_forecast=cell_forecast[:GRID], at_group=at_group, at=distinct[at_group],
            information=information,
        )  # fmt: skip


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
        n = len(plan.p)
        bin_hits = np.zeros((len(latent), len(plan.bin_forecast)))
        cell_hits = np.zeros((len(latent), GRID + 1))
        _draw_kernel(
            latent, plan.order, plan.lower, plan.upper, plan.p, plan.x, plan.group_rows, plan.bin_of_row,
            plan.cell, plan.share, plan.at_group, self.scalars[first:stop], bin_hits, cell_hits,
            self.curves[first:stop],
        )  # fmt: skip
        self.ece[first:stop] = np.abs(bin_hits - plan.bin_forecast).sum(axis=1) / n
        self.smooth[first:stop] = smooth_error_of_cells((cell_hits[:, :GRID] - plan.cell_forecast) / n)

    def finish(self, plan: _Plan) -> NullDraws:
        n = len(plan.p)
        hits, weighted_hits, mcb_brier, mcb_log_loss = self.scalars.T
        bias = hits - plan.p.sum()
        tilt = weighted_hits - (plan.p * plan.x).sum()
        (a, b), (_, d) = plan.information
        determinant = a * d - b * b
        unknown = np.full(len(hits), np.nan)
        values = {
            "mcb_brier": np.maximum(mcb_brier, 0.0) / n,
            "mcb_log_loss": np.maximum(mcb_log_loss, 0.0) / n,
            "ece": self.ece,
            "smooth_ece": self.smooth,
            "slope": 1.0 + (a * tilt - b * bias) / determinant if determinant > 1e-9 * a * d else unknown,
            "intercept": bias / a if a > 0 else unknown,
            "frequency": hits / n,
        }
        return NullDraws(values=values, curves=self.curves, at=plan.at)


@numba.njit(cache=True)
def _draw_kernel(
    latent, order, lower, upper, p, x, group_rows, bin_of_row, cell, share, at_group, scalars, bin_hits,
    cell_hits, curves
):  # fmt: skip
    """One pass per draw over the rows in ascending order of forecast; fills the four output arrays."""
    n = p.size
    groups = group_rows.size
    hits = np.empty(groups, np.int64)
    block_hits = np.empty(groups, np.int64)
    block_rows = np.empty(groups, np.int64)
    squares = 0.0
    surprise = 0.0
    for i in range(n):
        squares += p[i] * p[i]
        surprise -= np.log1p(-min(p[i], 1.0 - 1e-6))
    for draw in range(latent.shape[0]):
        total = 0
        linear = 0.0  # sum (p - y)^2 = sum p^2 + sum y (1 - 2 p), and the log loss is linear in y too
        weighted = 0.0
        i = 0
        for g in range(groups):
            hits[g] = 0
            for _ in range(group_rows[g]):
                z = latent[draw, order[i]]
                if lower[i] <= z < upper[i]:
                    hits[g] += 1
                    linear += 1.0 - 2.0 * p[i]
                    weighted += x[i]
                    bin_hits[draw, bin_of_row[i]] += 1.0
                    cell_hits[draw, cell[i]] += 1.0 - share[i]
                    cell_hits[draw, cell[i] + 1] += share[i]
                i += 1
            total += hits[g]
        blocks = pool_counts(hits, group_rows, block_hits, block_rows)
        pooled_squares = 0.0
        pooled_surprise = 0.0
        for b in range(blocks):
            s = float(block_hits[b])
            w = float(block_rows[b])
            pooled_squares += s - s * s / w
            if 0.0 < s < w:
                pooled_surprise -= s * np.log(s / w) + (w - s) * np.log(1.0 - s / w)
        scalars[draw, 0] = total
        scalars[draw, 1] = weighted
        scalars[draw, 2] = squares + linear - pooled_squares
        scalars[draw, 3] = surprise - weighted - pooled_surprise

        b = 0
        covered = 0  # groups up to the end of block b, counted in rows
        seen = 0
        g = 0
        if at_group.size:
            covered = block_rows[0]
            seen = group_rows[0]
            for k in range(at_group.size):
                while g < at_group[k]:
                    g += 1
                    seen += group_rows[g]
                while seen > covered:
                    b += 1
                    covered += block_rows[b]
                curves[draw, k] = block_hits[b] / block_rows[b]
