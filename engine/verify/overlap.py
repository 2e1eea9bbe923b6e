"""Exact forecasts with overlapping outcomes: the latent normals behind the null distribution.

Forecasts of consecutive sessions share H - 1 of the H sessions they look at, so their outcomes move together
even when every probability is exact.  The null keeps that overlap: each session gets one standard normal, a
row that looks at sessions t+1 .. t+H gets the sum of theirs over sqrt(H), a standard normal again, and the
class happens where it falls below the quantile of its probability.  Rows H or more sessions apart are
independent; a row k < H sessions later has correlation 1 - k/H.

Where the levels stand still from one row to the next, neighbouring outcomes change less often than that.  ``ease`` puts
in place of each session's normal the sum of it and the ``ease - 1`` before, so that the sessions of a row come and go
by degrees; :mod:`engine.verify.standing` says how large it has to be.  With 1 nothing changes.

Several instruments share sessions by date.  Their normals are correlated like their daily returns, and equal
where too few common sessions exist to say so: that errs towards too wide a null, never too narrow.  Up to eight
instruments the correlations are kept as they are; for more, by common factors and a part of each instrument's
own, so that the work grows with the number of instruments and not with its square.

The normals of a date depend on the seed and on the number of sessions since the first date only, so a longer
history leaves the earlier ones as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from engine.errors import InputError
from engine.kernels.streams import null_normals
from engine.verify.overlap_kernel import ease_kernel, sum_sessions

CHUNK = 64  # draws made together; part of the definition of the random stream
_STRETCH = 64  # sessions whose normals are held at once
_LEAST_COMMON = 250  # sessions two instruments must share before their correlation is believed
_EXACT = 8  # instruments up to which every correlation is kept


@dataclass(frozen=True, slots=True)
class Windows:
    """Which sessions each row looks at.

    Attributes
    ----------
    start : (n,) int64, position among its instrument's sessions of the row's own session t.
    instrument : (n,) int64, index into ``sessions``.
    sessions : per instrument, ascending positions of its sessions on the calendar all share, int64.
    factor : (I, f) loadings on f common normals a session.
    own : (I,) weight of an instrument's own normal; None where there is none.  ``factor @ factor.T`` plus the
        squares of ``own`` on the diagonal is the correlation of the instruments' normals.
    ease : sessions over which the weight of a session rises in a row's sum, and falls.
    """

    start: np.ndarray
    instrument: np.ndarray
    sessions: tuple[np.ndarray, ...]
    factor: np.ndarray
    own: np.ndarray | None = None
    ease: int = 1

    @classmethod
    def consecutive(cls, rows: int) -> Windows:
        """One instrument, one row per session, no gaps."""
        return cls(np.arange(rows), np.zeros(rows, np.int64), (np.arange(rows),), np.ones((1, 1)))

    def take(self, rows: np.ndarray) -> Windows:
        """The same sessions, some of the rows."""
        return replace(self, start=self.start[rows], instrument=self.instrument[rows])


def eased_weights(sessions: int, ease: int) -> np.ndarray:
    """Weights (sessions + ease - 1,) of the normals in the sum of ``sessions`` eased ones."""
    return np.convolve(np.ones(sessions), np.ones(ease))


def eased_length(sessions: int, ease: int) -> float:
    """Standard deviation of that sum: the root of ``sessions`` where ``ease`` is 1."""
    return float(np.sqrt(np.sum(eased_weights(sessions, ease) ** 2)))


def eased(shocks: np.ndarray, ease: int) -> np.ndarray:
    """Sums of ``ease`` consecutive normals along the first axis, which gets shorter by ``ease - 1``."""
    out = np.empty((len(shocks) - ease + 1, *shocks.shape[1:]))
    width = int(np.prod(shocks.shape[1:]))
    ease_kernel(shocks.reshape(-1), width, ease, out.reshape(-1))
    return out


def return_correlation(returns: np.ndarray) -> np.ndarray:
    """Correlations (I, I) of (calendar, I) returns with NaN gaps, over the sessions two instruments share.

    Pairs with fewer than 250 common sessions count as perfectly correlated.  Negative correlations count as
    0: an instrument that hedges another must not make the null narrower than independence would.
    """
    there = np.isfinite(returns)
    known = there.sum(axis=0)
    mean = np.where(there, returns, 0.0).sum(axis=0) / np.maximum(known, 1)
    x, mask = np.where(there, returns - mean, 0.0), there.astype(np.float64)
    common = mask.T @ mask
    n = np.maximum(common, 1.0)
    first = x.T @ mask / n  # mean of i over the sessions it shares with j
    covariance = x.T @ x / n - first * first.T
    variance = (x * x).T @ mask / n - first * first
    spread = np.sqrt(np.maximum(variance * variance.T, 0.0))
    sound = (common >= _LEAST_COMMON) & (spread > 0)
    correlation = np.divide(covariance, spread, out=np.ones_like(covariance), where=sound)
    np.fill_diagonal(correlation, 1.0)
    return np.clip(correlation, 0.0, 1.0)


def correlation_factor(returns: np.ndarray) -> np.ndarray:
    """Cholesky factor of :func:`return_correlation`, repaired where pairs do not fit together."""
    correlation = return_correlation(returns)
    # pairwise estimates need not form a correlation matrix: clip the spectrum, then rescale to unit variance
    values, vectors = np.linalg.eigh(correlation)
    clipped = (vectors * np.maximum(values, 1e-8)) @ vectors.T
    scale = np.sqrt(np.diag(clipped))
    return np.linalg.cholesky(clipped / np.outer(scale, scale) + 1e-10 * np.eye(len(correlation)))


def common_factors(returns: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Loadings (I, f) and weights (I,) of the own part, for :class:`Windows`.

    Up to eight instruments: the Cholesky factor and no own part.  For more: principal-axis factors of the
    correlations, as many as eigenvalues above (1 + sqrt(I / T))^2, the largest that T sessions of independent
    returns would show (Marchenko and Pastur 1967), at least one.  Correlation outside these factors is left out.
    """
    sessions, count = returns.shape
    if count <= _EXACT:
        return correlation_factor(returns), None
    correlation = return_correlation(returns)
    common = np.ones(count)
    keep = 0
    for _ in range(30):
        reduced = correlation.copy()
        np.fill_diagonal(reduced, common)
        values, vectors = np.linalg.eigh(reduced)
        if keep == 0:
            keep = max(1, int(np.sum(values > (1.0 + np.sqrt(count / max(sessions, 1))) ** 2)))
        loadings = vectors[:, -keep:] * np.sqrt(np.maximum(values[-keep:], 0.0))
        common = np.minimum((loadings**2).sum(axis=1), 1.0)
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    loadings = loadings / np.maximum(length, 1.0)
    return loadings, np.sqrt(np.maximum(1.0 - (loadings**2).sum(axis=1), 0.0))


def places_of(codes: np.ndarray, count: int) -> list[np.ndarray]:
    """Where each of the codes 0 .. ``count`` - 1 stands in ``codes`` (n,), ascending; in one pass over the rows."""
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(count + 1))
    return [order[start:stop] for start, stop in pairwise(edges)]


def latent_normals(windows: Windows, horizon: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Chunks (at most 64, n) of the rows' standard normals, ``draws`` in all.

    Raises
    ------
    InputError
        ``verify.bad_horizon``, ``verify.too_few_draws``.
    """
    if horizon < 1:
        raise InputError("verify.bad_horizon", f"horizon {horizon} is not at least 1 session")
    if draws < 1:
        raise InputError("verify.too_few_draws", f"{draws} draws, at least 1 is needed")
    calendar = max(int(s[-1]) + 1 if len(s) else 0 for s in windows.sessions) + horizon
    count, length = len(windows.sessions), eased_length(horizon, windows.ease)
    own_rows = places_of(windows.instrument, count)
    own_rows = [rows[np.argsort(windows.start[rows], kind="stable")] for rows in own_rows]
    ordered = np.concatenate([np.empty(0, np.int64), *own_rows])
    rows = np.column_stack([windows.start[ordered], ordered])
    # a row near the end may look past the instrument's last session: the calendar goes on there
    extended = [
        np.concatenate([s, np.arange(s[-1] + 1, s[-1] + 1 + horizon)]) if len(s) else s
        for s in windows.sessions
    ]
    place_stops, row_stops = (np.cumsum([len(one) for one in several]) for several in (extended, own_rows))
    begin = np.zeros((count, 6), np.int64)
    begin[1:, 0], begin[:, 1] = place_stops[:-1], place_stops
    begin[1:, 3], begin[:, 5] = row_stops[:-1], row_stops
    begin[:, 4] = begin[:, 3]
    own_weight = np.zeros(count) if windows.own is None else windows.own
    columns = windows.factor.shape[1] + (0 if windows.own is None else count)
    fixed = (
        np.ascontiguousarray(windows.factor),
        own_weight,
        np.concatenate(extended).astype(np.int64),
        rows,
    )
    before = windows.ease - 1  # normals that the first session of a stretch shares with the one before
    for first in range(0, draws, CHUNK):
        size = min(CHUNK, draws - first)
        rng = null_normals(seed, first // CHUNK)
        state, running = begin.copy(), np.zeros((count, size))
        out = np.zeros((size, len(ordered)))
        shocks = rng.standard_normal((before, columns, CHUNK))[:, :, :size]
        # one stretch after another: the normals of all sessions of many instruments at once would be gigabytes
        for day in range(0, calendar, _STRETCH):
            more = rng.standard_normal((min(_STRETCH, calendar - day), columns, CHUNK))[:, :, :size]
            shocks = np.concatenate([shocks[len(shocks) - before :], more])
            sum_sessions(shocks, windows.ease, day, horizon, *fixed, state, running, out)
        out /= length
        yield out
