"""What may be said of several models that forecast the same dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.table import words

_LEVEL = 0.05  # of the p-values after Holm's correction


def model_name(name: str) -> str:
    """``offset_logistic`` as a reader sees it."""
    return words.capital(name.replace("_", " "))


def scoreboard_sentence(board: Mapping[str, Any]) -> str | None:
    """Which challengers are told apart from the run's own model; None where the run holds one model.

    The p-values are those of Diebold and Mariano after Holm's correction over all comparisons made.
    """
    compared = words.number(board.get("compared"))
    if not compared:
        return None
    better: list[str] = []
    worse: list[str] = []
    for horizon, lines in sorted(dict(board.get("horizons") or {}).items(), key=lambda item: int(item[0])):
        for line in lines:
            pair = line.get("over_default") or {}
            p, skill = words.number(pair.get("dm_p_holm")), words.number(pair.get("skill"))
            if p is not None and skill is not None and p <= _LEVEL:
                (better if skill > 0 else worse).append(f"{model_name(line['model'])} at {horizon} sessions")
    own = model_name(str(board.get("default", "")))
    many = f"{words.plural(int(compared), 'comparison')}, corrected for their number"
    if not better and not worse:
        return f"No challenger is told apart from {own} ({many})."
    parts = [f"worse than {own}: {words.join(worse)}"] if worse else []
    if better:
        parts.insert(0, f"better than {own}: {words.join(better)}")
    return f"{words.capital('; '.join(parts))} ({many})."
