"""Several models of one run side by side: the same rows, paired intervals, and how many were compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import InputError
from engine.verify.multiple import holm
from engine.verify.rows import common_rows
from engine.verify.skill.skill import skill

_OPPONENT = "filtered_history"
_SKILL = ("log_loss_skill", "log_loss_skill_low", "log_loss_skill_high")


def scoreboard(
    forecasts: pd.DataFrame,
    replay: pd.DataFrame,
    challengers: Sequence[str],
    horizons: Sequence[int],
    *,
    default: str,
    coverage: float,
) -> dict[str, Any]:
    """Scores of the run's model and of its challengers on the rows that all of them and filtered_history forecast.

    Returns
    -------
    ``default`` (the model of the table), ``compared`` (challengers times
    horizons: the comparisons made) and ``horizons``: horizon -> list of one entry per model, least log loss first,
    with mean scores, ``over_filtered_history`` and, for challengers, ``over_default``: log-loss skill with its
    ``coverage`` interval, the p-value of Diebold and Mariano and, over all comparisons with the default, its Holm
    correction.  A horizon without a common row is absent.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for horizon in horizons:
        try:
            rows = common_rows(forecasts, int(horizon), replay, others=(_OPPONENT, *challengers))
        except InputError as error:
            if error.code != "verify.no_rows":
                raise
            continue
        lines = []
        for name in ("model", *(one for one in challengers if one in rows.probabilities)):
            measured = skill(rows, forecaster=name, coverage=coverage)
            table = measured.table.set_index("baseline")
            line: dict[str, Any] = {
                "model": default if name == "model" else name,
                "rows": len(rows),
                "effective_rows": rows.effective,
                **measured.scores[name],
                "over_filtered_history": _against(table, _OPPONENT),
            }
            if name != "model":
                line["over_default"] = _against(table, "model")
            lines.append(line)
        found[str(horizon)] = sorted(lines, key=lambda line: float(line["log_loss_nats"]))
    pairs = [line["over_default"] for lines in found.values() for line in lines if "over_default" in line]
    for pair, p in zip(pairs, holm(np.array([pair["dm_p_value"] for pair in pairs])), strict=True):
        pair["dm_p_holm"] = float(p)
    return {"default": default, "compared": len(pairs), "horizons": found}


def _against(table: pd.DataFrame, other: str) -> dict[str, float]:
    if other not in table.index:
        return dict.fromkeys(("skill", "low", "high", "dm_p_value"), float("nan"))
    line = table.loc[[other]].to_dict("records")[0]
    value, low, high = (line[column] for column in _SKILL)
    return {"skill": value, "low": low, "high": high, "dm_p_value": line["dm_p_value"]}
