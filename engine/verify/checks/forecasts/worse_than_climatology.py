"""Is the forecast worse than simply saying the base rates?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Failure where the whole interval of skill lies below 0, warning where the skill itself does."""
    worst: tuple[str, float, float, float] | None = None
    for horizon, line in seen.skill("climatology"):
        if line["log_loss_skill"] < (0.0 if worst is None else worst[1]):
            worst = (horizon, line["log_loss_skill"], line["low"], line["high"])
    if worst is None:
        return None
    horizon, value, low, high = worst
    return Remark(
        f"At {horizon} sessions the log loss is {-value:.1%} above that of always saying the base rates "
        f"(skill interval {low:+.1%} to {high:+.1%}). Use the base rates, or find out what broke.",
        severity="failure" if high < 0 else "warning",
    )


CHECK = Check(
    name="worse_than_climatology",
    title="Worse than the base rates",
    severity="failure",
    looks_at="log-loss skill over climatology",
    passed="Not worse than the base rate",
    look=look,
    needs=lambda seen: bool(seen.skill("climatology")),
)
