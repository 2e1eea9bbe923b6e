"""The models of a run side by side, as formatted cells: the scoreboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.report.prose.scoreboard_words import model_name
from engine.table import words

_SCORES = ("log_loss_nats", "brier", "rps")


def scoreboard_tables(board: Mapping[str, Any], interval: float) -> list[dict[str, Any]]:
    """One table a horizon, the longest first: scores, skill over filtered history, skill over the run's own model.

    ``board`` is ``metrics["scoreboard"]``; empty where the run holds one model.
    """
    default = str(board.get("default", ""))
    tables = []
    for horizon, lines in sorted(dict(board.get("horizons") or {}).items(), key=lambda item: -int(item[0])):
        rows = [
            {
                "name": model_name(line["model"]),
                "default": line["model"] == default,
                "scores": [words.decimal(words.number(line.get(score)), 4) for score in _SCORES],
                "pairs": [_pair(line.get("over_filtered_history")), _pair(line.get("over_default"))],
                "p": words.p_value(words.number((line.get("over_default") or {}).get("dm_p_holm"))),
            }
            for line in lines
        ]
        first = lines[0]
        sample = (
            f"{words.count(first['rows'])} forecasts, about {words.count(first['effective_rows'])} windows"
        )
        tables.append({"horizon": int(horizon), "sample": sample, "rows": rows, "interval": interval})
    return tables


def _pair(line: Mapping[str, Any] | None) -> tuple[str, str, bool]:
    """Skill, its interval, and whether the interval leaves out 0."""
    skill, low, high = (words.number((line or {}).get(name)) for name in ("skill", "low", "high"))
    if skill is None or low is None or high is None:
        return "", "", False
    span = f"{words.signed_percent(low, 2)} to {words.signed_percent(high, 2)}"
    return words.signed_percent(skill, 2), span, low > 0 or high < 0
