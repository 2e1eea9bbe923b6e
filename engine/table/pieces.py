"""The pieces of a scenario table: values without behaviour beyond reading themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.forecast.baselines import in_reading_order
from engine.scenarios import SCENARIOS, whole_percents
from engine.table.story.attribution import Attribution
from engine.year import WEEK


@dataclass(frozen=True, slots=True)
class Bias:
    """The reading in words, and the price that would change it (None where nothing nearby would)."""

    label: str
    sentence: str
    flip_price: float | None = None
    flip_sentence: str = ""


@dataclass(frozen=True, slots=True)
class SetupEdge:
    """One edge of the question: a price zone, and the level it came from.

    ``projected`` is True where the book had no level and the price was projected from ATR.
    """

    low: float
    high: float
    level_id: int | None
    level_name: str
    projected: bool


@dataclass(frozen=True, slots=True)
class SetupEdges:
    """Retest < floor < close < ceiling <= target: the prices that define the three scenarios."""

    floor: SetupEdge
    ceiling: SetupEdge
    target: SetupEdge
    retest: SetupEdge


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One line of the table: a scenario, its probability, and what it has to beat.

    ``low`` and ``high`` bound the probability (None where no refits were made); ``baselines`` maps a
    baseline's name to its probability for this scenario.  ``difference`` is the probability minus that of the
    ``opponent`` which the classifier starts from, ``difference_low`` and ``difference_high`` bound it.  ``note``
    are the reasons a trader would give, ``attribution`` what every fact adds, in points.
    """

    scenario: str
    title: str
    probability: float | None
    low: float | None
    high: float | None
    baselines: dict[str, float | None]
    note: str
    reliability: str = ""
    opponent: str = ""
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    attribution: Attribution | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ScenarioRow:
        """From plain data."""
        taken_apart = data.get("attribution")
        return cls(**{**data, "attribution": None if taken_apart is None else Attribution.of(taken_apart)})


@dataclass(frozen=True, slots=True)
class HorizonTable:
    """The table for one horizon, rows in display order: continuation, range, breakdown."""

    horizon_sessions: int
    rows: tuple[ScenarioRow, ...]
    p_target_touch: float | None = None
    p_retest_touch: float | None = None
    effective_rows: float | None = None
    reliability: str = ""
    ends_on: str | None = None  # date of its last session, where a calendar knows it
    sessions_per_week: int = WEEK  # of the market, from its dates

    def row(self, scenario: str) -> ScenarioRow:
        """The line of one scenario."""
        return next(row for row in self.rows if row.scenario == scenario)

    @property
    def available(self) -> bool:
        """False before the first fold, where no forecast exists."""
        return all(row.probability is not None for row in self.rows)

    @property
    def whole_percents(self) -> dict[str, int] | None:
        """Whole percents that sum to 100, by scenario."""
        return _whole({row.scenario: row.probability for row in self.rows})

    @property
    def baselines(self) -> list[str]:
        """Baselines that have a forecast here, in reading order."""
        return [
            name
            for name in in_reading_order()
            if any(row.baselines.get(name) is not None for row in self.rows)
        ]

    def baseline_percents(self, baseline: str) -> dict[str, int] | None:
        """Whole percents of one baseline; None where it is missing."""
        return _whole({row.scenario: row.baselines.get(baseline) for row in self.rows})

    @property
    def most_likely(self) -> ScenarioRow | None:
        """The line with the highest probability."""
        known = [row for row in self.rows if row.probability is not None]
        return max(known, key=lambda row: row.probability or 0.0) if known else None


@dataclass(frozen=True, slots=True)
class LevelLine:
    """One level to watch.  ``touch_probability`` maps a horizon in sessions (as text) to a probability."""

    level_id: int
    name: str
    kind: str
    side: str
    role: str
    low: float
    high: float
    distance_percent: float | None
    distance_atr: float | None
    distance_sigma: float | None
    touches: int
    age_sessions: int
    strength: float | None
    role_history: str
    touch_probability: dict[str, float | None] = field(default_factory=dict)

    @property
    def is_average(self) -> bool:
        """True for a moving average: a price for each date, without an age."""
        return self.kind.startswith("moving_average")


def in_sight(lines: Sequence[LevelLine], limit: int | None) -> list[LevelLine]:
    """The nearest ``limit`` lines of one side (all if None); edges of the setup and averages are in it however far away."""
    return [
        line
        for rank, line in enumerate(lines)
        if limit is None or rank < limit or line.is_average or line.role not in ("resistance", "support")
    ]


@dataclass(frozen=True, slots=True)
class Analogue:
    """A past date whose reading was near, and what followed (horizon in sessions, as text: scenario)."""

    date: str
    distance: float | None
    outcomes: dict[str, str | None]
    reading: str = ""


def _whole(probabilities: Mapping[str, float | None]) -> dict[str, int] | None:
    known = {name: p for name, p in probabilities.items() if p is not None}
    if len(known) != len(SCENARIOS):
        return None
    return dict(zip(known, whole_percents(list(known.values())), strict=True))
