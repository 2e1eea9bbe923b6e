"""How grave a finding is: one vocabulary for the bars, the checks and everything that shows them."""

from __future__ import annotations

from typing import Literal

Severity = Literal["failure", "warning", "note"]

# worst first
SEVERITIES: tuple[Severity, ...] = ("failure", "warning", "note")


def rank(severity: str) -> int:
    """0 for the worst; a word that is none of them comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
