"""How often neighbouring outcomes change, and which null changes as often.

Two rows one session apart look at the same sessions but for one at either end.  Where each asks a question of its own,
their outcomes differ about as often as overlapping windows say.  Where both ask the same question (levels that stand
still), they differ only where something happens in the one session that they do not share, which is less often: the null
of independent questions would then be too narrow, and exact forecasts would be rejected 8 to 11 times in 100.

A row's class k happens where a normal z falls below a = Phi^-1(p_k).  With b of the next row, and correlation cos(c),

    P(the two differ) = |p - q| + 2 * integral from 0 to c of  exp(-(a^2 - 2 a b cos s + b^2) / (2 sin^2 s)) / 2 pi  ds

(Sheppard 1899; the derivative of the bivariate normal by its correlation is its density).  Summed over classes and rows
this is the number of changes that each ``ease`` of :mod:`engine.verify.overlap` makes expect, and the one that comes
nearest to the number of changes seen is taken.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from engine.verify.overlap import Windows, eased_weights

MOST_EASE = 10
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def ease_of(windows: Windows, horizons: np.ndarray, probabilities: np.ndarray, codes: np.ndarray) -> int:
    """The ``ease`` under which outcomes change from row to row as often as they did; 1 where no rows are neighbours.

    Parameters
    ----------
    windows : of the rows; neighbours are rows of one instrument whose sessions follow one another.
    horizons : (h,) sessions, ascending.  No ease is longer than the shortest of them.
    probabilities : (h, n, K); NaN where a row is not asked.
    codes : (h, n) outcomes; -1 where not asked.
    """
    order = np.lexsort((windows.start, windows.instrument))
    first, second = order[:-1], order[1:]
    follows = (windows.instrument[first] == windows.instrument[second]) & (
        windows.start[second] == windows.start[first] + 1
    )
    first, second = first[follows], second[follows]
    most = min(MOST_EASE, int(horizons[0]))
    if most < 2 or not len(first):
        return 1
    seen, expected = 0.0, np.zeros(most)
    for h, horizon in enumerate(horizons.tolist()):
        both = (codes[h, first] >= 0) & (codes[h, second] >= 0)
        now, after = first[both], second[both]
        seen += 2.0 * float(
            np.count_nonzero(codes[h, now] != codes[h, after])
        )  # one class ends, another begins
        angles = [np.arccos(_next_to(horizon, ease)) for ease in range(1, most + 1)]
        for k in range(probabilities.shape[2]):
            expected += _changes(probabilities[h, now, k], probabilities[h, after, k], np.array(angles))
    return 1 + int(np.argmin(np.abs(expected - seen)))


def standing_windows(windows: Windows, horizon: int, probabilities: np.ndarray, codes: np.ndarray) -> Windows:
    """``windows`` with the ease of their rows at one horizon: probabilities (n, K), codes (n,)."""
    ease = ease_of(windows, np.array([horizon]), probabilities[None], np.asarray(codes)[None])
    return replace(windows, ease=ease)


def _next_to(horizon: int, ease: int) -> float:
    """Correlation of the normals of two rows one session apart."""
    weights = eased_weights(horizon, ease)
    return float(weights[1:] @ weights[:-1] / (weights @ weights))


def _changes(p: np.ndarray, q: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Expected number of differences between rows (n,) and the next, one for each angle."""
    a, b = (ndtri(np.clip(x, 1e-9, 1.0 - 1e-9))[:, None] for x in (p, q))
    out = np.empty(len(angles))
    for i, angle in enumerate(angles.tolist()):
        s = 0.5 * angle * (_NODES + 1.0)
        density = np.exp(-(a * a - 2.0 * a * b * np.cos(s) + b * b) / (2.0 * np.sin(s) ** 2)) / (2.0 * np.pi)
        out[i] = np.abs(p - q).sum() + 2.0 * float((density @ _WEIGHTS).sum()) * 0.5 * angle
    return out
