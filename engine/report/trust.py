"""What verification found, as values: the only reader of the metrics' layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.forecast.baselines import in_reading_order
from engine.table import words
from engine.verify.calibration.power import LEVEL


@dataclass(frozen=True, slots=True)
class SkillLine:
    """Log-loss skill of the model over one baseline: 1 - loss / loss of the baseline, with its interval."""

    baseline: str
    skill: float | None
    low: float | None
    high: float | None
    p_value: float | None
    others: Mapping[str, tuple[float | None, float | None, float | None]] = field(default_factory=dict)

    def by(self, score: str) -> tuple[float | None, float | None, float | None]:
        """Skill, low and high by ``log_loss``, ``brier`` or ``rps``."""
        own = (self.skill, self.low, self.high)
        return own if score == "log_loss" else self.others.get(score, (None, None, None))

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``undecided`` or ``unknown``, by the interval alone."""
        if self.skill is None or self.low is None or self.high is None:
            return "unknown"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "undecided"


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """Calibration of one class's probability: ``figures`` as verification names them, floors included."""

    scenario: str
    figures: Mapping[str, float | None]
    power: float | None

    def get(self, name: str) -> float | None:
        """One figure; None where it is absent or null."""
        return self.figures.get(name)

    @property
    def rejected(self) -> bool | None:
        """Whether the overlap-aware test rejects calibration at 5 % after Holm's correction."""
        corrected = self.get("mcb_p_holm")
        return None if corrected is None else corrected <= LEVEL


@dataclass(frozen=True, slots=True)
class Regime:
    """Skill within one group of dates (a volatility tercile, a trend, a year, an instrument)."""

    grouping: str
    group: str
    effective_rows: float | None
    log_loss: float | None
    skill: dict[str, SkillLine]


@dataclass(frozen=True, slots=True)
class HorizonTrust:
    """What verification found at one horizon."""

    horizon_sessions: int
    rows: float | None
    effective_rows: float | None
    base_rates: dict[str, float | None]
    scores: dict[str, dict[str, float | None]]
    skill: tuple[SkillLine, ...]
    calibration: tuple[CalibrationLine, ...]
    power: float | None
    verdict: str
    regimes: tuple[Regime, ...]

    def against(self, baseline: str) -> SkillLine | None:
        """The skill line of one baseline."""
        return next((line for line in self.skill if line.baseline == baseline), None)


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything the report says about reliability, ready to be worded or drawn.

    ``projected`` maps each edge of the setup to the share of dates on which it is no level but projected from ATR,
    ``projected_by_instrument`` each instrument to the same.  ``calibration_test`` is the joint test of all horizons as
    the metrics hold it; empty in runs made before there was one.  ``scoreboard`` is empty where the run holds one model.
    """

    horizons: tuple[HorizonTrust, ...] = ()
    interval: float = 0.90
    projected: dict[str, float] = field(default_factory=dict)
    projected_by_instrument: dict[str, dict[str, float]] = field(default_factory=dict)
    calibration_test: dict[str, Any] = field(default_factory=dict)
    placebo: dict[str, Any] = field(default_factory=dict)
    scoreboard: dict[str, Any] = field(default_factory=dict)
    backtest: dict[str, Any] = field(default_factory=dict)
    null_draws: float | None = None
    context: dict[int, SkillLine] = field(
        default_factory=dict
    )  # horizon -> over the same table without context

    @property
    def longest(self) -> HorizonTrust | None:
        """The longest horizon."""
        return self.horizons[-1] if self.horizons else None


def read_metrics(metrics: Mapping[str, Any] | None, interval: float = 0.90) -> Trust:
    """The metrics dictionary as :class:`Trust`; whatever is absent or null stays empty.

    ``interval`` is the coverage of intervals where the metrics do not name it.
    """
    if not metrics:
        return Trust(interval=interval)
    interval = words.number(metrics.get("interval_coverage")) or interval
    horizons = []
    for key, block in sorted(_mapping(metrics.get("horizons")).items(), key=lambda item: int(item[0])):
        horizons.append(_horizon(int(key), _mapping(block)))
    projected = _mapping(metrics.get("projected_share"))
    return Trust(
        horizons=tuple(horizons),
        interval=interval,
        projected=_shares(projected.get("all")),
        projected_by_instrument={
            symbol: _shares(shares) for symbol, shares in _mapping(projected.get("by_instrument")).items()
        },
        calibration_test=dict(_mapping(metrics.get("calibration_test"))),
        placebo=dict(_mapping(metrics.get("placebo"))),
        scoreboard=dict(_mapping(metrics.get("scoreboard"))),
        backtest=dict(_mapping(metrics.get("backtest"))),
        null_draws=words.number(metrics.get("null_draws")),
        context={
            int(horizon): _skill_line("without_context", _mapping(line))
            for horizon, line in _mapping(metrics.get("context")).items()
        },
    )


def _horizon(horizon: int, block: Mapping[str, Any]) -> HorizonTrust:
    skill = _mapping(block.get("skill"))
    calibration = _mapping(block.get("calibration"))
    # the share of forecasts 25 % too confident that the test notices: over all classes, and by class
    noticed = _mapping(_mapping(block.get("power")).get("overconfidence_25"))
    order = list(dict.fromkeys([*in_reading_order(), *skill]))
    return HorizonTrust(
        horizon_sessions=horizon,
        rows=words.number(block.get("rows")),
        effective_rows=words.number(block.get("effective_rows")),
        base_rates={name: words.number(value) for name, value in _mapping(block.get("base_rates")).items()},
        scores={
            name: {score: words.number(value) for score, value in _mapping(scores).items()}
            for name, scores in _mapping(block.get("scores")).items()
        },
        skill=tuple(_skill_line(name, _mapping(skill[name])) for name in order if name in skill),
        calibration=tuple(
            CalibrationLine(
                scenario=name,
                figures={key: words.number(value) for key, value in _mapping(calibration[name]).items()},
                power=words.number(noticed.get(name)),
            )
            for name in words.DISPLAY_ORDER
            if name in calibration
        ),
        power=words.number(noticed.get("any")),
        verdict=str(block.get("verdict") or ""),
        regimes=tuple(_regime(item) for item in block.get("regimes") or () if isinstance(item, Mapping)),
    )


def _regime(item: Mapping[str, Any]) -> Regime:
    skill = _mapping(item.get("skill"))
    return Regime(
        grouping=str(item.get("grouping", "")),
        group=str(item.get("group", "")),
        effective_rows=words.number(item.get("effective_rows")),
        log_loss=words.number(_mapping(_mapping(item.get("scores")).get("model")).get("log_loss_nats")),
        skill={name: _skill_line(name, _mapping(line)) for name, line in skill.items()},
    )


def _skill_line(baseline: str, line: Mapping[str, Any]) -> SkillLine:
    return SkillLine(
        baseline=baseline,
        skill=words.number(line.get("log_loss_skill")),
        low=words.number(line.get("low")),
        high=words.number(line.get("high")),
        p_value=words.number(line.get("dm_p_value")),
        others={
            score: (
                words.number(line.get(f"{score}_skill")),
                words.number(line.get(f"{score}_skill_low")),
                words.number(line.get(f"{score}_skill_high")),
            )
            for score in ("brier", "rps")
        },
    )


def _shares(value: Any) -> dict[str, float]:
    found = {edge: words.number(share) for edge, share in _mapping(value).items()}
    return {edge: share for edge, share in found.items() if share is not None}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def member_sentences(metrics: Mapping[str, Any] | None) -> list[str]:
    """In how many instruments the rules add something, a sentence for each horizon; none for one instrument."""
    horizons = (metrics or {}).get("horizons", {})
    return [
        f"{horizon} sessions: {entry['members']['sentence']}"
        for horizon, entry in horizons.items()
        if "members" in entry
    ]
