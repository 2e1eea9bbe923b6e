"""What a look at the bars is, and what it has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.bars.movement import Movement
from engine.severity import Severity


@dataclass(frozen=True, slots=True)
class BarFinding:
    """One observation about the bars of one instrument; nothing is changed because of it.

    Attributes
    ----------
    symbol : the instrument.
    code : stable identifier, for example ``"bars.spike"``; ``accept`` in a config names it.
    severity : ``failure`` makes a replay meaningless and stops it unless the config accepts it; ``warning`` is to be
        read before a number is trusted; ``note`` is good to know.
    text : what was found, with dates and figures.
    date, until : first and last session it is about (ISO); None where it is about the whole series.
    column : the column at fault, where one is.
    value, near : the cell's value and what it should be near, where the finding is about one cell.
    remedy : what can be done.
    accepted : the reason the config gives for going on all the same; None where it says nothing.
    """

    symbol: str
    code: str
    severity: Severity
    text: str
    date: str | None = None
    until: str | None = None
    column: str | None = None
    value: float | None = None
    near: float | None = None
    remedy: str = ""
    accepted: str | None = None

    @property
    def stops(self) -> bool:
        """True where a replay has to stop at it."""
        return self.severity == "failure" and self.accepted is None

    def as_dict(self) -> dict[str, Any]:
        """Every field, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a look has to say about bars ``start`` to ``stop - 1``; severity where it is not the look's own.

    ``start`` is None where the remark is about the whole series.
    """

    text: str
    start: int | None = None
    stop: int | None = None
    severity: Severity | None = None
    column: str | None = None
    value: float | None = None
    near: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the bars of an instrument.

    Attributes
    ----------
    code : stable identifier.
    severity : the gravest finding it can have.
    looks_at : as the object of a sentence.
    means : why it matters.
    remedy : what can be done.
    look : the look itself: the instrument's bars and those of the others of the config.
    """

    code: str
    severity: Severity
    looks_at: str
    means: str
    remedy: str
    look: Callable[[Movement, Iterable[Movement]], Iterable[Remark]] = field(repr=False)

    @property
    def name(self) -> str:
        """The code: what the registry goes by."""
        return self.code

    def find(self, seen: Movement, others: Iterable[Movement] = ()) -> list[BarFinding]:
        """The findings of one instrument, oldest first."""
        return [self._finding(seen, remark) for remark in self.look(seen, others)]

    def _finding(self, seen: Movement, remark: Remark) -> BarFinding:
        dates = seen.bars.dates
        first = None if remark.start is None else str(dates[remark.start])
        last = (
            first
            if remark.start is None or remark.stop is None
            else str(dates[max(remark.start, remark.stop - 1)])
        )
        return BarFinding(
            symbol=seen.bars.symbol,
            code=self.code,
            severity=remark.severity or self.severity,
            text=remark.text,
            date=first,
            until=last,
            column=remark.column,
            value=remark.value,
            near=remark.near,
            remedy=self.remedy,
        )


def count(number: int, noun: str) -> str:
    """``1 bar``, ``3 bars``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def price(value: float) -> str:
    """A price as a reader would write it: six digits, without an exponent unless it is out of all proportion."""
    return f"{value:.6g}" if not 1e-4 <= abs(value) < 1e7 else f"{value:,.6g}".replace(",", "")


def geometric(*logs: float) -> float:
    """The price in the middle of log prices."""
    return float(np.exp(np.mean(logs)))
