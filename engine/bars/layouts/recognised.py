"""What was recognised in a file, for ``engine check`` and the manifest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recognised:
    """How a file was read.

    Attributes
    ----------
    layout : name of the vendor's layout, or ``"columns by name"``.
    dates : the form of its dates, for example ``"month/day/year"``.
    details : whatever else was not as in a plain file (order, separator, decimals, compression, columns).
    """

    layout: str
    dates: str
    details: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``"layout: investing, dates month/day/year, newest first"``."""
        return ", ".join([f"layout: {self.layout}", f"dates {self.dates}", *self.details])
