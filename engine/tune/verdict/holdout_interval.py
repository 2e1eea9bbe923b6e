"""Intervals of what the holdout said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.performance import certainty_equivalent_percent
from engine.config import Config
from engine.kernels.blocks import resampled_positions
from engine.kernels.streams import luck_lots
from engine.tune.objective import Objective
from engine.tune.skill import BLOCK_HORIZONS
from engine.verify.skill.ratio_interval import skill_interval

_DRAWS = 500
_BLOCK = 20  # sessions: about a month, longer than a trade is held
Interval = tuple[float, float] | None


def holdout_intervals(
    by_date: Sequence[Sequence[float]], objective: Objective, config: Config
) -> tuple[Interval, Interval]:
    """Of the best config's score, and of its gain over the default on the same dates.

    Parameters
    ----------
    by_date : of default and best: the share saved on each date (skill), or session returns (decision).
    """
    default, best = (np.asarray(values, dtype=np.float64) for values in by_date)
    gain = best - default if len(best) == len(default) else np.empty(0)
    if config.tune.group == "decision":
        return _of_accounts(best, default, objective, config)
    bandwidth = float(BLOCK_HORIZONS * max(config.horizons))
    return _of_skill(best, bandwidth, config), _of_skill(gain, bandwidth, config)


def _of_skill(saved: np.ndarray, bandwidth: float, config: Config) -> Interval:
    if len(saved) < 2 * bandwidth:
        return None
    low, high = skill_interval(1.0 - saved, np.ones(len(saved)), bandwidth, coverage=config.verify.interval)
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None


def _of_accounts(
    best: np.ndarray, default: np.ndarray, objective: Objective, config: Config
) -> tuple[Interval, Interval]:
    n = len(best)
    if n < 4 * _BLOCK:
        return None, None
    rng = luck_lots(config.seed)
    worth = np.empty((_DRAWS, 2))
    for draw in range(_DRAWS):
        at = resampled_positions(0, n, _BLOCK, rng)
        for column, returns in enumerate((best, default if len(default) == n else best)):
            account = np.concatenate([[1.0], np.cumprod(1.0 + returns[at])])
            worth[draw, column] = certainty_equivalent_percent(
                account, config.tune.risk_aversion, objective.year
            )
    tail = (1.0 - config.verify.interval) / 2.0
    low, high = np.quantile(worth[:, 0], [tail, 1.0 - tail])
    gain = np.quantile(worth[:, 0] - worth[:, 1], [tail, 1.0 - tail])
    return (float(low), float(high)), (float(gain[0]), float(gain[1]))
