"""A calibration test that may be looked at every day: betting against the forecasts, overlap kept apart.

Under exact forecasts p, the factor q(y) / p(y) of any other forecast q has mean 1, so the product of such
factors is a fair game's wealth: it exceeds 1 / a with probability at most a, however often one looks.
Overlap would break that, so the rows are dealt into sequences whose windows do not overlap; each sequence is
a game of its own (:mod:`~.games`).  The bets are a fixed mixture: three quarters on temperatures, each of which stakes on
all classes at once (log-odds times 0.4 to 1.5), a quarter on each class tilted up or down by a quarter in odds.

The price of looking every day, and of the overlap, is power: docs/method.md, section 11.

Each game's running maximum M is turned into evidence that survives hindsight, (M - 1 - ln M) / (ln M)^2,
whose mean over the sequences is an e-value whatever the dependence between them; p = 1 / e.

Arnold, Henzi and Ziegel (2023), Sequentially valid tests for forecast calibration, Annals of Applied
Statistics 17, 1909-1935; Shafer, Shen, Vereshchagin and Vovk (2011), Test martingales, Bayes factors and
p-values, Statistical Science 26, 84-101 (the adjuster).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.verify.ledger.games import adjusted, dealt
from engine.verify.sound import sound_codes, sound_probabilities

STRETCHES = (0.4, 0.5, 0.65, 0.8, 1.25, 1.5)  # a forecast is far more often too bold than too timid
_ON_STRETCHES = 0.75
_TILT = np.log(1.25)


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """Evidence against calibration so far.

    Attributes
    ----------
    rows, sequences : forecasts used, and the games they were dealt into.
    e_value : evidence; 20 is what a 5 % test asks for.  Below 1 there is none.
    p_value : min(1, 1 / e_value), valid at any stopping time.
    """

    rows: int
    sequences: int
    e_value: float
    p_value: float


def sequential_calibration(
    probabilities: object, codes: object, made_on: object, matured_on: object
) -> SequentialTest:
    """Test forecasts (n, 3) against outcomes (n,).

    Parameters
    ----------
    made_on, matured_on : (n,) dates (anything that sorts): when each forecast was made, and when its horizon
        had passed.  Forecasts of one date (several instruments) are one bet, the mean of theirs.

    No rows give e-value 1 and p-value 1.

    Raises
    ------
    InputError
        ``verify.not_probabilities``, ``verify.not_outcomes``, ``verify.shape``, ``verify.zero_probability``
        (what happened was called impossible: no bet can be settled).
    """
    if len(np.asarray(made_on)) == 0:
        return SequentialTest(0, 0, 1.0, 1.0)
    p = sound_probabilities(probabilities)
    y = sound_codes(codes, len(p), p.shape[1])
    bet, sequence = dealt(made_on, matured_on, len(p))
    hit = p[np.arange(len(p)), y]
    if np.any(hit <= 0):
        raise InputError(
            "verify.zero_probability", f"row {int(np.argmin(hit))} gave probability 0 to what happened"
        )
    factors = np.column_stack([q[np.arange(len(p)), y] / hit for q in _bets(p)])
    share = 1.0 / np.bincount(bet)
    factor = np.zeros((len(sequence), factors.shape[1]))
    np.add.at(factor, bet, factors * share[bet, None])
    weights = _weights(p.shape[1])
    best = []
    for s in range(sequence.max() + 1):
        wealth = np.cumprod(factor[sequence == s], axis=0) @ weights
        best.append(max(1.0, float(wealth.max())))
    e_value = float(np.mean([adjusted(m) for m in best]))
    return SequentialTest(len(p), len(best), e_value, min(1.0, 1.0 / e_value))


def _bets(p: np.ndarray) -> list[np.ndarray]:
    safe = np.maximum(p, 1e-12)
    bets = [safe**power for power in STRETCHES]
    for k in range(p.shape[1]):
        for sign in (1.0, -1.0):
            tilted = safe.copy()
            tilted[:, k] *= np.exp(sign * _TILT)
            bets.append(tilted)
    return [b / b.sum(axis=1, keepdims=True) for b in bets]


def _weights(classes: int) -> np.ndarray:
    """What is staked on each bet at the start: three quarters on the temperatures, the rest on the tilts."""
    tilts = 2 * classes
    return np.concatenate(
        [np.full(len(STRETCHES), _ON_STRETCHES / len(STRETCHES)), np.full(tilts, (1 - _ON_STRETCHES) / tilts)]
    )
