"""What stands beside the three probabilities of one instrument and date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.table.story.attribution import Attribution
from engine.table.story.change import ChangeShare


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything in a table that is neither a price nor a forecast; empty where it is not known.

    Attributes
    ----------
    intervals : (horizon, scenario) to (low, high), with the coverage of ``verify.interval``.
    differences : (horizon, scenario) to the probability minus the ``opponent``'s, and what bounds it.
    opponent : name of the baseline that the classifier starts from.
    attributions : (horizon, scenario) to what each fact adds; a plain geometric note stands where none is given.
    shares : of the change of each probability since the session before; empty where it cannot be told.
    reliability : (horizon, scenario) to a sentence such as "of 214 past forecasts between 45 and 55%, 49% came true".
    effective_rows : horizon to independent training windows of this instrument (rows / horizon).
    analogues : dicts with date, distance, outcomes (horizon to scenario or None) and reading.
    level_touch : level_id to horizon to the probability that the level is touched within the horizon; the table
        brings it into agreement with its own touch probabilities (:mod:`engine.table.touch.agree`).
    """

    intervals: dict[tuple[int, str], tuple[float, float]] = field(default_factory=dict)
    differences: dict[tuple[int, str], tuple[float, float, float]] = field(default_factory=dict)
    opponent: str = ""
    attributions: dict[tuple[int, str], Attribution] = field(default_factory=dict)
    shares: list[ChangeShare] = field(default_factory=list)
    reliability: dict[tuple[int, str], str] = field(default_factory=dict)
    effective_rows: dict[int, float] = field(default_factory=dict)
    analogues: list[dict[str, Any]] = field(default_factory=list)
    level_touch: Mapping[int, Mapping[int, float]] = field(default_factory=dict)


NOTHING = Explanation()
