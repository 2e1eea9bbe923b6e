"""The calendar of releases, as a config writes it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from engine.config.section import Section


class EventsConfig(Section):
    """A table of dated events, and when each date was known."""

    path: Path = Field(description="CSV with a day and a kind of event in each row")
    date_column: str = "date"
    event_column: str = "event"
    announced: str | None = Field(
        None, description="column with the day on which the date was announced; an empty cell: long before"
    )
    withdrawn: str | None = Field(
        None, description="column with the day from which the date was no longer meant; an empty cell: never"
    )
    unscheduled: tuple[str, ...] = Field(
        ("fomc_intermeeting",), description="kinds that stand in no calendar: known on their own day only"
    )
    period_column: str = Field(
        "ref_period", description="month a release is about (December 1999), where there is such a column"
    )
