"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV).

Bailey, Borwein, Lopez de Prado and Zhu, "The probability of backtest overfitting", Journal of Computational
Finance 20(4), 2017.  The sessions are cut into an even number of blocks; every half of the blocks serves once
as the sample in which the best trial is picked, and the other half tells how that pick ranks out of sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from engine.errors import InputError

_CHUNK = 512  # splits scored at once, in both directions: bounds memory, 16 blocks make 12,870 splits


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """Result of :func:`probability_of_overfitting`.

    Attributes
    ----------
    probability : share of splits in which the trial picked in sample ranks in the lower half out of sample.
    logits : (splits,) log-odds of the pick's relative rank out of sample; 0 or less counts as overfitted.
    trials, blocks : what the result rests on.
    """

    probability: float
    logits: np.ndarray
    trials: int
    blocks: int


def block_moments(returns: np.ndarray, blocks: int = 16) -> np.ndarray:
    """Count, sum and sum of squares of session returns in each of ``blocks`` consecutive parts.

    (n,) returns give (blocks, 3); parts differ by at most one session.  The Sharpe ratio of any union of
    blocks follows from these, so a study keeps 3 x ``blocks`` numbers of a trial, not its equity curve.
    """
    if blocks < 2 or blocks % 2:
        raise InputError("backtest.odd_blocks", f"blocks is {blocks}", "give an even number, 2 or more")
    if len(returns) < 2 * blocks:
        raise InputError(
            "backtest.too_few_returns",
            f"{len(returns)} returns for {blocks} blocks",
            f"give at least {2 * blocks} returns or fewer blocks",
        )
    parts = np.array_split(np.asarray(returns, dtype=np.float64), blocks)
    return np.array([[len(part), part.sum(), (part**2).sum()] for part in parts])


def probability_of_overfitting(moments: np.ndarray) -> Overfitting:
    """CSCV over the trials of one search.

    Parameters
    ----------
    moments : (trials, blocks, 3) from :func:`block_moments`, same sessions in the same block for every
        trial; at least two trials.

    Notes
    -----
    The score is the Sharpe ratio; a trial without variation scores 0.  Tied scores share their mean rank,
    and the relative rank is rank / (trials + 1), so it is never 0 or 1.
    """
    moments = np.asarray(moments, dtype=np.float64)
    if moments.ndim != 3 or moments.shape[2] != 3:
        raise InputError(
            "backtest.bad_shape", f"moments have shape {moments.shape}", "give (trials, blocks, 3)"
        )
    trials, blocks, _ = moments.shape
    if trials < 2:
        raise InputError(
            "backtest.no_trials", f"{trials} trial", "overfitting needs a choice: 2 trials or more"
        )
    if blocks < 2 or blocks % 2:
        raise InputError("backtest.odd_blocks", f"blocks is {blocks}", "give an even number, 2 or more")
    # equal trials are scored once, so that they are tied whatever the order in which a product is summed
    _, first, alike = np.unique(moments.reshape(trials, -1), axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)  # of equal scores the earliest trial is picked
    distinct, alike = moments[first[order]], alike[order]
    halves = list(combinations(range(blocks), blocks // 2))
    # in this order the other half of the i-th stands at the i-th place from the end
    pairs = len(halves) // 2
    ranks = np.empty(len(halves))
    for start in range(0, pairs, _CHUNK):
        stop = min(start + _CHUNK, pairs)
        one, other = _scores(distinct, halves[start:stop])
        ranks[start:stop] = _rank(one, other, alike)
        ranks[len(halves) - stop : len(halves) - start] = _rank(other, one, alike)[::-1]
    relative = ranks / (trials + 1.0)
    logits = np.log(relative / (1.0 - relative))
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        logits=logits,
        trials=trials,
        blocks=blocks,
    )


def _scores(moments: np.ndarray, halves: list[tuple[int, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Sharpe ratios (halves, k) of the trials inside each half, and outside of it."""
    k, blocks, _ = moments.shape
    member = np.zeros((len(halves), blocks))
    for row, chosen in enumerate(halves):
        member[row, list(chosen)] = 1.0
    by_block = np.ascontiguousarray(moments.transpose(1, 2, 0)).reshape(blocks, 3 * k)
    one, other = (
        _sharpe_of((inside @ by_block).reshape(len(halves), 3, k)) for inside in (member, 1.0 - member)
    )
    return one, other


def _rank(score_in: np.ndarray, score_out: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Rank in ``score_out`` of the trial that is best in ``score_in``; ``alike`` (k,) trials have each of the scores."""
    picked = score_out[np.arange(len(score_out)), np.argmax(score_in, axis=1)][:, None]
    ranks: np.ndarray = (score_out < picked) @ alike + ((score_out == picked) @ alike + 1) / 2.0
    return ranks


def _sharpe_of(moments: np.ndarray) -> np.ndarray:
    count, total, squares = moments[:, 0], moments[:, 1], moments[:, 2]
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0.0)
    flat = variance <= 1e-24
    return np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance)))
