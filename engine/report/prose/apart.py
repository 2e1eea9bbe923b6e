"""How far a table is from what distance and volatility alone give."""

from __future__ import annotations

from engine.table.scenario import Scenario


def disagreement(scenario: Scenario) -> float | None:
    """Largest difference between the table of the longest horizon and filtered history; None without either."""
    longest = scenario.longest
    if longest is None or not longest.available:
        return None
    pairs = [(row.probability, row.baselines.get("filtered_history")) for row in longest.rows]
    found = [abs(p - q) for p, q in pairs if p is not None and q is not None]
    return max(found) if found else None
