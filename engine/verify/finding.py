"""What a check has to say when it has something to say."""

from __future__ import annotations

from dataclasses import dataclass

from engine.severity import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one check.

    Attributes
    ----------
    code : stable identifier of the check, for example ``"skill_too_good"``.
    title : a few words.
    severity : ``failure`` (``--strict`` exits with 4), ``warning`` (read before trusting a number), ``note``.
    explanation : what was found, with the figures, and what to do about it.
    """

    code: str
    title: str
    severity: Severity
    explanation: str

    def as_dict(self) -> dict[str, str]:
        """The four fields, for JSON."""
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity,
            "explanation": self.explanation,
        }
