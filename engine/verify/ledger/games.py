"""Forecasts whose windows overlap, dealt into sequences whose windows do not; and evidence that survives hindsight.

Within a sequence a bet is settled before the next one is made, so each is a game of its own.  The games know each other's
past only in part, so the mean of what they have won may not be read off at a moment of one's choice.  The running maximum
M of each becomes (M - 1 - ln M) / (ln M)^2, which may (Shafer, Shen, Vereshchagin and Vovk 2011, Test martingales, Bayes
factors and p-values; Choe and Ramdas 2024, Combining evidence across filtrations).
"""

from __future__ import annotations

import numpy as np

from engine.errors import InputError


def dealt(made_on: object, matured_on: object, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Which bet each forecast belongs to, and which sequence each bet.

    Forecasts of one date (several instruments) are one bet.  Bets are numbered in the order of their dates and go to the
    first sequence whose last bet is settled.

    Parameters
    ----------
    made_on, matured_on : (rows,) dates (anything that sorts): when each forecast was made, and when its horizon had passed.

    Returns
    -------
    bet : (rows,) int64.  sequence : (bets,) int64.

    Raises
    ------
    InputError
        ``verify.shape``.
    """
    made, matured = np.asarray(made_on), np.asarray(matured_on)
    if made.shape != (rows,) or matured.shape != (rows,):
        raise InputError("verify.shape", "made_on and matured_on must have one date per row")
    if np.any(matured <= made):
        raise InputError("verify.shape", "a forecast matured on or before the date it was made")
    days, bet = np.unique(made, return_inverse=True)
    order = np.argsort(bet, kind="stable")
    settled = np.maximum.reduceat(matured[order], np.searchsorted(bet[order], np.arange(len(days))))
    free_from: list[object] = []
    sequence = np.empty(len(days), dtype=np.int64)
    for d in range(len(days)):
        for s in range(len(free_from) + 1):
            if s == len(free_from):
                free_from.append(days[d])
            if free_from[s] <= days[d]:
                free_from[s], sequence[d] = settled[d], s
                break
    return bet.astype(np.int64), sequence


def adjusted(maximum: float) -> float:
    """Evidence that the running maximum of a game's wealth is worth, in hindsight."""
    log = np.log(maximum)
    if log < 1e-4:
        return 0.5 + log / 6.0  # its series; the formula is 0 / 0 here
    return float((maximum - 1.0 - log) / log**2)
