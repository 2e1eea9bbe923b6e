"""Do the rules add anything to distance and volatility?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding


def not_better_than_filtered_history(facts: Facts) -> Finding | None:
    """Note where the interval of skill over filtered_history holds 0, warning where it lies below,
    anywhere."""
    lines = []
    worse = False
    for horizon, metrics in facts.horizons():
        line = metrics.get("skill", {}).get("filtered_history")
        if line is None or line["low"] > 0:
            continue
        worse = worse or line["high"] < 0
        lines.append(
            f"{line['log_loss_skill']:+.2%} at {horizon} sessions (interval {line['low']:+.2%} to "
            f"{line['high']:+.2%})"
        )
    if not lines:
        return None
    return Finding(
        code="not_better_than_filtered_history",
        title="Not shown to beat filtered history",
        severity="warning" if worse else "note",
        explanation=(
            f"Skill over a forecast that knows only distance and volatility: {'; '.join(lines)}. "
            "The table is as good as its geometry; the rules are not shown to add to it."
        ),
    )
