"""Which of two forecasters is better, to be looked at every day: evidence and a confidence sequence.

With d_t the log loss of the rival minus that of the forecaster, the question is the mean of what d_t was expected to be when
the forecasts were made, whatever that was from day to day.  Before the outcome d_t can only be one of K known
numbers, so its range c_t is known, and for every lambda below 1 / c_t

    exp( lambda (d_t - m_t) - psi_t(lambda) (d_t - g_t)^2 ),    psi_t(x) = (-ln(1 - c_t x) - c_t x) / c_t^2

m_t its expectation and g_t the mean of the d before it, has an expectation of at most 1.  The products over a sequence of
forecasts whose windows do not overlap (:mod:`~.games`), mixed over a grid of lambda, are a game against "on average not
better".  A lambda that a row does not allow is out of the game from then on.

The evidence is the mean over the sequences of the games' adjusted maxima.  The confidence sequence inverts each
game at alpha over twice the largest number of sequences and takes the mean of the bounds: it holds at all times together.

Choe and Ramdas (2024), Comparing sequential forecasters, Operations Research 72, 1368-1387; Howard, Ramdas, McAuliffe and
Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals of Statistics 49, 1055-1080.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.verify.ledger.games import adjusted, dealt
from engine.verify.sound import sound_codes, sound_probabilities

LAMBDAS = tuple(float(x) for x in np.geomspace(0.02, 20.0, 13))
_WIDEST = 50.0  # nats; a bound that no data have narrowed yet is infinite


@dataclass(frozen=True, slots=True)
class Comparison:
    """What may be said of a forecaster and a rival at any time.

    Attributes
    ----------
    rows, sequences : forecasts used, and the games they were dealt into.
    advantage : mean log loss of the rival minus the forecaster's, nats; NaN without rows.
    low, high : confidence sequence of its expectation.
    e_better, e_worse : evidence that the forecaster is better, or worse, on average; 20 is what a 5 % test asks for.
    """

    rows: int
    sequences: int
    advantage: float
    low: float
    high: float
    e_better: float
    e_worse: float


def sequential_comparison(
    forecaster: object,
    rival: object,
    codes: object,
    made_on: object,
    matured_on: object,
    *,
    horizon: int,
    coverage: float = 0.90,
) -> Comparison:
    """Compare forecasts (n, K) of one horizon with a rival's of the same questions.

    Parameters
    ----------
    codes : (n,) outcomes.
    made_on, matured_on : (n,) dates, as for :func:`~.sequential.sequential_calibration`.
    horizon : sessions, at least as many as sequences are ever needed.
    coverage : of the confidence sequence, at all times together.

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.not_outcomes``, ``verify.shape``, ``verify.zero_probability``.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.tile([0, 1], 200)
    >>> good, poor = np.where(np.eye(2)[y] > 0, 0.6, 0.4), np.full((400, 2), 0.5)
    >>> found = sequential_comparison(good, poor, y, np.arange(400), np.arange(400) + 1, horizon=1)
    >>> found.low > 0, found.e_better > 20
    (True, True)
    """
    if len(np.asarray(made_on)) == 0:
        return Comparison(0, 0, float("nan"), float("-inf"), float("inf"), 1.0, 1.0)
    p, q = sound_probabilities(forecaster), sound_probabilities(rival)
    if p.shape != q.shape:
        raise InputError("verify.shape", f"{p.shape} forecasts, {q.shape} of the rival")
    y = sound_codes(codes, len(p), p.shape[1])
    bet, sequence = dealt(made_on, matured_on, len(p))
    if (np.minimum(p, q) <= 0.0).any():
        raise InputError("verify.zero_probability", "a probability of 0 has no bounded loss")
    gains = np.log(p / q)
    share = 1.0 / np.bincount(bet)

    def per_bet(values: np.ndarray) -> np.ndarray:
        return np.bincount(bet, weights=values * share[bet])

    d = per_bet(gains[np.arange(len(p)), y])
    lowest, highest = per_bet(gains.min(axis=1)), per_bet(gains.max(axis=1))
    sequences = int(sequence.max()) + 1
    allowed = np.log(2.0 * max(horizon, sequences) / (1.0 - coverage))
    games = [_Game.of(d[at], lowest[at], highest[at]) for at in (sequence == s for s in range(sequences))]
    sizes = np.array([len(one.d) for one in games], dtype=np.float64)

    def mean_of(values: list[float]) -> float:
        return float(sizes @ np.array(values) / sizes.sum())

    return Comparison(
        rows=len(p),
        sequences=sequences,
        advantage=float(gains[np.arange(len(p)), y].mean()),
        low=mean_of([one.lower(allowed) for one in games]),
        high=mean_of([-one.mirrored().lower(allowed) for one in games]),
        e_better=float(np.mean([adjusted(one.best()) for one in games])),
        e_worse=float(np.mean([adjusted(one.mirrored().best()) for one in games])),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Game:
    """One sequence: d (n,), and the running sums of psi times the squared surprise, (n, lambdas); inf where out."""

    d: np.ndarray
    penalty: np.ndarray

    @classmethod
    def of(cls, d: np.ndarray, lowest: np.ndarray, highest: np.ndarray) -> _Game:
        before = np.concatenate(([0.0], np.cumsum(d)[:-1])) / np.maximum(np.arange(len(d)), 1)
        surprise = (d - np.clip(before, lowest, highest)) ** 2
        width = (highest - lowest)[:, None]
        x = width * np.array(LAMBDAS)
        with np.errstate(divide="ignore", invalid="ignore"):
            psi = np.where(x < 1e-4, 0.5 * np.array(LAMBDAS) ** 2, (-np.log1p(-x) - x) / width**2)
        cost = np.where(x < 1.0, psi, 0.0) * surprise[:, None]
        penalty = np.cumsum(np.where(x < 1.0, cost, np.inf), axis=0)
        return cls(d, penalty)

    def mirrored(self) -> _Game:
        """The game of the other side: the range and the surprise are the same."""
        return _Game(-self.d, self.penalty)

    def best(self) -> float:
        """Largest wealth there ever was in the game against "not better on average", at least 1."""
        log = np.cumsum(self.d)[:, None] * np.array(LAMBDAS) - self.penalty
        return max(1.0, float(np.exp(np.minimum(log, 700.0)).mean(axis=1).max()))

    def lower(self, allowed: float) -> float:
        """Smallest mean that the game at its end does not exclude at exp(-allowed)."""

        def wealth(mean: float) -> float:
            log = (self.d.sum() - len(self.d) * mean) * np.array(LAMBDAS) - self.penalty[-1]
            top = float(log.max())
            return top + float(np.log(np.exp(log - top).mean())) if np.isfinite(top) else -np.inf

        low, high = -_WIDEST, float(self.d.mean())
        if wealth(low) < allowed:
            return float("-inf")
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if wealth(middle) >= allowed else (low, middle)
        return high
