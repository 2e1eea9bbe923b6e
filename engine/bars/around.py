"""The market around the bars: what is known about a series besides its prices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that comes with the bars of one instrument and is no bar.

    Attributes
    ----------
    origin : how its file was read, in words; empty where there was nothing to recognise.
    calendar : name of the exchange's calendar, where the config gives one.
    """

    origin: str = ""
    calendar: str | None = None


NOTHING = Around()
