"""What a table is told about its date beside the replay row: the past, the edges that moved, and the rule that settles it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.bars.contracts.rolls import SAME
from engine.config import OutcomeConfig
from engine.table.story.change import EdgeMove, moves_of
from engine.table.story.past import NO_PAST, Past, past_of

if TYPE_CHECKING:
    from engine.replay.replay import Replay


_DEFAULT = OutcomeConfig()


@dataclass(frozen=True, slots=True)
class Background:
    """Of one close.

    Attributes
    ----------
    past : what led to it.
    since : the session before, as ISO text; None where there is none.
    moves : edges of the question that are not those of the session before.
    outcome : the rule that settles the table.
    """

    past: Past = NO_PAST
    since: str | None = None
    moves: tuple[EdgeMove, ...] = ()
    outcome: OutcomeConfig = _DEFAULT

    def to_dict(self) -> dict[str, Any]:
        """Plain data without the rule, which the config has; :meth:`of` gives the value again."""
        return {
            "past": asdict(self.past),
            "since": self.since,
            "moves": [asdict(move) for move in self.moves],
        }

    @classmethod
    def of(cls, data: Mapping[str, Any], outcome: OutcomeConfig) -> Background:
        """From plain data."""
        moves = tuple(EdgeMove(**move) for move in data["moves"])
        return cls(Past.of(data["past"]), data["since"], moves, outcome)


NO_BACKGROUND = Background()


def background_of(replay: Replay, index: int) -> Background:
    """The background of bar ``index``, in prices of the contract of its date."""
    rolls = replay.bars.around.rolls
    unit = SAME if rolls is None else rolls.unit(index)
    before = str(replay.bars.dates[index - 1]) if index > 0 else None
    moves = moves_of(replay, index, unit) if index > 0 else ()
    return Background(past_of(replay, index, unit), before, moves, replay.config.outcome)
