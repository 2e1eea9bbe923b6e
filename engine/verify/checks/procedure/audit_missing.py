"""Has anybody looked for look-ahead, and what came of it?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Failure where the look-ahead audit found rewritten dates; note where it has not been run, warning where it
    should have been."""
    audit = seen.evidence.audit
    if audit is None:
        return Remark(
            "No certificate that past features never change. `engine audit` recomputes them on cut history.",
            severity="warning" if seen.evidence.audit_expected else "note",
            title="Look-ahead audit not run",
        )
    if not audit.rewritten:
        return None
    return Remark(
        f"On {audit.rewritten} of {audit.dates} audited dates a value changed when the bars after it were taken away or "
        "replaced. Every figure of this run is void until the rule that looks ahead is found."
    )


CHECK = Check(
    name="audit_missing",
    title="Look-ahead audit failed",
    severity="failure",
    looks_at="the certificate of the look-ahead audit",
    passed="The look-ahead audit found nothing",
    look=look,
)
