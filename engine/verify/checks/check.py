"""What a check is: a value with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.severity import Severity
from engine.verify.evidence import CheckInput
from engine.verify.finding import Finding


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check has to say: figures and advice; title and severity where they are not the check's own."""

    explanation: str
    severity: Severity | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes
    ----------
    name : stable identifier, also that of its module; the code of its finding.
    title : of its finding, in a few words.
    severity : the gravest finding it can have.
    looks_at : what it looks at, as the object of a sentence.
    passed : what it means that it found nothing.
    look : the check itself; None where there is nothing to say.
    needs : whether there is anything to look at; the check is not applicable where it is False.
    """

    name: str
    title: str
    severity: Severity
    looks_at: str
    passed: str
    look: Callable[[CheckInput], Remark | None]
    needs: Callable[[CheckInput], bool] = lambda _: True

    def find(self, seen: CheckInput) -> Finding | None:
        """The finding; None where there is nothing to say, or nothing to look at."""
        remark = self.look(seen) if self.needs(seen) else None
        if remark is None:
            return None
        return Finding(
            self.name, remark.title or self.title, remark.severity or self.severity, remark.explanation
        )
