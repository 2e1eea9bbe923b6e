"""Is the forecast worse than simply saying the base rates?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding


def worse_than_climatology(facts: Facts) -> Finding | None:
    """Failure where the whole interval of skill lies below 0, warning where the skill itself does."""
    worst: tuple[str, float, float, float] | None = None
    for horizon, metrics in facts.horizons():
        line = metrics.get("skill", {}).get("climatology")
        if (
            line is not None
            and line["log_loss_skill"] < 0
            and (worst is None or line["log_loss_skill"] < worst[1])
        ):
            worst = (horizon, line["log_loss_skill"], line["low"], line["high"])
    if worst is None:
        return None
    horizon, value, low, high = worst
    return Finding(
        code="worse_than_climatology",
        title="Worse than the base rates",
        severity="failure" if high < 0 else "warning",
        explanation=(
            f"At {horizon} sessions the log loss is {-value:.1%} above that of always saying the base rates "
            f"(skill interval {low:+.1%} to {high:+.1%}). Use the base rates, or find out what broke."
        ),
    )
