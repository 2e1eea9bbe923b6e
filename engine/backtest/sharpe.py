"""How much of a Sharpe ratio survives the search that found it.

Bailey and Lopez de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15(2), 2012 (probabilistic
Sharpe ratio), and "The deflated Sharpe ratio", Journal of Portfolio Management 40(5), 2014.
All Sharpe ratios in this module are per session, not per year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from engine.errors import InputError


@dataclass(frozen=True, slots=True)
class Search:
    """How much was tried before this result was chosen.

    Attributes
    ----------
    trials : number of trials really made, 1 where nothing was searched.
    sharpe_variance : variance over the trials of their Sharpe ratio per session; None where it was not
        recorded: then 1 / (sessions - 1), its sampling variance for independent trials without skill.
    """

    trials: int = 1
    sharpe_variance: float | None = None


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """Probability that the true Sharpe ratio lies above ``benchmark``, the luck of the best of ``trials``."""

    probability: float
    benchmark: float
    trials: int


def expected_maximum_sharpe(trials: int, sharpe_variance: float) -> float:
    """Expected best Sharpe ratio of ``trials`` strategies without skill whose ratios vary by this much.

    >>> round(expected_maximum_sharpe(100, 0.5 / 250), 7)
    0.113172
    """
    if trials < 1:
        raise InputError(
            "backtest.no_trials", f"trials is {trials}", "count at least the trial that was kept"
        )
    if not sharpe_variance >= 0:
        raise InputError("backtest.bad_variance", f"sharpe_variance is {sharpe_variance}", "give 0 or more")
    if trials == 1:
        return 0.0
    weight = np.euler_gamma
    tail = (1.0 - weight) * ndtri(1.0 - 1.0 / trials) + weight * ndtri(1.0 - 1.0 / (trials * np.e))
    return float(np.sqrt(sharpe_variance) * tail)


def probabilistic_sharpe(
    sharpe: float, benchmark: float, sessions: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Probability that the true Sharpe ratio exceeds ``benchmark``.

    Parameters
    ----------
    sharpe, benchmark : per session.
    sessions : number of returns behind ``sharpe``.
    skewness, kurtosis : of the returns; a normal distribution has 0 and 3.
    """
    if sessions < 2:
        raise InputError("backtest.too_few_returns", f"{sessions} returns", "give at least 2")
    spread = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    if spread <= 0:
        raise InputError(
            "backtest.bad_moments",
            f"skewness {skewness:g} and kurtosis {kurtosis:g} belong to no distribution",
            "kurtosis is at least 1 + skewness squared",
        )
    return float(ndtr((sharpe - benchmark) * np.sqrt(sessions - 1.0) / np.sqrt(spread)))


def deflated_sharpe(returns: np.ndarray, search: Search) -> DeflatedSharpe | None:
    """Probability that the Sharpe ratio of ``returns`` is more than the luck of the best of many trials.

    With one trial this is the probability that the true ratio is above 0.  The formula takes returns for
    serially independent, which positions held for days are not quite: read it as an upper bound.

    Parameters
    ----------
    returns : (n,) session returns, finite.
    search : the number of trials really made and how much their ratios varied.

    Returns
    -------
    None where the returns do not vary (an account that never traded) or there are fewer than three.
    """
    n = len(returns)
    if n < 3:
        return None
    centred = returns - returns.mean()
    deviation = float(np.std(returns, ddof=1))
    if deviation <= 1e-12:
        return None
    scaled = centred / np.std(returns)
    variance = search.sharpe_variance if search.sharpe_variance is not None else 1.0 / (n - 1.0)
    benchmark = expected_maximum_sharpe(search.trials, variance)
    probability = probabilistic_sharpe(
        float(returns.mean()) / deviation,
        benchmark,
        n,
        skewness=float(np.mean(scaled**3)),
        kurtosis=float(np.mean(scaled**4)),
    )
    return DeflatedSharpe(probability=probability, benchmark=benchmark, trials=search.trials)
