"""Has anybody looked for look-ahead, and what came of it?"""

from __future__ import annotations

from engine.verify.evidence import Facts
from engine.verify.finding import Finding


def audit_missing(facts: Facts) -> Finding | None:
    """Failure where the look-ahead audit found rewritten values, note where it has not been run."""
    audit = facts.evidence.audit
    if audit is None:
        return Finding(
            code="audit_missing",
            title="Look-ahead audit not run",
            severity="warning" if facts.evidence.audit_expected else "note",
            explanation=(
                "No certificate that past features never change. `engine audit` recomputes them on cut "
                "history."
            ),
        )
    if audit.rewritten:
        return Finding(
            code="audit_missing",
            title="Look-ahead audit failed",
            severity="failure",
            explanation=(
                f"{audit.rewritten} values of {audit.dates} audited dates changed when later bars were cut "
                f"off. "
                "Every figure of this run is void until the rule that looks ahead is found."
            ),
        )
    return None
