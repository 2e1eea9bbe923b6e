"""Did the market move, or the table?  What a session and the week after it show besides the step itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.bars.movement import Movement

_BEFORE, _AFTER, _LEAST_AFTER = 20, 5, 3  # sessions
# sum of the logarithms of what is known: an ordinary session lies near 0 with a standard deviation of 0.5 (without volume) to 0.7,
# news that move a price as far near 3
_LEAST = 0.7  # of the usual: a quiet session takes no more than that from the other signs
_MOVED = 0.5  # for each thing that is known


@dataclass(frozen=True, slots=True)
class Commotion:
    """Each as a multiple of what is usual; None where it cannot be told.

    Attributes
    ----------
    range : of the session; None where the step itself is in it.
    volume : of the session, in shares or in money, whichever rose less: a split changes one of them and news change both.
    after : true range of the week after.
    """

    range: float | None
    volume: float | None
    after: float | None

    @property
    def score(self) -> float:
        """Sum of the logarithms of what is known."""
        return float(np.sum(np.log(np.maximum(self.known, _LEAST))))

    @property
    def known(self) -> list[float]:
        """What can be told."""
        return [one for one in (self.range, self.volume, self.after) if one is not None]

    @property
    def moved(self) -> bool:
        """True where the market was in commotion: splits come on ordinary days."""
        return self.score > _MOVED * max(len(self.known), 1)

    @property
    def sentence(self) -> str:
        """What is known, with a capital."""
        parts = []
        if self.range is not None:
            parts.append(f"the session's range is {self.range:.2g} times the usual")
        if self.volume is not None:
            parts.append(f"its volume {self.volume:.2g} times the usual")
        if self.after is not None:
            parts.append(f"the week after moves {self.after:.2g} times as far as the month before")
        said = ", ".join(parts) or "nothing else is known of it"
        return said[0].upper() + said[1:]


def commotion(seen: Movement, i: int, *, night: bool) -> Commotion:
    """What bar ``i`` shows.

    Parameters
    ----------
    night : the step came before the open; otherwise the range of the bar says nothing else than the step.
    """
    reached = seen.true_range[i + 1 : i + 1 + _AFTER]
    earlier = seen.true_range[max(0, i - _BEFORE) : i]
    reached, earlier = reached[reached > 0], earlier[earlier > 0]  # days without a trade say nothing
    return Commotion(
        range=float((seen.high[i] - seen.low[i]) / seen.usual[i]) if night else None,
        volume=traded(seen, i),
        after=float(np.median(reached) / np.median(earlier))
        if len(reached) >= _LEAST_AFTER and len(earlier) >= _LEAST_AFTER
        else None,
    )


def traded(seen: Movement, i: int) -> float | None:
    """Volume of bar ``i`` beside the month before, in shares or in money, whichever rose less; None where there is none."""
    volume, close = seen.bars.volume, seen.bars.close
    here = slice(max(0, i - _BEFORE), i)
    known = volume[here] > 0
    if volume[i] <= 0 or known.sum() < _LEAST_AFTER:
        return None
    shares = volume[i] / np.median(volume[here][known])
    money = shares * close[i] / np.median(close[here][known])
    return float(min(shares, money))
