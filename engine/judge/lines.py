"""A judgement in plain lines, and the words that its page uses too."""

from __future__ import annotations

from typing import Any

from engine.judge.judge import Judgement
from engine.table import words

FORECASTERS = {
    "forecast": "these forecasts",
    "climatology": "past frequencies",
    "filtered_history": "filtered history",
}


def judgement_lines(found: Judgement) -> list[str]:
    """The judgement in a few plain lines, for a terminal."""
    metrics = found.metrics
    lines = [metrics["calibration_test"]["verdict"]]
    for horizon, block in metrics["horizons"].items():
        lines.append(
            f"{horizon} sessions: {words.plural(block['rows'], 'forecast')} in "
            f"{words.plural(round(block['effective_rows']), 'window')} without overlap, {block['first_date']} to {block['last_date']}"
        )
        for name, line in block["skill"].items():
            lines.append(f"  log-loss skill over {FORECASTERS[name]}: {skill_words(line)}")
    return [*lines, *metrics["notes"]]


def skill_words(line: dict[str, Any], score: str = "log_loss") -> str:
    """Skill by ``log_loss`` or ``brier``, with its interval."""
    prefix = "" if score == "log_loss" else "brier_"
    value, low, high = line[f"{score}_skill"], line[f"{prefix}low"], line[f"{prefix}high"]
    if value is None:
        return "not defined"
    if low is None:
        return f"{words.signed_percent(value)} (too short for an interval)"
    return f"{words.signed_percent(value)} ({words.signed(100 * low)} to {words.signed(100 * high)})"
