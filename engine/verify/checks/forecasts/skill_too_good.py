"""Is the skill too good to be true?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

LIMIT = 0.03  # largest honest gain over filtered_history seen on 18 instruments was about 1 %


def look(seen: CheckInput) -> Remark | None:
    """Failure where log-loss skill over filtered_history exceeds 3 % at any horizon."""
    for horizon, line in seen.skill("filtered_history"):
        if line["log_loss_skill"] > LIMIT:
            return Remark(
                f"Log-loss skill over filtered_history is {line['log_loss_skill']:+.1%} at {horizon} sessions; more "
                f"than {LIMIT:.0%} has only ever been a leak. Run `engine audit` and look for a feature that knows "
                "the future."
            )
    return None


CHECK = Check(
    name="skill_too_good",
    title="Skill too good to be true",
    severity="failure",
    looks_at="log-loss skill over filtered_history",
    passed="Skill is of a plausible size",
    look=look,
    needs=lambda seen: bool(seen.skill("filtered_history")),
)
