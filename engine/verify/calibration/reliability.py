"""Reliability without bins: CORP diagrams and the split of a score into MCB, DSC and UNC.

The recalibrated forecast c is the non-decreasing function of the forecast p that scores best on the very
outcomes it is judged by (pool-adjacent-violators); no bin has to be chosen.  With S(.) the mean score and
r the plain frequency of the class,

    MCB = S(p) - S(c)    what recalibration would gain: miscalibration, 0 is perfect
    DSC = S(r) - S(c)    what the ordering of the forecasts is worth: discrimination
    UNC = S(r)           the score of the base rate: uncertainty
    S(p) = MCB - DSC + UNC

Dimitriadis, Gneiting and Jordan (2021), Proceedings of the National Academy of Sciences 118, e2016191118.
PAV gives the same c for the Brier score and for log loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import xlogy

from engine.errors import InputError
from engine.kernels.pool import non_decreasing
from engine.verify.sound import need_rows, sound_codes, sound_forecast

Score = Literal["brier", "log_loss"]


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A mean score and its parts; ``mean_score = mcb - dsc + unc``."""

    mean_score: float
    mcb: float
    dsc: float
    unc: float


def recalibrated(forecast: object, happened: object) -> np.ndarray:
    """The non-decreasing recalibration c of each row's forecast, (n,); equal forecasts get equal values.

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.not_outcomes``, ``verify.too_few_rows``.
    """
    p, y = _sound(forecast, happened)
    _, group, rows = np.unique(p, return_inverse=True, return_counts=True)
    hits = np.bincount(group, weights=y, minlength=len(rows))
    return non_decreasing(hits, rows.astype(np.float64))[group]


def decompose(forecast: object, happened: object, score: Score = "brier") -> Decomposition:
    """MCB, DSC and UNC of one class's forecasts (n,) against 0/1 outcomes (n,).

    A class that never (or always) happened has UNC = DSC = 0 and MCB equal to the mean score.  Equal
    forecasts have DSC = 0.  Log loss with a forecast of 0 or 1 that was wrong has MCB and mean score
    infinite.

    Raises
    ------
    InputError
        as :func:`recalibrated`; ``verify.unknown_score``.
    """
    p, y = _sound(forecast, happened)
    c = recalibrated(p, y)
    base = np.full(len(p), np.sum(y) / len(y))
    s_p, s_c, s_r = (_mean(score, f, y) for f in (p, c, base))
    return Decomposition(mean_score=s_p, mcb=max(s_p - s_c, 0.0), dsc=max(s_r - s_c, 0.0), unc=s_r)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a CORP diagram, ascending; plot (low, observed) to (high, observed) and join the blocks.

    Attributes
    ----------
    low, high : smallest and largest forecast of the block, (k,).
    observed : recalibrated probability, which is the block's frequency, (k,).
    rows : rows in the block, (k,) int64.
    """

    low: np.ndarray
    high: np.ndarray
    observed: np.ndarray
    rows: np.ndarray


def blocks(forecast: object, happened: object) -> Blocks:
    """The blocks of the CORP diagram of one class."""
    p, y = _sound(forecast, happened)
    order = np.argsort(p, kind="stable")
    c = recalibrated(p, y)[order]
    edges = np.flatnonzero(np.diff(c) > 0) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [len(p)]]) - 1
    return Blocks(low=p[order][first], high=p[order][last], observed=c[first], rows=last - first + 1)


def _sound(forecast: object, happened: object) -> tuple[np.ndarray, np.ndarray]:
    p = sound_forecast(forecast)
    need_rows(len(p))
    return p, sound_codes(happened, len(p), 2)


def _mean(score: Score, p: np.ndarray, y: np.ndarray) -> float:
    if score == "brier":
        value = (p - y) ** 2
    elif score == "log_loss":
        value = -(xlogy(y, p) + xlogy(1 - y, 1.0 - p))
    else:
        raise InputError("verify.unknown_score", f"score {score!r} is neither 'brier' nor 'log_loss'")
    return float(np.sum(value) / len(value))
