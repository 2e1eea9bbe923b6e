"""The market around the bars: what is known about a series besides its prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from engine.bars.context.observed import Context
    from engine.bars.contracts.rolls import Rolls
    from engine.bars.events.events import Events


@dataclass(frozen=True, slots=True)
class Around:
    """Everything that comes with the bars of one instrument and is no bar.

    Attributes
    ----------
    origin : how its file was read, in words; empty where there was nothing to recognise.
    calendar : name of the exchange's calendar, where the config gives one.
    rolls : contract of each bar and how its prices become the chain's, for futures; None: prices are as they were traded.
    context : series published elsewhere, with the moment each value became known.
    events : what was scheduled when.
    parts : what the series was made from, for the audit to make it again without the future.
    """

    origin: str = ""
    calendar: str | None = None
    rolls: Rolls | None = None
    context: Context | None = None
    events: Events | None = None
    parts: tuple[Any, ...] = ()

    def between(self, start: int, stop: int) -> Around:
        """That of bars ``start`` to ``stop - 1``; what was not known by then is not in it."""
        if self.rolls is None and self.context is None and self.events is None:
            return self
        return replace(
            self,
            rolls=None if self.rolls is None else self.rolls.between(start, stop),
            context=None if self.context is None else self.context.between(start, stop),
            events=None if self.events is None else self.events.between(start, stop),
        )

    def as_known(self, day: np.datetime64, future: str, seed: int) -> Around:
        """With noise or missing values in place of what was not known around the bars after the close of ``day``."""
        if self.context is None and self.events is None:
            return self
        return replace(
            self,
            context=None if self.context is None else self.context.as_known(day, future, seed),
            events=None if self.events is None else self.events.as_known(day, future, seed),
        )

    @property
    def recheckable(self) -> tuple[Any, ...]:
        """Everything that the audit makes again without the future."""
        return (*self.parts, *(one for one in (self.context, self.events) if one is not None))


NOTHING = Around()
