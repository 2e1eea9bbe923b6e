"""How many outcomes were decided by a rule of thumb?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput

LIMIT = 0.01


def look(seen: CheckInput) -> Remark | None:
    """Warning where more than 1 % of resolved outcomes were ambiguous (one bar reached both levels)."""
    outcomes = seen.evidence.outcomes
    assert outcomes is not None
    resolved = outcomes.loc[outcomes["outcome"].notna()]
    share = float(resolved["ambiguous"].astype(bool).mean()) if len(resolved) else 0.0
    if share <= LIMIT:
        return None
    return Remark(
        f"{share:.1%} of outcomes come from a bar that reached floor and target and were decided by the policy "
        f"outcome.tie = {seen.config.outcome.tie}. Widen the levels, or watch the floor on closes."
    )


CHECK = Check(
    name="ambiguous_outcomes",
    title="Ambiguous outcomes",
    severity="warning",
    looks_at="the outcomes that one bar decided both ways",
    passed="Few ambiguous outcomes",
    look=look,
    needs=lambda seen: seen.evidence.outcomes is not None,
)
