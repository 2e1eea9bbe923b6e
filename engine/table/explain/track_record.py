"""How past forecasts of about this size turned out, in one sentence."""

from __future__ import annotations

import numpy as np

_HALF_WIDTH = 0.05
_FEWEST_INDEPENDENT = 3.0


def reliability_sentence(
    probability: float, past: np.ndarray, came_true: np.ndarray, horizon_sessions: int
) -> str:
    """ "of 214 past forecasts between 45 and 55%, 49% came true"; empty where too few were like this one.

    Parameters
    ----------
    probability : the forecast to be judged.
    past : (n,) earlier out-of-sample forecasts of the same scenario and horizon.
    came_true : (n,) bool.
    horizon_sessions : for the number of independent forecasts, rows / horizon.
    """
    low = max(0.0, round(probability, 2) - _HALF_WIDTH)
    high = min(1.0, round(probability, 2) + _HALF_WIDTH)
    alike = (past >= low) & (past <= high)
    count = int(np.count_nonzero(alike))
    independent = count / horizon_sessions
    if independent < _FEWEST_INDEPENDENT:
        return ""
    share = float(np.mean(came_true[alike]))
    return (
        f"of {count:,} past forecasts between {round(100 * low)} and {round(100 * high)}% "
        f"(about {independent:,.0f} independent), {round(100 * share)}% came true"
    )
