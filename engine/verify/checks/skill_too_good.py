"""Is the skill too good to be true?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

LIMIT = 0.03  # largest honest gain over filtered_history seen on 18 instruments was about 1 %


def skill_too_good(facts: Facts) -> Finding | None:
    """Failure where log-loss skill over filtered_history exceeds 3 % at any horizon."""
    for horizon, metrics in facts.horizons():
        line = metrics.get("skill", {}).get("filtered_history")
        if line is not None and line["log_loss_skill"] > LIMIT:
            return Finding(
                code="skill_too_good",
                title="Skill too good to be true",
                severity="failure",
                explanation=(
                    f"Log-loss skill over filtered_history is {line['log_loss_skill']:+.1%} at {horizon} "
                    f"sessions; "
                    f"more than {LIMIT:.0%} has only ever been a leak. Run `engine audit` and look for a "
                    f"feature "
                    "that knows the future."
                ),
            )
    return None
