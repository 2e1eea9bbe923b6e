"""Every setting of a backtest, typed, frozen and documented; unknown keys are refused.

One YAML file is one :class:`Config`.  Dumping it (``config.yaml`` in the run folder) gives every default
that was in force, so the dump is the provenance of a run.  Field descriptions feed ``engine schema`` and
``engine init``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from engine.config.choices import CALIBRATORS, MODELS, SETUP_RULES, OneOf
from engine.config.corrections import Acceptance, Correction
from engine.config.events import EventsConfig
from engine.config.instruments import ContextConfig, Day, Instrument
from engine.config.plugins import PluginFile
from engine.config.section import Section
from engine.config.trading import BacktestConfig
from engine.config.tuning import TuneConfig


# what a config leaves out when it is written down, so that a new key moves no hash of a config without it
def _is_none(value: object) -> bool:
    return value is None


def _is_stop(value: object) -> bool:
    return value == "stop"


def _is_empty(value: object) -> bool:
    return value == ()


def _is_levels(value: object) -> bool:
    return value == "levels"


class ReplayConfig(Section):
    """Which sessions of the source are used."""

    start: Day | None = Field(None, description="first session used (null: the first there is)")
    end: Day | None = Field(None, description="last session used (null: the last there is)")

    @model_validator(mode="after")
    def _ordered(self) -> ReplayConfig:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        return self


class RulesConfig(Section):
    """Level kinds and momentum thresholds.  Distances are in ATR(14) unless a unit is named."""

    # levels: how zones are drawn
    pivot_bars: int = Field(5, ge=1, le=50, description="k: a swing pivot is confirmed k bars later")
    zone_width_atr: float = Field(0.25, gt=0, le=2, description="height of a zone drawn at one price")
    merge_distance_atr: float = Field(0.1, ge=0, le=2, description="zones closer than this merge")
    max_zone_atr: float = Field(0.6, gt=0, le=5, description="no merge makes a zone taller than this")
    all_time_high_width_atr: float = Field(0.3, gt=0, le=3, description="height of the all-time-high region")
    range_sessions: int = Field(126, ge=20, le=756, description="window of the multi-month range")
    range_confirm_sessions: int = Field(10, ge=1, le=60, description="sessions a range extreme must stand")
    impulse_atr: float = Field(
        3.0, gt=0.5, le=10, description="m: move that makes its base a supply or demand zone"
    )
    impulse_sessions: int = Field(10, ge=2, le=60, description="sessions the impulse may take")
    base_sessions: int = Field(4, ge=1, le=20, description="longest base of a supply or demand zone")
    base_height_atr: float = Field(1.0, gt=0, le=3, description="tallest base of a supply or demand zone")
    shelf_sessions: int = Field(
        63, ge=10, le=252, description="window in which a shelf's turning points cluster"
    )
    shelf_width_atr: float = Field(0.75, gt=0, le=3, description="band in which they lie")
    shelf_min_touches: int = Field(3, ge=2, le=10, description="turning points that make a shelf")
    shelf_pivot_bars: int = Field(2, ge=1, le=20, description="bars on each side of a minor pivot")
    shelf_separation_sessions: int = Field(3, ge=1, le=20, description="closer turning points count once")
    # levels: what happens to them
    touch_tolerance_atr: float = Field(0.1, ge=0, le=1, description="a bar this near a zone touches it")
    rejection_atr: float = Field(1.0, gt=0, le=5, description="close this far off after a touch: a rejection")
    visit_sessions: int = Field(
        10, ge=1, le=60, description="a touch without rejection is forgotten after this"
    )
    break_margin_atr: float = Field(0.25, ge=0, le=2, description="a close this far beyond breaks a level")
    max_breaks: int = Field(4, ge=1, le=20, description="breaks after which a level is broken for good")
    broken_level_sessions: int = Field(
        252, ge=5, le=2520, description="broken and not retested for this long: for good"
    )
    max_level_age_sessions: int = Field(
        1260, ge=20, le=5040, description="sessions without an event that retire a level"
    )
    # momentum
    rsi_oversold: float = Field(30.0, gt=0, lt=50)
    rsi_overbought: float = Field(70.0, gt=50, lt=100)
    rsi_bull: float = Field(50.0, gt=30, lt=70, description="RSI above this counts as bullish")
    slope_sessions: int = Field(20, ge=2, le=100, description="sessions over which a mean's slope is taken")
    slope_flat_atr: float = Field(
        0.25, ge=0, le=5, description="slope of less than this is flat (ATR per slope window)"
    )
    mean_touch_atr: float = Field(0.25, ge=0, le=2, description="a bar this near the 50-day has tested it")
    bias_votes: int = Field(3, ge=1, le=6, description="net votes of six from which the bias has a side")

    @model_validator(mode="after")
    def _bands(self) -> RulesConfig:
        if not self.rsi_oversold < self.rsi_bull < self.rsi_overbought:
            raise ValueError("rsi_oversold < rsi_bull < rsi_overbought does not hold")
        return self


# fields of RulesConfig that feed the forecast and leave levels, setup and outcome, so the question, alone
MOMENTUM_RULES = (
    "rsi_oversold",
    "rsi_overbought",
    "rsi_bull",
    "slope_sessions",
    "slope_flat_atr",
    "mean_touch_atr",
    "bias_votes",
)


class SetupConfig(Section):
    """How floor, ceiling, target and retest are chosen from the level book.

    In the reference analysis (a close of 2,487, ATR 50) the target and the floor both lie a little more than 1.4 ATR
    away, which is where the defaults of ``min_target_atr`` and ``min_floor_atr`` come from.
    """

    rule: Annotated[str, OneOf(SETUP_RULES)] = Field(
        "levels", exclude_if=_is_levels, description="how the edges are chosen; a plugin may bring another"
    )
    min_target_atr: float = Field(1.4, gt=0, le=10, description="target at least this far above the close")
    min_floor_atr: float = Field(1.4, gt=0, le=10, description="floor at least this far below the close")
    min_ceiling_atr: float = Field(0.25, ge=0, le=5, description="ceiling at least this far above the close")
    min_retest_atr: float = Field(0.5, gt=0, le=5, description="retest at least this far below the floor")
    max_atr: float = Field(
        5.0, gt=0, le=20, description="levels farther than this are not used; projected instead"
    )
    strong_strength: float = Field(
        0.3, ge=0, le=1, description="strength from which any level may be floor or target"
    )
    target_projection_atr: float = Field(2.5, gt=0, le=20, description="projected target above the close")
    floor_projection_atr: float = Field(2.5, gt=0, le=20, description="projected floor below the close")
    ceiling_projection_atr: float = Field(1.0, gt=0, le=20, description="projected ceiling above the close")
    retest_projection_atr: float = Field(1.0, gt=0, le=20, description="projected retest below the floor")
    near_atr: float = Field(
        0.7,
        gt=0,
        le=10,
        description="a major zone nearer than min_target_atr (min_floor_atr), but this far, is taken before a projection",
    )
    # how long a question stands
    memory: bool = Field(
        True, description="on: edges stay while they are sound; off: chosen anew at each close"
    )
    keep_atr: float = Field(1.0, ge=0, le=10, description="an edge stays up to max_atr and this much more")
    keep_sessions: int = Field(
        63, ge=1, le=756, description="after so many sessions the question is asked anew"
    )
    keep_strength: float = Field(0.1, ge=0, le=1, description="an edge may lose this much of strong_strength")
    switch_atr: float = Field(
        4.0, gt=0, le=20, description="a level this much nearer takes the place of an edge of equal strength"
    )
    switch_strength: float = Field(
        1.0, gt=0, le=1, description="a level this much stronger takes the place of an edge at equal distance"
    )

    @model_validator(mode="after")
    def _reach(self) -> SetupConfig:
        for name in ("min_target_atr", "min_floor_atr", "near_atr"):
            if getattr(self, name) >= self.max_atr:
                raise ValueError(f"{name} must be below max_atr ({self.max_atr})")
        return self


class OutcomeConfig(Section):
    """The question that the forecast answers."""

    rule: Literal["target", "band", "terminal"] = "target"
    floor_break: Literal["close", "touch"] = "close"
    tie: Literal["breakdown", "continuation"] = Field(
        "breakdown", description="a bar that reaches both (floor_break: touch only)"
    )


class AnalystTable(Section):
    """A fixed table to be judged beside the forecasts (reference analysis: 50/35/15)."""

    continuation: float = Field(ge=0, le=1)
    range: float = Field(ge=0, le=1)
    breakdown: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _sums(self) -> AnalystTable:
        total = self.continuation + self.range + self.breakdown
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"the three probabilities sum to {total:g}, not 1")
        return self


class ForecastConfig(Section):
    """Baselines, classifier, calibrator and walk-forward."""

    model: Annotated[str, OneOf(MODELS)] = "width"
    models: tuple[Annotated[str, OneOf(MODELS)], ...] = Field(
        (),
        description="challengers: fitted in the same folds and scored beside the model, never in its place",
    )
    calibrator: Annotated[str, OneOf(CALIBRATORS)] = "temperature"
    force_calibrator: bool = Field(
        False, description="use isotonic or venn_abers below 2,000 independent rows"
    )
    online_recalibration: bool = Field(False, description="drift correction from outcomes resolved by t")
    pooling: Literal["none", "family", "all"] = "family"
    window: Literal["expanding", "rolling"] = "expanding"
    rolling_sessions: int = Field(2520, ge=504, description="length of a rolling training window")
    min_train_sessions: int = Field(1260, ge=252)
    refit_sessions: int = Field(63, ge=5, le=504)
    paths: int = Field(1000, ge=100, le=100_000, description="simulated paths of filtered_history per date")
    interval_draws: int = Field(
        40, ge=0, le=1000, description="block-bootstrap refits behind each probability's interval"
    )
    analyst: AnalystTable | None = None
    variance_inputs: tuple[str, ...] = Field(
        (),
        description="context series of implied volatilities that the baseline implied_history may use",
    )

    @model_validator(mode="after")
    def _challengers_differ(self) -> ForecastConfig:
        if self.model in self.models or len(set(self.models)) < len(self.models):
            raise ValueError("models: each challenger once, and none of them the model itself")
        return self


class VerifyConfig(Section):
    """Scores and tests."""

    bootstrap_draws: int = Field(1000, ge=100, le=100_000)
    null_draws: int = Field(
        999, ge=99, le=99_999, description="raised to 60 per horizon, with fewer no test could reject"
    )
    interval: float = Field(0.90, gt=0.5, lt=1, description="coverage of every interval shown")
    ece_bins: int = Field(10, ge=2, le=50)
    placebo: bool = Field(True, description="run the placebo of random levels at equal distance")


class Config(Section):
    """One backtest."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
    instruments: tuple[Instrument, ...] = Field(
        min_length=1,
        description="a list, {files: PATTERN, family: F}, or {table: FILE} with symbol, path, family, name, first_date "
        "and last_date",
    )
    on_error: Literal["stop", "skip"] = Field(
        "stop",
        exclude_if=_is_stop,
        description="an instrument that cannot be read: stop, or leave it out and say so",
    )
    corrections: tuple[Correction, ...] = Field(
        (),
        description="dated corrections of the sources, applied after reading; listed in manifest and report",
    )
    accept: tuple[Acceptance, ...] = Field(
        (), description="findings about the bars that do not stop a replay, with the reason"
    )
    context: tuple[ContextConfig, ...] = Field(
        (),
        description="series published elsewhere: name, path, column, role, publication_lag_sessions or released",
    )
    plugins: tuple[PluginFile, ...] = Field(
        (),
        exclude_if=_is_empty,
        description="Python files that add level kinds, features, setups, baselines and models",
    )
    events: EventsConfig | None = Field(
        None,
        exclude_if=_is_none,
        description="a calendar of releases: path, date_column, event_column, announced, withdrawn, unscheduled",
    )
    replay: ReplayConfig = ReplayConfig()
    rules: RulesConfig = RulesConfig()
    setup: SetupConfig = SetupConfig()
    outcome: OutcomeConfig = OutcomeConfig()
    horizons: tuple[Annotated[int, Field(ge=1, le=63)], ...] = Field((10, 15), min_length=1)
    forecast: ForecastConfig = ForecastConfig()
    verify: VerifyConfig = VerifyConfig()
    backtest: BacktestConfig = BacktestConfig()
    tune: TuneConfig = TuneConfig()
    seed: int = Field(7, ge=0, lt=2**32)

    @field_validator("instruments")
    @classmethod
    def _unique_symbols(cls, value: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
        seen: set[str] = set()
        for instrument in value:
            if instrument.symbol in seen:
                raise ValueError(f"symbol {instrument.symbol!r} appears twice")
            seen.add(instrument.symbol)
        return value

    @field_validator("horizons")
    @classmethod
    def _ascending_horizons(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("horizons must be ascending and distinct")
        return value

    @model_validator(mode="after")
    def _exceptions_name_instruments(self) -> Config:
        symbols = [item.symbol for item in self.instruments]
        named = [(f"corrections[{i}]", item.symbol) for i, item in enumerate(self.corrections)]
        for place, symbol in named + [(f"accept[{i}]", item.symbol) for i, item in enumerate(self.accept)]:
            if symbol is not None and symbol not in symbols:
                raise ValueError(f"{place}.symbol {symbol!r} is none of {', '.join(symbols)}")
            if symbol is None and place.startswith("corrections") and len(symbols) > 1:
                raise ValueError(f"{place} needs a symbol, one of {', '.join(symbols)}")
        return self

    @model_validator(mode="after")
    def _variance_inputs_are_context(self) -> Config:
        names = [item.name for item in self.context]
        for name in self.forecast.variance_inputs:
            if name not in names:
                raise ValueError(
                    f"forecast.variance_inputs: {name!r} is no series under context"
                    + (f" ({', '.join(names)})" if names else "")
                )
        if len(set(self.forecast.variance_inputs)) != len(self.forecast.variance_inputs):
            raise ValueError("forecast.variance_inputs names a series twice")
        return self

    @model_validator(mode="after")
    def _traded_horizon(self) -> Config:
        traded = self.backtest.horizon_sessions
        if traded is not None and traded not in self.horizons:
            raise ValueError(
                f"backtest.horizon_sessions {traded} is not one of horizons {list(self.horizons)}"
            )
        return self

    @model_validator(mode="after")
    def _shorts_can_be_had(self) -> Config:
        if self.backtest.sides == "short":
            for item in self.instruments:
                if item.trading is not None and item.trading.long_only:
                    raise ValueError(
                        f"backtest.sides is short, but {item.symbol} is marked trading.long_only: trade it long or both"
                    )
        return self
