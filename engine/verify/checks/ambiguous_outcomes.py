"""How many outcomes were decided by a rule of thumb?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding

LIMIT = 0.01


def ambiguous_outcomes(facts: Facts) -> Finding | None:
    """Warning where more than 1 % of resolved outcomes were ambiguous (one bar reached both levels)."""
    outcomes = facts.evidence.outcomes
    if outcomes is None or "ambiguous" not in outcomes.columns:
        return None
    resolved = outcomes.loc[outcomes["outcome"].notna()]
    if not len(resolved):
        return None
    share = float(resolved["ambiguous"].astype(bool).mean())
    if share <= LIMIT:
        return None
    return Finding(
        code="ambiguous_outcomes",
        title="Ambiguous outcomes",
        severity="warning",
        explanation=(
            f"{share:.1%} of outcomes come from a bar that reached floor and target and were decided by the "
            f"policy outcome.tie = {facts.config.outcome.tie}. Widen the levels, or watch the floor on "
            f"closes."
        ),
    )
