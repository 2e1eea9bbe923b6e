"""What each out-of-sample row lost, forecast and filtered_history side by side: all that a score of a search reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.errors import DataError
from engine.scenarios import SCENARIOS


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Rows with both forecasts and a known outcome, by instrument, date and horizon.

    Attributes
    ----------
    horizon : (n,) sessions.
    date : (n,) int64, position of the row's date among the dates of all rows.
    loss, reference : (n,) log loss in nats, of the forecast and of filtered_history.
    """

    horizon: np.ndarray
    date: np.ndarray
    loss: np.ndarray
    reference: np.ndarray


def scored(
    horizon: np.ndarray, date: np.ndarray, code: np.ndarray, p: np.ndarray, reference: np.ndarray
) -> Scored:
    """The rows that can be scored, of n rows in order.

    Parameters
    ----------
    date : (n,) any type that sorts.
    code : (n,) the outcome, negative where it is not known.
    p, reference : (n, 3) probabilities in the order of ``SCENARIOS``; NaN where there are none.

    Raises
    ------
    DataError
        ``tune.no_rows`` where no row can.
    """
    at = np.flatnonzero((code >= 0) & np.isfinite(p[:, 0]) & np.isfinite(reference[:, 0]))
    if not len(at):
        raise DataError("tune.no_rows", "no out-of-sample row has a known outcome", "use a longer history")
    losses = [-np.log(table[at, code[at]]) for table in (p, reference)]
    _, place = np.unique(date[at], return_inverse=True)
    return Scored(horizon[at], place, *losses)


def scored_frame(rows: pd.DataFrame) -> Scored:
    """The same of a forecasts frame."""
    code = pd.Index(SCENARIOS).get_indexer(pd.Index(rows["outcome"]))
    p, reference = (
        rows[[f"{name}_{scenario}" for scenario in SCENARIOS]].to_numpy(dtype=np.float64)
        for name in ("p", "filtered_history")
    )
    return scored(rows["horizon_sessions"].to_numpy(), rows["date"].to_numpy(), code, p, reference)
