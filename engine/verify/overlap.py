"""Exact forecasts with overlapping outcomes: the latent normals behind the null distribution.

Forecasts of consecutive sessions share H - 1 of the H sessions they look at, so their outcomes move together
even when every probability is exact.  The null keeps that overlap: each session gets one standard normal, a
row that looks at sessions t+1 .. t+H gets the sum of theirs over sqrt(H), a standard normal again, and the
class happens where it falls below the quantile of its probability.  Rows H or more sessions apart are
independent; a row k < H sessions later has correlation 1 - k/H.

Several instruments share sessions by date.  Their normals are correlated like their daily returns, and equal
where too few common sessions exist to say so: that errs towards too wide a null, never too narrow.

The normals of a date depend on the seed and on the number of sessions since the first date only, so a longer
history leaves the earlier ones as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.kernels.streams import null_normals

CHUNK = 64  # draws made together; part of the definition of the random stream
_LEAST_COMMON = 250  # sessions two instruments must share before their correlation is believed


@dataclass(frozen=True, slots=True)
class Windows:
    """Which sessions each row looks at.

    Attributes
    ----------
    start : (n,) int64, position among its instrument's sessions of the row's own session t.
    instrument : (n,) int64, index into ``sessions``.
    sessions : per instrument, ascending positions of its sessions on the calendar all share, int64.
    factor : (I, I) lower-triangular; ``factor @ factor.T`` is the correlation of the instruments' normals.
    """

    start: np.ndarray
    instrument: np.ndarray
    sessions: tuple[np.ndarray, ...]
    factor: np.ndarray

    @classmethod
    def consecutive(cls, rows: int) -> Windows:
        """One instrument, one row per session, no gaps."""
        return cls(np.arange(rows), np.zeros(rows, np.int64), (np.arange(rows),), np.ones((1, 1)))

    def take(self, rows: np.ndarray) -> Windows:
        """The same sessions, some of the rows."""
        return Windows(self.start[rows], self.instrument[rows], self.sessions, self.factor)


def correlation_factor(returns: np.ndarray) -> np.ndarray:
    """Cholesky factor of the instruments' return correlations, from (calendar, I) returns with NaN gaps.

    Pairs with fewer than 250 common sessions count as perfectly correlated.  Negative correlations count as
    0: an instrument that hedges another must not make the null narrower than independence would.
    """
    count = returns.shape[1]
    correlation = np.eye(count)
    for i in range(count):
        for j in range(i):
            both = np.isfinite(returns[:, i]) & np.isfinite(returns[:, j])
            value = 1.0
            if both.sum() >= _LEAST_COMMON:
                a, b = returns[both, i], returns[both, j]
                spread = float(a.std() * b.std())
                value = float(np.mean((a - a.mean()) * (b - b.mean()))) / spread if spread > 0 else 1.0
            correlation[i, j] = correlation[j, i] = min(max(value, 0.0), 1.0)
    # pairwise estimates need not form a correlation matrix: clip the spectrum, then rescale to unit variance
    values, vectors = np.linalg.eigh(correlation)
    clipped = (vectors * np.maximum(values, 1e-8)) @ vectors.T
    scale = np.sqrt(np.diag(clipped))
    return np.linalg.cholesky(clipped / np.outer(scale, scale) + 1e-10 * np.eye(count))


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
    count = len(windows.sessions)
    for first in range(0, draws, CHUNK):
        size = min(CHUNK, draws - first)
        rng = null_normals(seed, first // CHUNK)
        shocks = rng.standard_normal((calendar, count, CHUNK))[:, :, :size]
        out = np.empty((len(windows.start), size))
        for i, sessions in enumerate(windows.sessions):
            rows = np.flatnonzero(windows.instrument == i)
            if not len(rows):
                continue
            # a row near the end may look past the instrument's last session: the calendar goes on there
            last = int(sessions[-1])
            places = np.concatenate([sessions, np.arange(last + 1, last + 1 + horizon)])
            own = np.zeros((len(places) + 1, size))
            for j in range(i + 1):
                if windows.factor[i, j] != 0.0:
                    own[1:] += windows.factor[i, j] * shocks[places, j]
            np.cumsum(own, axis=0, out=own)
            start = windows.start[rows]
            out[rows] = (own[start + 1 + horizon] - own[start + 1]) / np.sqrt(horizon)
        yield np.ascontiguousarray(out.T)
