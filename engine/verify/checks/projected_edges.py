"""Are the levels levels, or multiples of ATR?"""

from __future__ import annotations

from engine.question import SETUP_LEVELS
from engine.verify.evidence import Facts
from engine.verify.finding import Finding
from engine.verify.projected import projected_share

LIMIT = 0.5
_DECIDING = ("floor", "ceiling", "target")  # the retest price decides no scenario


def projected_edges(facts: Facts) -> Finding | None:
    """Warning where floor, ceiling or target is projected on more than half of the dates that have a setup."""
    if not set(SETUP_LEVELS) <= set(facts.replay.columns):
        return None
    shares = projected_share(facts.replay)["all"]
    lines = [
        f"{edge} on {share:.0%} of dates"
        for edge in _DECIDING
        if (share := shares[edge]) is not None and share > LIMIT
    ]
    if not lines:
        return None
    return Finding(
        code="projected_edges",
        title="Edges mostly projected",
        severity="warning",
        explanation=(
            f"Projected from ATR because the book had no level: {', '.join(lines)}. The scenarios are then "
            "about distance, not about levels; raise setup.max_atr or loosen the level rules."
        ),
    )
