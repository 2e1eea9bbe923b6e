"""Are the levels levels, or multiples of ATR?"""

from __future__ import annotations

import numpy as np

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

LIMIT = 0.5
_PROJECTED = -1


def projected_edges(facts: Facts) -> Finding | None:
    """Warning where floor, ceiling or target is projected on more than half of the dates that have a
    setup."""
    lines = []
    for edge in ("floor", "ceiling", "target"):
        column = f"{edge}_level_id"
        if column not in facts.replay.columns:
            continue
        ids = facts.replay[column].to_numpy()
        defined = ids >= _PROJECTED
        if defined.any() and (share := float(np.mean(ids[defined] == _PROJECTED))) > LIMIT:
            lines.append(f"{edge} on {share:.0%} of dates")
    if not lines:
        return None
    return Finding(
        code="projected_edges",
        title="Edges mostly projected",
        severity="warning",
        explanation=(
            f"Projected from ATR because the book had no level: {', '.join(lines)}. The scenarios are then "
            f"about "
            "distance, not about levels; raise setup.max_atr or loosen the level rules."
        ),
    )
