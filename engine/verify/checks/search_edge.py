"""Did tuning stop at a wall?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

_CLOSE = 0.02  # of the range


def search_edge(facts: Facts) -> Finding | None:
    """Warning where a tuned parameter lies within 2 % of the end of the range it was searched in."""
    lines = []
    for path, (value, low, high) in sorted(facts.evidence.searched.items()):
        margin = _CLOSE * (high - low)
        if high > low and (value <= low + margin or value >= high - margin):
            lines.append(f"{path} = {value:g} in [{low:g}, {high:g}]")
    if not lines:
        return None
    return Finding(
        code="search_edge",
        title="Parameter at the edge of its search range",
        severity="warning",
        explanation=f"{'; '.join(lines)}. The best value may lie outside: widen tune.space and tune again.",
    )
