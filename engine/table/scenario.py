"""The scenario table of one instrument and one close: what the product exists to fill in.

A :class:`Scenario` is a value: everything the terminal, the brief, the page and ``scenario.json`` show about
one date, with raw probabilities.  Whole percents are made where it is displayed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.table import words
from engine.table.around.ahead import Ahead
from engine.table.around.fundamentals import Fact
from engine.table.pieces import (
    Analogue,
    Bias,
    HorizonTable,
    LevelLine,
    ScenarioRow,
    SetupEdge,
    SetupEdges,
)
from engine.table.story.change import Change
from engine.table.story.past import NO_PAST, Past

__all__ = [
    "Analogue",
    "Bias",
    "HorizonTable",
    "LevelLine",
    "Scenario",
    "ScenarioRow",
    "SetupEdge",
    "SetupEdges",
]


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenario table of one instrument after the close of one session."""

    instrument: str
    name: str
    as_of: str
    close: float
    price_decimals: int
    bias: Bias
    setup: SetupEdges | None
    horizons: tuple[HorizonTable, ...]
    resistance: tuple[LevelLine, ...]
    support: tuple[LevelLine, ...]
    analogues: tuple[Analogue, ...]
    facts: dict[str, float | None]
    # around the chart, where the config names any: figures as published, realised volatility a year in percent, what is ahead
    fundamentals: tuple[Fact, ...] | None = None
    realised_volatility: float | None = None
    ahead: Ahead | None = None
    past: Past = NO_PAST
    change: Change | None = None

    @property
    def full_name(self) -> str:
        """The name, with the symbol behind it where the two differ."""
        return self.name if self.name == self.instrument else f"{self.name} ({self.instrument})"

    @property
    def longest(self) -> HorizonTable | None:
        """The table of the longest horizon."""
        return self.horizons[-1] if self.horizons else None

    @property
    def levels(self) -> tuple[LevelLine, ...]:
        """Resistance then support, each nearest first."""
        return self.resistance + self.support

    def price(self, value: Any) -> str:
        """A price in this instrument's decimals."""
        return words.price(value, self.price_decimals)

    def zone(self, low: Any, high: Any) -> str:
        """A price zone in this instrument's decimals."""
        return words.zone(low, high, self.price_decimals)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able data with raw floats; :meth:`from_dict` gives an equal value."""
        data = dataclasses.asdict(self)
        for name in ("fundamentals", "realised_volatility", "ahead"):
            if data[name] is None:  # nothing was configured: absent, not empty
                del data[name]
        return json.loads(json.dumps(data, allow_nan=False))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scenario:
        """The value that :meth:`to_dict` was made from."""
        setup = data.get("setup")
        return cls(
            instrument=data["instrument"],
            name=data.get("name") or data["instrument"],  # folders of version 0.1.0 have no names
            as_of=data["as_of"],
            close=data["close"],
            price_decimals=data["price_decimals"],
            bias=Bias(**data["bias"]),
            setup=None
            if setup is None
            else SetupEdges(**{name: SetupEdge(**edge) for name, edge in setup.items()}),
            horizons=tuple(
                HorizonTable(**{**table, "rows": tuple(ScenarioRow.of(row) for row in table["rows"])})
                for table in data["horizons"]
            ),
            resistance=tuple(LevelLine(**line) for line in data["resistance"]),
            support=tuple(LevelLine(**line) for line in data["support"]),
            analogues=tuple(Analogue(**line) for line in data["analogues"]),
            facts=dict(data["facts"]),
            fundamentals=None
            if data.get("fundamentals") is None
            else tuple(Fact(**item) for item in data["fundamentals"]),
            realised_volatility=data.get("realised_volatility"),
            ahead=None if data.get("ahead") is None else Ahead.from_dict(data["ahead"]),
            past=Past.of(data.get("past") or {}),
            change=Change.of(data["change"]) if data.get("change") else None,
        )

    def _repr_html_(self) -> str:
        from engine.table.notebook import scenario_html

        return scenario_html(self)
