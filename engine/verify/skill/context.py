"""Does context add skill?  The same walk-forward with and without it, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.verify.rows import columns_of, common_rows
from engine.verify.skill.bootstrap import expected_block
from engine.verify.skill.diebold_mariano import diebold_mariano
from engine.verify.skill.ratio_interval import ratio_intervals
from engine.verify.skill.scores import log_loss

_KEYS = ["instrument", "date", "horizon_sessions"]


def context_skill(
    forecasts: pd.DataFrame, without: pd.DataFrame, horizons: Sequence[int], coverage: float
) -> dict[str, dict[str, Any]]:
    """Log-loss skill of ``forecasts`` over the same forecasts made without context, by horizon as text.

    Parameters
    ----------
    forecasts, without : instrument, date, horizon_sessions, outcome and ``p_*``; rows that both have are compared.

    Returns
    -------
    rows, effective_rows, log_loss_skill, low, high (of :func:`engine.verify.skill.ratio_interval.skill_interval`),
    dm_p_value; nothing for a horizon without a row.
    """
    own = columns_of("model")
    other = without[[*_KEYS, *own]].rename(columns=dict(zip(own, columns_of("without"), strict=True)))
    joined = forecasts[[*_KEYS, "outcome", *own]].merge(other, on=_KEYS, validate="1:1")
    found: dict[str, dict[str, Any]] = {}
    for horizon in horizons:
        try:
            rows = common_rows(joined, horizon, others=("without",))
        except InputError as error:
            if error.code != "verify.no_rows":
                raise
            continue
        one, two = (log_loss(rows.probabilities[name], rows.codes) for name in ("model", "without"))
        counts = np.bincount(rows.date_index).astype(np.float64)
        daily = np.column_stack([np.bincount(rows.date_index, weights=loss) for loss in (one, two)])
        gap = (daily[:, 0] - daily[:, 1]) / counts.mean()
        block = expected_block(horizon, [gap])
        low, high = ratio_intervals(daily, block, coverage=coverage)(0, 1)
        found[str(horizon)] = {
            "rows": len(rows),
            "effective_rows": rows.effective,
            "log_loss_skill": float(1.0 - one.sum() / two.sum()),
            "low": low,
            "high": high,
            "dm_p_value": diebold_mariano(gap, block).p_value if gap.any() else float("nan"),
        }
    return found
