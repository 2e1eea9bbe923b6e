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
from engine.verify.power import in_words

BASELINE_ORDER = ("filtered_history", "random_walk", "same_reading", "climatology", "analyst")
TOO_GOOD = 0.03
OVERCONFIDENCE = ("overconfidence_25", "logits_times_1_25")  # one alternative under its two names


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
    mean_forecast: float | None
    frequency: float | None
    ece: float | None
    ece_floor_mean: float | None
    ece_floor_q95: float | None
    mcb: float | None
    mcb_p_holm: float | None
    dsc: float | None
    slope: float | None
    power: float | None

    @property
    def rejected(self) -> bool | None:
        """Whether the overlap-aware test rejects calibration at 5 % after Holm's correction."""
        return None if self.mcb_p_holm is None else self.mcb_p_holm < 0.05


@dataclass(frozen=True, slots=True)
class Regime:
    """Skill within one group of dates (a volatility tercile, a trend, a year, an instrument)."""

    grouping: str
    group: str
    effective_rows: float | None
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
    """The metrics dictionary as :class:`Trust`; whatever is absent or null stays empty.

    ``interval`` is the coverage of intervals where the metrics do not name it.
    """
    if not metrics:
        return Trust(interval=interval)
    interval = words.number(metrics.get("interval_coverage")) or interval
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
    power, noticed = _power(_mapping(block.get("power")))
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
        skill=tuple(_skill_line(name, _mapping(skill[name])) for name in order if name in skill),
        calibration=tuple(
            CalibrationLine(
                scenario=name,
                **{
                    key: words.number(_mapping(calibration[name]).get(key))
                    for key in (
                        "mean_forecast",
                        "frequency",
                        "ece",
                        "ece_floor_mean",
                        "ece_floor_q95",
                        "mcb",
                        "mcb_p_holm",
                        "dsc",
                        "slope",
                    )
                },
                power=words.number(noticed.get(name)),
            )
            for name in words.DISPLAY_ORDER
            if name in calibration
        ),
        power=power,
        verdict=str(block.get("verdict") or ""),
        regimes=tuple(_regime(item) for item in block.get("regimes") or () if isinstance(item, Mapping)),
    )


def _power(block: Mapping[str, Any]) -> tuple[float | None, Mapping[str, Any]]:
    """Share of 25 % overconfident forecasts that the test notices: over all classes, and by class."""
    for name in OVERCONFIDENCE:
        found = block.get(name)
        if isinstance(found, Mapping):
            return words.number(found.get("any")), found
        if found is not None:
            return words.number(found), _mapping(_mapping(block.get("by_class")).get(name))
    return None, {}


def _regime(item: Mapping[str, Any]) -> Regime:
    skill = _mapping(item.get("skill"))
    return Regime(
        grouping=str(item.get("grouping", "")),
        group=str(item.get("group", "")),
        effective_rows=words.number(item.get("effective_rows")),
        skill={name: _skill_line(name, _mapping(line)) for name, line in skill.items()},
    )


def _skill_line(baseline: str, line: Mapping[str, Any]) -> SkillLine:
    return SkillLine(
        baseline=baseline,
        skill=words.number(line.get("log_loss_skill")),
        low=words.number(line.get("low")),
        high=words.number(line.get("high")),
        p_value=words.number(line.get("dm_p_value")),
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
    fhs = table.against("filtered_history") if table is not None else None
    if (
        line.verdict == "better"
        and fhs is not None
        and fhs.skill is not None
        and fhs.skill < 0.5 * line.skill
    ):
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
    if table.power is None:
        return ""
    seen = in_words(table.power)
    if seen.startswith("almost"):
        return f"an overconfidence of 25% would {seen} be noticed."
    return f"an overconfidence of 25% would be noticed {seen}."


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
        if sum(regime.grouping == "instrument" for regime in table.regimes) > 1:
            text += ", fewer where instruments move together"
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


def group_findings(
    findings: Iterable[Any] | None, ran: Iterable[str] = (), not_applicable: Iterable[str] = ()
) -> CheckGroups:
    """Findings in reading order.

    Parameters
    ----------
    findings : objects or mappings with code, title, severity, explanation.  A failure or warning is an issue,
        a note is a tip.
    ran : codes of all checks that ran; those without a finding have passed.
    not_applicable : codes of checks that had nothing to look at.
    """
    groups: dict[str, list[dict[str, str]]] = {"issues": [], "tips": [], "passed": [], "not_applicable": []}
    seen = set()
    for item in findings or ():
        get = item.get if isinstance(item, Mapping) else lambda key, item=item: getattr(item, key, None)
        entry = {key: str(get(key) or "") for key in ("code", "title", "severity", "explanation")}
        seen.add(entry["code"])
        groups["tips" if entry["severity"] == "note" else "issues"].append(entry)
    idle = set(not_applicable)
    for code in ran:
        if code not in seen:
            entry = {"code": code, "title": check_words(code), "severity": "passed", "explanation": ""}
            groups["not_applicable" if code in idle else "passed"].append(entry)
    return CheckGroups(**{name: tuple(entries) for name, entries in groups.items()})


def check_words(code: str) -> str:
    """What it means that a check found nothing."""
    return _PASSED.get(code, words.capital(code.replace("_", " ")))


_PASSED = {
    "worse_than_climatology": "Not worse than the base rate",
    "not_better_than_filtered_history": "Better than distance and volatility alone",
    "skill_too_good": "Skill is of a plausible size",
    "miscalibrated": "Not distinguishable from calibrated",
    "calibrator_worse": "The calibrator did no harm",
    "too_few_windows": "Enough independent windows",
    "base_rate_drift": "Base rates are stable",
    "ambiguous_outcomes": "Few ambiguous outcomes",
    "projected_edges": "Setup edges are mostly real levels",
    "search_edge": "No tuned setting sits at the edge of its range",
    "train_test_overlap": "Training and test do not overlap",
    "audit_missing": "The look-ahead audit found nothing",
    "fake_opens": "Opens are traded prices",
    "unadjusted_rolls": "No sign of unadjusted contract rolls",
}
