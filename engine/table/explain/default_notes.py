"""Sentences built from indicators and distances alone: the notes of a table whose model gave none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.table import words

if TYPE_CHECKING:
    from engine.table.scenario import SetupEdge, SetupEdges

Facts = Mapping[str, "float | None"]


def geometric_notes(setup: SetupEdges | None, facts: Facts, decimals: int) -> dict[str, str]:
    """One sentence per scenario: how far its edge is, and what the averages and RSI say about it."""
    if setup is None:
        text = "no setup: the history is too short for ATR and volatility"
        return dict.fromkeys(words.DISPLAY_ORDER, text)
    close, atr = facts.get("close"), facts.get("atr_14")

    def atrs(price: float) -> str:
        if close is None or not atr:
            return ""
        return f"{words.decimal(abs(price - close) / atr, 1)} ATR"

    def source(edge: SetupEdge) -> str:
        name = "projected from ATR" if edge.projected else edge.level_name
        return f" ({name})" if name else ""

    up = join_clauses(
        f"target {atrs(setup.target.low)} above{source(setup.target)}",
        _momentum(facts, bullish=True),
    )
    middle = (
        f"price stays between the floor {atrs(setup.floor.low)} below and the target "
        f"{atrs(setup.target.low)} above"
    )
    down = join_clauses(
        f"floor {atrs(setup.floor.low)} below{source(setup.floor)}",
        _momentum(facts, bullish=False),
    )
    return {"continuation": up, "range": middle, "breakdown": down}


def join_clauses(*clauses: str) -> str:
    """Clauses with semicolons between them; empty ones are left out."""
    return "; ".join(clause for clause in clauses if clause)


def _momentum(facts: Facts, bullish: bool) -> str:
    close, sma_50, rsi = facts.get("close"), facts.get("sma_50"), facts.get("rsi_14")
    found = []
    if close is not None and sma_50 is not None and (close > sma_50) == bullish:
        found.append(f"price {'above' if bullish else 'below'} the 50-day average")
    if rsi is not None and (rsi > 50) == bullish:
        found.append(f"RSI {rsi:.0f}")
    return words.join(found)
