"""Do the bars jump when the contract is rolled?"""

from __future__ import annotations

from engine.verify.checks.check import Check, Remark
from engine.verify.evidence import CheckInput


def look(seen: CheckInput) -> Remark | None:
    """Warning where the bars look like contracts put together without adjustment (``bars.rolls_suspected``)."""
    lines = [
        f"{finding.symbol}: {finding.text}"
        for finding in seen.evidence.bars_findings
        if finding.code == "bars.rolls_suspected"
    ]
    if not lines:
        return None
    return Remark(
        f"{' '.join(lines)} Returns, volatility and outcomes across a roll are artefacts; use a back-adjusted series or the "
        "cash index."
    )


CHECK = Check(
    name="unadjusted_rolls",
    title="Rolls look unadjusted",
    severity="warning",
    looks_at="the opening gaps after quarterly expiries beside those of other weeks, and a twin of the family",
    passed="No sign of unadjusted contract rolls",
    look=look,
)
