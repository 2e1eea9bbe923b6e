"""What a config says about the defects of its bars: corrections, and findings that are accepted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from engine.config.instruments import Day
from engine.config.section import Section


class Correction(Section):
    """One recorded correction of a source: a session is skipped, a cell is set, or one of two rows is kept."""

    symbol: str | None = Field(None, description="of the instrument (null: the only one)")
    date: Day
    skip: bool = Field(False, description="leave the session out")
    column: Literal["open", "high", "low", "close", "volume"] | None = Field(
        None, description="the cell that is set to value"
    )
    value: float | None = Field(None, ge=0)
    keep: Literal["first", "last"] | None = Field(None, description="of rows with the same date")
    reason: str = Field(min_length=1, max_length=300, description="why, and how it is known")

    @model_validator(mode="after")
    def _one_thing(self) -> Correction:
        if (self.column is None) != (self.value is None):
            raise ValueError("column and value belong together")
        if self.value == 0 and self.column != "volume":
            raise ValueError("a price is above 0")
        if sum((self.skip, self.column is not None, self.keep is not None)) != 1:
            raise ValueError("say one of: skip: true, column and value, keep: first or last")
        return self

    def what(self) -> str:
        """In words."""
        if self.skip:
            return "session skipped"
        return f"{self.keep} row kept" if self.keep else f"{self.column} set to {self.value:g}"


class Acceptance(Section):
    """One finding about the bars that does not stop a replay, and why."""

    finding: str = Field(
        pattern=r"^(bars|context|events)\.[a-z_]+$", description="its code, as `engine check` prints it"
    )
    symbol: str | None = Field(None, description="of the instrument (null: any)")
    date: Day | None = Field(None, description="a session it is about (null: any)")
    reason: str = Field("", max_length=300, description="why it is no defect, or does no harm")
