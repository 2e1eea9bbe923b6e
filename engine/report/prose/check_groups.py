"""Findings of the checks in the groups a reader looks at, and what it means that a check found nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bars.findings import LOOKS
from engine.table import words
from engine.verify.checks import CHECKS


@dataclass(frozen=True, slots=True)
class CheckGroups:
    """Findings in the four groups a reader looks at: code, title, severity and explanation of each."""

    issues: tuple[dict[str, str], ...] = ()
    tips: tuple[dict[str, str], ...] = ()
    passed: tuple[dict[str, str], ...] = ()
    not_applicable: tuple[dict[str, str], ...] = ()


_LOOKED_AT = {look.code: look.looks_at for look in LOOKS}


def group_findings(
    metrics: Mapping[str, Any] | None, bars: Sequence[Mapping[str, Any]] | None = None
) -> CheckGroups:
    """The checks of a run in reading order, after what was found in its bars.

    Parameters
    ----------
    metrics : as in metrics.json; ``findings``, ``checks`` and ``checks_not_applicable`` are read.  A failure or
        warning is an issue, a note is a tip; a check without a finding has passed, or had nothing to look at.
    bars : ``findings`` of the manifest.
    """
    known = metrics or {}
    groups: dict[str, list[dict[str, str]]] = {"issues": [], "tips": [], "passed": [], "not_applicable": []}
    for finding in bars or ():
        said = str(finding["text"])
        if finding.get("accepted") is not None:
            said += f" Accepted: {finding['accepted']}."
        entry = {
            "code": str(finding["code"]),
            "title": f"Bars of {finding['symbol']}: {_LOOKED_AT.get(str(finding['code']), 'a finding')}",
            "severity": str(finding["severity"]),
            "explanation": words.signs(said),
        }
        groups["tips" if entry["severity"] == "note" else "issues"].append(entry)
    for finding in known.get("findings") or ():
        entry = {key: words.signs(str(finding[key])) for key in ("code", "title", "severity", "explanation")}
        groups["tips" if entry["severity"] == "note" else "issues"].append(entry)
    found = {entry["code"] for entries in groups.values() for entry in entries}
    idle = set(known.get("checks_not_applicable") or ())
    for code in known.get("checks") or ():
        if code in found:
            continue
        title, missing = words.capital(code.replace("_", " ")), ""
        if code in CHECKS:  # an older run may have had one that is gone
            title = CHECKS[code].passed
            missing = f"It looks at {CHECKS[code].looks_at}: there is nothing of it in this run."
        entry = {"code": code, "title": title, "severity": "passed", "explanation": ""}
        if code in idle:
            groups["not_applicable"].append({**entry, "explanation": missing})
        else:
            groups["passed"].append(entry)
    return CheckGroups(**{name: tuple(entries) for name, entries in groups.items()})
