"""A calibration test that may be looked at every day: betting against the forecasts, overlap kept apart.

Under exact forecasts p, the factor q(y) / p(y) of any other forecast q has mean 1, so the product of such
factors is a fair game's wealth: it exceeds 1 / a with probability at most a, however often one looks.
Overlap would break that, so the rows are dealt into sequences whose windows do not overlap; each sequence is
a game of its own.  The bets are a fixed mixture: log-odds stretched or shrunk by 1.25 and 1.5, each class
tilted up or down by a quarter in odds.

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
from engine.verify.sound import sound_codes, sound_probabilities

_STRETCH = (1 / 1.5, 1 / 1.25, 1.25, 1.5)
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
    made, matured = np.asarray(made_on), np.asarray(matured_on)
    if len(made) == 0:
        return SequentialTest(0, 0, 1.0, 1.0)
    p = sound_probabilities(probabilities)
    y = sound_codes(codes, len(p), p.shape[1])
    if made.shape != (len(p),) or matured.shape != (len(p),):
        raise InputError("verify.shape", "made_on and matured_on must have one date per row")
    if np.any(matured <= made):
        raise InputError("verify.shape", "a forecast matured on or before the date it was made")
    hit = p[np.arange(len(p)), y]
    if np.any(hit <= 0):
        raise InputError(
            "verify.zero_probability", f"row {int(np.argmin(hit))} gave probability 0 to what happened"
        )
    factors = np.column_stack([q[np.arange(len(p)), y] / hit for q in _bets(p)])

    days, day = np.unique(made, return_inverse=True)
    free_from: list[object] = []  # per sequence: when its last bet was settled
    wealth: list[np.ndarray] = []
    best: list[float] = []
    for d in range(len(days)):
        mine = day == d
        bet = factors[mine].mean(axis=0)
        for s in range(len(wealth) + 1):
            if s == len(wealth):
                wealth.append(np.ones(factors.shape[1]))
                best.append(1.0)
                free_from.append(days[d])
            if free_from[s] <= days[d]:
                wealth[s] = wealth[s] * bet
                best[s] = max(best[s], float(wealth[s].mean()))
                free_from[s] = matured[mine].max()
                break
    e_value = float(np.mean([_adjusted(m) for m in best]))
    return SequentialTest(len(p), len(wealth), e_value, min(1.0, 1.0 / e_value))


def _bets(p: np.ndarray) -> list[np.ndarray]:
    safe = np.maximum(p, 1e-12)
    bets = [safe**power for power in _STRETCH]
    for k in range(p.shape[1]):
        for sign in (1.0, -1.0):
            tilted = safe.copy()
            tilted[:, k] *= np.exp(sign * _TILT)
            bets.append(tilted)
    return [b / b.sum(axis=1, keepdims=True) for b in bets]


def _adjusted(maximum: float) -> float:
    log = np.log(maximum)
    if log < 1e-4:
        return 0.5 + log / 6.0  # its series; the formula is 0 / 0 here
    return float((maximum - 1.0 - log) / log**2)
