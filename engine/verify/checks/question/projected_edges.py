"""Are the levels levels, or multiples of ATR?"""

from __future__ import annotations

from engine.question import SETUP_LEVELS
from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput
from engine.verify.projected import projected_share

LIMIT = 0.5
_DECIDING = ("floor", "ceiling", "target")  # the retest price decides no scenario


def look(seen: CheckInput) -> Remark | None:
    """Warning where floor, ceiling or target is projected on more than half of the dates that have a setup."""
    shares = projected_share(seen.replay)["all"]
    lines = [
        f"{edge} on {share:.0%} of dates"
        for edge in _DECIDING
        if (share := shares[edge]) is not None and share > LIMIT
    ]
    if not lines:
        return None
    return Remark(
        f"Projected from ATR because the book had no level: {', '.join(lines)}. The scenarios are then "
        "about distance, not about levels; raise setup.max_atr or loosen the level rules."
    )


CHECK = Check(
    name="projected_edges",
    title="Edges mostly projected",
    severity="warning",
    looks_at="the share of dates on which floor, ceiling and target are no levels of the book",
    passed="Setup edges are mostly real levels",
    look=look,
    needs=lambda seen: set(SETUP_LEVELS) <= set(seen.replay.columns),
)
