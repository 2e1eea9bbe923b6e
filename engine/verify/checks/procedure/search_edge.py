"""Did tuning stop at a wall?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

_CLOSE = 0.02  # of the range


def look(seen: CheckInput) -> Remark | None:
    """Warning where a tuned parameter lies within 2 % of the end of the range it was searched in."""
    lines = []
    for path, (value, low, high) in sorted(seen.evidence.searched.items()):
        margin = _CLOSE * (high - low)
        if high > low and (value <= low + margin or value >= high - margin):
            lines.append(f"{path} = {value:g} in [{low:g}, {high:g}]")
    if not lines:
        return None
    return Remark(f"{'; '.join(lines)}. The best value may lie outside: widen tune.space and tune again.")


CHECK = Check(
    name="search_edge",
    title="Parameter at the edge of its search range",
    severity="warning",
    looks_at="the parameters that tuning chose",
    passed="No tuned setting sits at the edge of its range",
    look=look,
    needs=lambda seen: bool(seen.evidence.searched),
)
