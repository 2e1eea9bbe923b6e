"""How forecasts are traded: the config's ``backtest`` section, and what is particular to one instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.config.choices import ENTRY_RULES, SIZINGS, OneOf
from engine.config.section import Section


class BacktestConfig(Section):
    """How forecasts are traded."""

    # when to enter, and on which side
    entry: Annotated[str, OneOf(ENTRY_RULES)] = Field(
        "probability", description="what is compared with the threshold of its own key below"
    )
    entry_threshold: float = Field(
        0.5, gt=0, lt=1, description="probability: enter when the scenario is given at least this"
    )
    entry_edge_bps: float = Field(
        0.0,
        ge=-10_000,
        le=10_000,
        description="expected_value: enter when it is above this after costs, basis points",
    )
    entry_lower_bound: bool = Field(
        False, description="expected_value: its lower bound, not its middle, has to be above that"
    )
    entry_lead: float = Field(
        0.02,
        gt=-1,
        lt=1,
        description="over_filtered_history: enter when the forecast is above filtered history by this",
    )
    sides: Literal["long", "short", "both"] = Field(
        "long", description="short trades the breakdown: it gains at the floor and is stopped at the target"
    )
    horizon_sessions: int | None = Field(None, description="which horizon is traded (null: the longest)")
    exit_on_turn: bool = Field(
        False, description="also leave when a later table holds the other side to be the more likely one"
    )
    # how much
    sizing: Annotated[str, OneOf(SIZINGS)] = "fixed_fraction"
    fraction: float = Field(
        1.0, gt=0, le=10, description="fixed_fraction: this much of the account goes into a trade"
    )
    volatility_target_percent: float = Field(
        15.0, gt=0, le=200, description="volatility_target: yearly volatility of a position, % of the account"
    )
    kelly_fraction: float = Field(0.5, gt=0, le=1, description="kelly: share of the full Kelly fraction")
    max_fraction: float = Field(
        1.0, gt=0, le=10, description="volatility_target and kelly: no trade is larger than this"
    )
    max_leverage: float = Field(
        1.0, gt=0, le=10, description="positions together are worth at most this many times the account"
    )
    positions: Literal["one", "tranches"] = Field(
        "one", description="one at a time in an instrument, or a tranche of 1/horizon at every signal"
    )
    cash: Literal["separate", "shared"] = Field(
        "separate", description="an equal share of the cash for each instrument, or one account for all"
    )
    instrument_cap: float | None = Field(
        None, gt=0, le=10, description="an instrument's positions, as a share of the account (null: no cap)"
    )
    family_cap: float | None = Field(
        None, gt=0, le=10, description="a family's positions, as a share of the account (null: no cap)"
    )
    # costs of every instrument that names none of its own under `trading`
    fee_bps: float = Field(1.0, ge=0, le=1000, description="basis points per side")
    slippage_bps: float = Field(1.0, ge=0, le=1000, description="basis points per side")
    funding_percent: float = Field(
        0.0, ge=-100, le=1000, description="a year, of a long position's value; paid for each session held"
    )
    borrow_percent: float = Field(0.0, ge=-100, le=1000, description="the same of a short position")
    # comparisons
    random_entries: int = Field(200, ge=0, le=10_000, description="draws of the random-entry comparison")
    curve_draws: int = Field(
        200, ge=0, le=10_000, description="draws behind the bands of the threshold curve (0: no curve)"
    )
    initial_cash: float = Field(100_000.0, gt=0)
    trials: int = Field(
        1,
        ge=1,
        description="settings tried before these were chosen; written by tune, deflates the Sharpe ratio",
    )
    trials_sharpe_variance: float | None = Field(
        None,
        ge=0,
        description="variance over those trials of their Sharpe ratio per session (null: not known)",
    )

    @model_validator(mode="after")
    def _within_the_leverage(self) -> BacktestConfig:
        named = ("fraction",) if self.sizing == "fixed_fraction" else ("max_fraction",)
        for name in (*named, "instrument_cap", "family_cap"):
            value = getattr(self, name)
            if value is not None and value > self.max_leverage:
                raise ValueError(
                    f"{name} {value:g} is above max_leverage ({self.max_leverage:g}): lower it, or allow more leverage"
                )
        return self


class Dividends(Section):
    """A file of cash dividends: one row per ex-date."""

    path: Path = Field(description="CSV with a date and an amount per unit of the instrument")
    date_column: str = "date"
    column: str = "amount"


class InstrumentTrading(Section):
    """What trading one instrument costs, where it differs from the ``backtest`` section."""

    fee_bps: float | None = Field(None, ge=0, le=1000, description="basis points per side")
    slippage_bps: float | None = Field(None, ge=0, le=1000, description="basis points per side")
    funding_percent: float | None = Field(None, ge=-100, le=1000, description="a year, of a long position")
    borrow_percent: float | None = Field(None, ge=-100, le=1000, description="a year, of a short position")
    long_only: bool = Field(False, description="no short position can be had")
    dividends: Dividends | None = Field(
        None, description="paid to a long position held over an ex-date, by a short one"
    )
