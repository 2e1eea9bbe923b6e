"""The section ``tune``: what a search may move, who proposes, who stops, and the holdout it never sees."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from engine.config.choices import PRUNERS, SAMPLERS, OneOf
from engine.config.section import Section


class DimensionConfig(Section):
    """One dimension of a search, written out: a range, or choices."""

    low: float | int | None = None
    high: float | int | None = None
    step: float | int | None = Field(None, description="search in steps from low (null: anything in between)")
    log: bool = Field(False, description="equal ratios are equally near")
    choices: tuple[Any, ...] = ()

    @model_validator(mode="after")
    def _range_or_choices(self) -> DimensionConfig:
        ends = (self.low is not None) + (self.high is not None)
        if bool(self.choices) == (ends == 2) or ends == 1:
            raise ValueError("give low and high, or choices")
        if self.choices and (self.log or self.step is not None):
            raise ValueError("log and step are of a range, not of choices")
        if self.log and self.step is not None:
            raise ValueError("a range has steps or is log, not both")
        return self


class TuneConfig(Section):
    """What a search may move, and the holdout it never sees."""

    group: Literal["model", "decision", "event"] = "model"
    unlock_events: bool = Field(False, description="allow trials that change the question itself")
    holdout_sessions: int = Field(504, ge=0, description="last sessions, never seen by tuning")
    sampler: Annotated[str, OneOf(SAMPLERS)] = Field(
        "tpe", description="who proposes the settings of a trial"
    )
    pruner: Annotated[str, OneOf(PRUNERS)] = Field(
        "none", description="who stops a trial that does badly on the first folds of the walk-forward"
    )
    constraints: dict[str, float] = Field(
        default_factory=dict,
        description="least value of a trial's own figures, for example {trades: 30}; a trial below it never wins",
    )
    batch: int = Field(4, ge=1, le=64, description="trials asked for at once; independent of --workers")
    paths: int = Field(200, ge=100, le=100_000, description="simulated paths per date in a trial, for speed")
    refit_sessions: int = Field(
        252, ge=5, le=504, description="sessions between refits in a trial, for speed (the longer of the two)"
    )
    null_draws: int = Field(
        0,
        ge=0,
        le=999,
        description="histories drawn from filtered_history on which the whole search is repeated: how good its best "
        "trial looks by luck (model and event group; each costs as much as the search)",
    )
    risk_aversion: float = Field(
        3.0, ge=0, le=100, description="of the certainty equivalent that decision trials maximise"
    )
    space: dict[str, DimensionConfig | list[Any]] = Field(
        default_factory=dict,
        description="config path -> [low, high], a list of choices, or {low, high, step, log} or {choices}; "
        "empty: the group's default space",
    )
