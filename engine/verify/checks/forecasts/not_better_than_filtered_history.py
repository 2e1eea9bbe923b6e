"""Do the rules add anything to distance and volatility?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Note where the interval of skill over filtered_history holds 0, warning where it lies below, anywhere."""
    lines = []
    worse = False
    for horizon, line in seen.skill("filtered_history"):
        if line["low"] > 0:
            continue
        worse = worse or line["high"] < 0
        lines.append(
            f"{line['log_loss_skill']:+.2%} at {horizon} sessions (interval {line['low']:+.2%} to "
            f"{line['high']:+.2%})"
        )
    if not lines:
        return None
    return Remark(
        f"Skill over a forecast that knows only distance and volatility: {'; '.join(lines)}. "
        "The table is as good as its geometry; the rules are not shown to add to it.",
        severity="warning" if worse else "note",
    )


CHECK = Check(
    name="not_better_than_filtered_history",
    title="Not shown to beat filtered history",
    severity="warning",
    looks_at="the interval of log-loss skill over filtered_history",
    passed="Better than distance and volatility alone",
    look=look,
    needs=lambda seen: bool(seen.skill("filtered_history")),
)
