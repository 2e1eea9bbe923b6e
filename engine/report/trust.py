"""How far the table can be trusted, in sentences: the only reader of the metrics' layout.

The wording keeps three rules.  A test that does not reject says "not distinguishable from", never "is".
Every statement names its sample in independent windows and its interval.  Skill is stated against
filtered_history first, because a table that only knows distance and volatility already beats the base rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.report import words

BASELINE_ORDER = ("filtered_history", "random_walk", "same_reading", "climatology", "analyst")
TOO_GOOD = 0.03


@dataclass(frozen=True, slots=True)
class SkillLine:
    """Log-loss skill of the model over one baseline: 1 - loss / loss of the baseline, with its interval."""

    baseline: str
    skill: float | None
    low: float | None
    high: float | None
    p_value: float | None

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, ``undecided`` or ``unknown``, by the interval alone."""
        if self.skill is None or self.low is None or self.high is None:
            return "unknown"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "undecided"


@dataclass(frozen=True, slots=True)
class CalibrationLine:
    """Calibration of one class's probability, beside what a perfect forecast of the same overlap shows."""

    scenario: str
    ece: float | None
    ece_floor_mean: float | None
    ece_floor_q95: float | None
    mcb: float | None
    mcb_p_holm: float | None
    dsc: float | None
    slope: float | None
    intercept: float | None

    @property
    def rejected(self) -> bool | None:
        """Whether the overlap-aware test rejects calibration at 5 % after Holm's correction."""
        return None if self.mcb_p_holm is None else self.mcb_p_holm < 0.05


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
    power: dict[str, Any]
    regimes: tuple[dict[str, Any], ...]

    def against(self, baseline: str) -> SkillLine | None:
        """The skill line of one baseline."""
        return next((line for line in self.skill if line.baseline == baseline), None)


@dataclass(frozen=True, slots=True)
class CheckGroups:
    """Findings in the four groups a reader looks at."""

    issues: tuple[dict[str, str], ...] = ()
    tips: tuple[dict[str, str], ...] = ()
    passed: tuple[dict[str, str], ...] = ()
    not_applicable: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything the report says about reliability, ready to be worded or drawn."""

    horizons: tuple[HorizonTrust, ...] = ()
    interval: float = 0.90
    placebo: dict[str, Any] = field(default_factory=dict)
    backtest: dict[str, Any] = field(default_factory=dict)

    @property
    def longest(self) -> HorizonTrust | None:
        """The longest horizon."""
        return self.horizons[-1] if self.horizons else None


def read_metrics(metrics: Mapping[str, Any] | None, interval: float = 0.90) -> Trust:
    """The metrics dictionary as :class:`Trust`; whatever is absent or null stays empty."""
    if not metrics:
        return Trust(interval=interval)
    horizons = []
    for key, block in sorted(_mapping(metrics.get("horizons")).items(), key=lambda item: int(item[0])):
        horizons.append(_horizon(int(key), _mapping(block)))
    return Trust(
        horizons=tuple(horizons),
        interval=interval,
        placebo=dict(_mapping(metrics.get("placebo"))),
        backtest=dict(_mapping(metrics.get("backtest"))),
    )


def _horizon(horizon: int, block: Mapping[str, Any]) -> HorizonTrust:
    skill = _mapping(block.get("skill"))
    calibration = _mapping(block.get("calibration"))
    order = [*BASELINE_ORDER, *(name for name in skill if name not in BASELINE_ORDER)]
    return HorizonTrust(
        horizon_sessions=horizon,
        rows=words.number(block.get("rows")),
        effective_rows=words.number(block.get("effective_rows")),
        base_rates={name: words.number(value) for name, value in _mapping(block.get("base_rates")).items()},
        scores={
            name: {score: words.number(value) for score, value in _mapping(scores).items()}
            for name, scores in _mapping(block.get("scores")).items()
        },
        skill=tuple(
            SkillLine(
                baseline=name,
                skill=words.number(_mapping(skill[name]).get("log_loss_skill")),
                low=words.number(_mapping(skill[name]).get("low")),
                high=words.number(_mapping(skill[name]).get("high")),
                p_value=words.number(_mapping(skill[name]).get("dm_p_value")),
            )
            for name in order
            if name in skill
        ),
        calibration=tuple(
            CalibrationLine(
                scenario=name,
                **{
                    key: words.number(_mapping(calibration[name]).get(key))
                    for key in (
                        "ece",
                        "ece_floor_mean",
                        "ece_floor_q95",
                        "mcb",
                        "mcb_p_holm",
                        "dsc",
                        "slope",
                        "intercept",
                    )
                },
            )
            for name in words.DISPLAY_ORDER
            if name in calibration
        ),
        power=dict(_mapping(block.get("power"))),
        regimes=tuple(dict(item) for item in block.get("regimes") or () if isinstance(item, Mapping)),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


# --- sentences ------------------------------------------------------------------------------------


def rules_verdict(trust: Trust) -> str:
    """Whether the rules added anything over filtered_history, in one plain sentence."""
    table = trust.longest
    line = table.against("filtered_history") if table is not None else None
    if table is None or line is None or line.skill is None:
        return "The forecasts have not been verified: there are no scored out-of-sample forecasts."
    horizon = words.plural(table.horizon_sessions, "session")
    figures = f"log-loss skill {words.signed_percent(line.skill)} at {horizon}"
    if line.low is not None and line.high is not None:
        figures += (
            f", {words.percent(trust.interval)} interval "
            f"{words.signed_percent(line.low)} to {words.signed_percent(line.high)}"
        )
    if line.verdict == "better" and line.skill > TOO_GOOD:
        return (
            f"The rules seem to add more over distance and volatility alone than is plausible ({figures}): "
            "look for a leak before believing it."
        )
    return {
        "better": f"The rules added something over distance and volatility alone ({figures}).",
        "worse": f"The rules made the table worse than distance and volatility alone ({figures}): "
        "use the filtered-history column.",
        "undecided": "The rules added nothing over distance and volatility alone that can be told from "
        f"chance ({figures}).",
        "unknown": "Whether the rules added anything over distance and volatility alone is not known "
        f"({figures}, no interval).",
    }[line.verdict]


def base_rate_verdict(trust: Trust) -> str:
    """What the table is worth against the base rate, and why that is the lesser test."""
    table = trust.longest
    line = table.against("climatology") if table is not None else None
    if line is None or line.skill is None:
        return ""
    text = f"Against the base rate its log-loss skill is {words.signed_percent(line.skill)}"
    if line.low is not None and line.high is not None:
        text += f" ({words.signed_percent(line.low)} to {words.signed_percent(line.high)})"
    if line.verdict == "better":
        return text + "; most of that is geometry: how far away each level is, in units of volatility."
    return text + "."


def analyst_verdict(trust: Trust) -> str:
    """How the analyst's fixed table compares; empty where there is none."""
    table = trust.longest
    line = table.against("analyst") if table is not None else None
    if line is None or line.skill is None:
        return ""
    text = (
        "The analyst baseline is one fixed table, the same on every date. "
        f"Log-loss skill over it is {words.signed_percent(line.skill)}"
    )
    if line.low is not None and line.high is not None:
        text += f" ({words.signed_percent(line.low)} to {words.signed_percent(line.high)})"
    return text + "."


def calibration_verdict(trust: Trust) -> str:
    """Calibration of all classes and horizons, worded with the power of the test."""
    lines = [(table, line) for table in trust.horizons for line in table.calibration]
    tested = [(table, line) for table, line in lines if line.rejected is not None]
    if not tested:
        return ""
    failed = [(table, line) for table, line in tested if line.rejected]
    if failed:
        named = words.join(f"{line.scenario} at {table.horizon_sessions} sessions" for table, line in failed)
        return (
            f"Calibration is rejected for {named} (overlap-aware test, Holm-corrected over "
            f"{words.plural(len(tested), 'test')}): read those probabilities with the reliability diagram "
            "beside them."
        )
    power = power_sentence(trust)
    text = f"The probabilities are not distinguishable from calibrated in {words.plural(len(tested), 'test')}"
    return f"{text}; {power}" if power else text + "."


def power_sentence(trust: Trust) -> str:
    """``an overconfidence of 25% would be noticed one time in three.``; empty where unknown."""
    table = trust.longest
    if table is None:
        return ""
    for key, described in (
        ("logits_times_1_25", "an overconfidence of 25%"),
        ("logits_times_1_5", "an overconfidence of 50%"),
        ("bias_5_points", "a bias of 5 points"),
    ):
        value = words.number(table.power.get(key))
        if value is not None:
            return f"{described} would be noticed {odds(value)}."
    return ""


def odds(power: float) -> str:
    """A power as a reader would say it: ``one time in three``, ``nine times in ten``, ``almost always``."""
    if power >= 0.97:
        return "almost always"
    if power <= 0.03:
        return "almost never"
    spoken = (
        (0.05, "one time in twenty"),
        (0.1, "one time in ten"),
        (0.2, "one time in five"),
        (0.25, "one time in four"),
        (1 / 3, "one time in three"),
        (0.4, "two times in five"),
        (0.5, "one time in two"),
        (0.6, "three times in five"),
        (2 / 3, "two times in three"),
        (0.75, "three times in four"),
        (0.8, "four times in five"),
        (0.9, "nine times in ten"),
        (0.95, "nineteen times in twenty"),
    )
    return min(spoken, key=lambda item: abs(item[0] - power))[1]


def sample_sentence(trust: Trust) -> str:
    """How many forecasts were scored, and how many independent windows that really is."""
    table = trust.longest
    if table is None or table.rows is None:
        return ""
    text = (
        f"Scored on {words.count(table.rows)} out-of-sample forecasts of "
        f"{words.plural(table.horizon_sessions, 'session')} each"
    )
    if table.effective_rows is not None:
        text += (
            f"; they overlap, so they are worth about {words.count(table.effective_rows)} independent windows"
        )
    return text + "."


def trust_paragraphs(trust: Trust) -> tuple[str, ...]:
    """The sentences of "how far to trust it", most important first."""
    found = (
        rules_verdict(trust),
        base_rate_verdict(trust),
        calibration_verdict(trust),
        analyst_verdict(trust),
        sample_sentence(trust),
    )
    return tuple(text for text in found if text)


# --- checks ---------------------------------------------------------------------------------------


def group_findings(findings: Iterable[Any] | None) -> CheckGroups:
    """Findings (objects or mappings with code, title, severity, explanation) in reading order.

    A failure or warning is an issue, a note is a tip; ``passed`` and ``not_applicable`` have groups of their
    own, and a check without an explanation has passed.
    """
    groups: dict[str, list[dict[str, str]]] = {"issues": [], "tips": [], "passed": [], "not_applicable": []}
    for item in findings or ():
        get = (
            item.get
            if isinstance(item, Mapping)
            else lambda key, default=None, item=item: getattr(item, key, default)
        )
        severity = str(getattr(get("severity"), "value", get("severity")) or "").lower()
        explanation = get("explanation")
        entry = {
            "code": str(get("code") or ""),
            "title": str(get("title") or ""),
            "severity": severity,
            "explanation": "" if explanation is None else str(explanation),
        }
        if severity in ("not_applicable", "not applicable", "skipped"):
            groups["not_applicable"].append(entry)
        elif severity == "passed" or explanation is None:
            groups["passed"].append(entry)
        elif severity in ("failure", "warning"):
            groups["issues"].append(entry)
        else:
            groups["tips"].append(entry)
    return CheckGroups(**{name: tuple(entries) for name, entries in groups.items()})
