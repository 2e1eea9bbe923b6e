"""The search on histories in which filtered_history is right: how good its best trial looks by luck alone.

Outcomes are drawn from filtered_history itself by an exponential race (:mod:`engine.verify.calibration.race`), so that
rows which share sessions move together and the horizons follow one another; bars, setups and features stay as they are,
and so do the settings of the trials.  What the best of as many trials then shows is luck.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.config import Config
from engine.forecast.inputs import ForecastInput
from engine.kernels.streams import null_study_normals
from engine.scenarios import RANGE, UNRESOLVED
from engine.stages import Stages


def null_inputs(stages: Stages, config: Config, draw: int) -> tuple[ForecastInput, ...]:
    """The inputs of ``config`` with outcomes drawn from filtered_history; number ``draw`` of the config's seed.

    A row whose outcome is not known, or that has no simulation, keeps none.  All instruments share a session's draws:
    the widest null that their outcomes can have.
    """
    inputs = stages.inputs(config)
    histories = [stages.history(item, config).probabilities for item in inputs]
    longest = max(config.horizons)
    calendar = np.unique(np.concatenate([item.bars.dates for item in inputs]))
    shocks = null_study_normals(config.seed, draw).standard_normal((len(calendar) + longest, 4))
    found = []
    for item, table in zip(inputs, histories, strict=True):
        places = np.searchsorted(calendar, item.bars.dates)
        codes, session, event = drawn_outcomes(table, shocks, places, longest)
        columns = np.array(config.horizons) - 1
        drawn = np.where(item.outcomes.codes >= 0, codes[:, columns], UNRESOLVED).astype(np.int8)
        whole = item.outcomes.event_session >= 0
        found.append(
            replace(
                item,
                outcomes=replace(
                    item.outcomes,
                    codes=drawn,
                    event_session=np.where(whole, session, -1).astype(np.int32),
                    event_code=np.where(whole & (session > 0), event, -1).astype(np.int8),
                ),
            )
        )
    return tuple(found)


def drawn_outcomes(
    table: np.ndarray, shocks: np.ndarray, places: np.ndarray, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes (n, longest) of each horizon, the first event's session (n,), 0 for none, and its code.

    The classes race for the longest horizon; an event then comes in the session in which its probability first reaches
    a uniform share of that at the longest horizon.  So every class has exactly its probability at every horizon.

    Parameters
    ----------
    table : (n, longest, 3) probabilities for 1, 2, ... sessions; NaN where there is no simulation (code -1).
    shocks : (sessions, 4) standard normals of the calendar's sessions: one a class, and one for when it happens.
    places : (n,) position of each row's own session among them.
    """
    from scipy.special import ndtr

    n = len(table)
    total = np.vstack([np.zeros(4), np.cumsum(shocks, axis=0)])
    z = (total[places + 1 + longest] - total[places + 1]) / np.sqrt(longest)
    known = np.isfinite(table[:, -1, 0])
    p = np.where(known[:, None], table[:, -1], 1.0 / 3.0)
    with np.errstate(divide="ignore"):
        winner = np.argmin(-np.log(ndtr(z[:, :3])) / p, axis=1)
    # where in its window the winner's event falls: a uniform number of its own, which neighbours share as well
    share = ndtr(z[:, 3])
    session = np.zeros(n, dtype=np.int64)
    rows = np.flatnonzero(known & (winner != RANGE))
    rising = table[rows, :, winner[rows]]
    session[rows] = 1 + (rising < (share[rows] * rising[:, -1])[:, None]).sum(axis=1).clip(max=longest - 1)
    reached = np.arange(1, longest + 1) >= session[:, None]
    codes = np.where((session > 0)[:, None] & reached, winner[:, None], RANGE)
    codes[~known] = UNRESOLVED
    return codes, session, winner
