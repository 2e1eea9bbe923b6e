"""Checks: each file looks at the facts and returns a finding, or None when there is nothing to say."""

from __future__ import annotations

from collections.abc import Callable

from engine.verify.checks.ambiguous_outcomes import ambiguous_outcomes
from engine.verify.checks.audit_missing import audit_missing
from engine.verify.checks.base_rate_drift import base_rate_drift
from engine.verify.checks.calibrator_worse import calibrator_worse
from engine.verify.checks.fake_opens import fake_opens
from engine.verify.checks.miscalibrated import miscalibrated
from engine.verify.checks.not_better_than_filtered_history import not_better_than_filtered_history
from engine.verify.checks.projected_edges import projected_edges
from engine.verify.checks.search_edge import search_edge
from engine.verify.checks.skill_too_good import skill_too_good
from engine.verify.checks.too_few_windows import too_few_windows
from engine.verify.checks.train_test_overlap import train_test_overlap
from engine.verify.checks.unadjusted_rolls import unadjusted_rolls
from engine.verify.checks.worse_than_climatology import worse_than_climatology
from engine.verify.evidence import Facts
from engine.verify.finding import Finding

CHECKS: dict[str, Callable[[Facts], Finding | None]] = {
    check.__name__: check
    for check in (
        worse_than_climatology,
        not_better_than_filtered_history,
        skill_too_good,
        miscalibrated,
        calibrator_worse,
        too_few_windows,
        base_rate_drift,
        ambiguous_outcomes,
        projected_edges,
        search_edge,
        train_test_overlap,
        audit_missing,
        fake_opens,
        unadjusted_rolls,
    )
}
_ORDER = {"failure": 0, "warning": 1, "note": 2}


def run_checks(facts: Facts) -> list[Finding]:
    """Findings of all checks, failures first, otherwise in the order of the registry."""
    found = [finding for check in CHECKS.values() if (finding := check(facts)) is not None]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])
