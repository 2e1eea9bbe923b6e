"""How good the best of many trials looks by luck, from the trials themselves.

Every trial keeps what it saves against filtered_history in blocks of 5 H dates (:func:`engine.tune.skill.skill_blocks`).
Under the null no trial saves anything on average: each trial's savings are centred, blocks are drawn with replacement,
the same ones for all trials, and the best of them is looked at again and again (White, "A reality check for data
snooping", Econometrica 68(5), 2000).  Trials that do nearly the same look good together, so their number is corrected by
their correlation on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.kernels.streams import luck_lots

DRAWS = 999
_CHUNK = 500  # trials looked at together: bounds memory
_FEWEST_BLOCKS = 8  # with fewer the spread of a mean is not known


@dataclass(frozen=True, slots=True)
class Luck:
    """What luck alone does to the best of ``trials``.

    Attributes
    ----------
    best_median, best_high : of the best trial's score without skill, its median and 95th percentile.
    p_value : share of such searches whose best is at least as good as this one's, this one counted.
    effective_trials : independent trials that these are worth.
    method : ``blocks`` (this module), or ``null study`` (the search repeated on drawn histories).
    draws : searches behind the figures.
    """

    best_median: float
    best_high: float
    p_value: float
    trials: int
    effective_trials: float
    method: str
    draws: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: getattr(self, name) for name in self.__slots__}


def luck_of_blocks(blocks: np.ndarray, best: float, seed: int, trials: int) -> Luck | None:
    """The reality check; None where there are too few blocks.

    Parameters
    ----------
    blocks : (k, b, 2 h) of k different trials: per block and horizon what is saved, and the reference's loss.
    best : score of the best trial, the mean over horizons of saved / reference.
    trials : different settings tried, of which k are given.
    """
    k, b, columns = blocks.shape
    if b < _FEWEST_BLOCKS or k < 1:
        return None
    drawn = luck_lots(seed).multinomial(b, np.full(b, 1.0 / b), size=DRAWS).astype(np.float64)
    highest = np.full(DRAWS, -np.inf)
    for first in range(0, k, _CHUNK):
        part = blocks[first : first + _CHUNK]
        score = np.zeros((DRAWS, len(part)))
        for column in range(0, columns, 2):
            saved, reference = part[:, :, column], part[:, :, column + 1]
            # a trial that saves nothing: its own share of the reference is taken off each block
            centred = saved - reference * (saved.sum(1) / reference.sum(1))[:, None]
            score += (drawn @ centred.T) / (drawn @ reference.T)
        highest = np.maximum(highest, (score / (columns // 2)).max(axis=1))
    median, high = np.quantile(highest, [0.5, 0.95])
    return Luck(
        float(median),
        float(high),
        float((1 + np.sum(highest >= best - 1e-15)) / (1 + DRAWS)),
        trials,
        effective_trials(blocks[:, :, 0::2].reshape(k, -1), trials),
        "blocks",
        DRAWS,
    )


def luck_of_searches(highest: np.ndarray, best: float, trials: int, effective: float) -> Luck:
    """The same from searches repeated on drawn histories: ``highest`` (draws,) is the best score of each."""
    median, high = np.quantile(highest, [0.5, 0.95])
    p_value = float((1 + np.sum(highest >= best - 1e-15)) / (1 + len(highest)))
    return Luck(float(median), float(high), p_value, trials, effective, "null study", len(highest))


def effective_trials(values: np.ndarray, trials: int) -> float:
    """Independent trials that correlated ones are worth: r + (1 - r) n, r their mean correlation.

    Bailey and Lopez de Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40(5), 2014, appendix A.3.

    Parameters
    ----------
    values : (k, m) what k of the trials did in m parts of the history.  Trials that never vary are passed over.
    trials : n, different settings tried.
    """
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    unit = centred[length > 1e-12] / length[length > 1e-12, None]
    k = len(unit)
    if k < 2:
        return float(min(trials, max(k, 1)))
    # the sum of all correlations is the square of the sum of unit vectors
    mean = (float((unit.sum(axis=0) ** 2).sum()) - k) / (k * (k - 1))
    mean = min(max(mean, 0.0), 1.0)
    return mean + (1.0 - mean) * trials
