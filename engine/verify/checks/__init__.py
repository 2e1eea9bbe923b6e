"""Every check, one line each.

To add a check: write one module in a folder beside these that ends in its ``CHECK``, and add one line to ``CHECKS``.
What the report says about it is part of the value.
"""

from __future__ import annotations

from engine.registry import Registry
from engine.severity import rank
from engine.verify.checks.bars import fake_opens, unadjusted_rolls
from engine.verify.checks.check import Check, Remark
from engine.verify.checks.forecasts import (
    calibrator_worse,
    miscalibrated,
    not_better_than_filtered_history,
    skill_too_good,
    too_few_windows,
    worse_than_climatology,
)
from engine.verify.checks.procedure import audit_missing, search_edge, train_test_overlap
from engine.verify.checks.question import ambiguous_outcomes, base_rate_drift, projected_edges
from engine.verify.evidence import CheckInput
from engine.verify.finding import Finding

CHECKS: Registry[Check] = Registry(
    "check",
    (
        worse_than_climatology.CHECK,
        not_better_than_filtered_history.CHECK,
        skill_too_good.CHECK,
        miscalibrated.CHECK,
        calibrator_worse.CHECK,
        too_few_windows.CHECK,
        base_rate_drift.CHECK,
        ambiguous_outcomes.CHECK,
        projected_edges.CHECK,
        search_edge.CHECK,
        train_test_overlap.CHECK,
        audit_missing.CHECK,
        fake_opens.CHECK,
        unadjusted_rolls.CHECK,
    ),
)


def run_checks(seen: CheckInput) -> list[Finding]:
    """Findings of all checks, failures first, otherwise in the order of the registry."""
    found = [finding for check in CHECKS if (finding := check.find(seen)) is not None]
    return sorted(found, key=lambda finding: rank(finding.severity))


def not_applicable(seen: CheckInput) -> list[str]:
    """Codes of the checks that have nothing to look at, sorted."""
    return sorted(check.name for check in CHECKS if not check.needs(seen))


__all__ = ["CHECKS", "Check", "CheckInput", "Finding", "Remark", "not_applicable", "run_checks"]
