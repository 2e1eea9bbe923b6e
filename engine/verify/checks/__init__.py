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
# what a check needs to have something to look at; checks without an entry always do
_NEEDS: dict[str, Callable[[Facts], bool]] = {
    "worse_than_climatology": lambda f: _scored(f, "climatology"),
    "not_better_than_filtered_history": lambda f: _scored(f, "filtered_history"),
    "skill_too_good": lambda f: _scored(f, "filtered_history"),
    "miscalibrated": lambda f: any("calibration" in m for _, m in f.horizons()),
    "calibrator_worse": lambda f: f.config.forecast.calibrator != "identity" and _scored(f, "raw"),
    "ambiguous_outcomes": lambda f: f.evidence.outcomes is not None,
    "projected_edges": lambda f: "floor_level_id" in f.replay.columns,
    "search_edge": lambda f: bool(f.evidence.searched),
}
_ORDER = {"failure": 0, "warning": 1, "note": 2}


def run_checks(facts: Facts) -> list[Finding]:
    """Findings of all checks, failures first, otherwise in the order of the registry."""
    found = [finding for check in CHECKS.values() if (finding := check(facts)) is not None]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def not_applicable(facts: Facts) -> list[str]:
    """Codes of the checks that had nothing to look at, sorted."""
    return sorted(code for code, needs in _NEEDS.items() if not needs(facts))


def _scored(facts: Facts, baseline: str) -> bool:
    return any(baseline in metrics.get("skill", {}) for _, metrics in facts.horizons())
