"""A probability taken apart, in words: from distance and volatility to the table, fact by fact, in points."""

from __future__ import annotations

from engine.report.prose.since import tenths
from engine.table import words
from engine.table.pieces import ScenarioRow
from engine.table.story.attribution import phrase


def attribution_sentence(row: ScenarioRow) -> str:
    """``"49.8% by distance and volatility; a weak month +1.2; ...: 51.0%."``; empty where no model was."""
    taken = row.attribution
    if taken is None or row.probability is None:
        return ""
    parts = [share.points for share in taken.shares]
    *shares, rest = tenths([*parts, taken.rest], row.probability - taken.alone)
    named = zip(taken.shares, shares, strict=True)
    told = [f"{phrase(share.fact, share.above)} {words.signed(value)}" for share, value in named if value]
    told.append(f"calibration, and what is too small to list, {words.signed(rest)}")
    return f"{words.percent(taken.alone, 1)} by distance and volatility; {'; '.join(told)}: {words.percent(row.probability, 1)}."
