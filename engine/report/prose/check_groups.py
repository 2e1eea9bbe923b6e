"""Findings of the checks in the groups a reader looks at, and what it means that a check found nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.table import words


@dataclass(frozen=True, slots=True)
class CheckGroups:
    """Findings in the four groups a reader looks at."""

    issues: tuple[dict[str, str], ...] = ()
    tips: tuple[dict[str, str], ...] = ()
    passed: tuple[dict[str, str], ...] = ()
    not_applicable: tuple[dict[str, str], ...] = ()


def group_findings(
    findings: Iterable[Any] | None, ran: Iterable[str] = (), not_applicable: Iterable[str] = ()
) -> CheckGroups:
    """Findings in reading order.

    Parameters
    ----------
    findings : objects or mappings with code, title, severity, explanation.  A failure or warning is an issue,
        a note is a tip.
    ran : codes of all checks that ran; those without a finding have passed.
    not_applicable : codes of checks that had nothing to look at.
    """
    groups: dict[str, list[dict[str, str]]] = {"issues": [], "tips": [], "passed": [], "not_applicable": []}
    seen = set()
    for item in findings or ():
        get = item.get if isinstance(item, Mapping) else lambda key, item=item: getattr(item, key, None)
        entry = {
            key: words.signs(str(get(key) or "")) for key in ("code", "title", "severity", "explanation")
        }
        seen.add(entry["code"])
        groups["tips" if entry["severity"] == "note" else "issues"].append(entry)
    idle = set(not_applicable)
    for code in ran:
        if code not in seen:
            entry = {"code": code, "title": check_words(code), "severity": "passed", "explanation": ""}
            groups["not_applicable" if code in idle else "passed"].append(entry)
    return CheckGroups(**{name: tuple(entries) for name, entries in groups.items()})


def check_words(code: str) -> str:
    """What it means that a check found nothing."""
    return _PASSED.get(code, words.capital(code.replace("_", " ")))


_PASSED = {
    "worse_than_climatology": "Not worse than the base rate",
    "not_better_than_filtered_history": "Better than distance and volatility alone",
    "skill_too_good": "Skill is of a plausible size",
    "miscalibrated": "Not distinguishable from calibrated",
    "calibrator_worse": "The calibrator did no harm",
    "too_few_windows": "Enough independent windows",
    "base_rate_drift": "Base rates are stable",
    "ambiguous_outcomes": "Few ambiguous outcomes",
    "projected_edges": "Setup edges are mostly real levels",
    "search_edge": "No tuned setting sits at the edge of its range",
    "train_test_overlap": "Training and test do not overlap",
    "audit_missing": "The look-ahead audit found nothing",
    "fake_opens": "Opens are traded prices",
    "unadjusted_rolls": "No sign of unadjusted contract rolls",
}
