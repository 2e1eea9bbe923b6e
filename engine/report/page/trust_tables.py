"""The rows of the trust section: scores, calibration and regimes as formatted cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.report.trust import CalibrationLine, HorizonTrust, SkillLine, Trust
from engine.table import words

Form = Callable[["float | None"], str]

_GROUPINGS = {
    "volatility": "Volatility, tercile",
    "trend": "Trend",
    "family": "Family",
    "instrument": "Instrument",
    "year": "Year",
}
_GROUPS = {
    "low": "Low",
    "middle": "Middle",
    "high": "High",
    "above_sma_200": "Above the 200-day average",
    "below_sma_200": "Below the 200-day average",
}
_GROUP_ORDER = tuple(_GROUPS)
_REGIME_BASELINES = ("filtered_history", "random_walk", "climatology")
_SCORES = (("log_loss", "log_loss_nats"), ("brier", "brier"), ("rps", "rps"))
_ECE = "Calibration error (ECE)"


def score_tables(trust: Trust) -> list[dict[str, Any]]:
    """Per horizon: every forecaster's scores, the model first, then by log loss."""
    tables = []
    for table in trust.horizons:
        names = sorted(table.scores, key=lambda name: (name != "model", _loss(table, name)))
        rows = [{"name": _name(name), "cells": _score_cells(table, name)} for name in names]
        if rows:
            sample = f"{words.count(table.rows)} forecasts, about {words.count(table.effective_rows)} windows"
            tables.append({"horizon": table.horizon_sessions, "rows": rows, "sample": sample})
    return tables


def _loss(table: HorizonTrust, name: str) -> float:
    value = table.scores[name].get("log_loss_nats")
    return float("inf") if value is None else value


def _name(name: str) -> str:
    return "The table" if name == "model" else words.baseline_label(name)


def _score_cells(table: HorizonTrust, name: str) -> list[str]:
    scores = table.scores[name]
    line = table.against(name)
    cells: list[str] = []
    for score, key in _SCORES:
        cells.append(words.decimal(scores.get(key), 4))
        skill, low, high = (None, None, None) if line is None else line.by(score)
        cells.append("" if skill is None else words.signed_percent(skill, 2))
        # the unit stands once, at the skill: with it thrice the table would not fit a sheet of paper
        known = low is not None and high is not None
        cells.append(f"{_hundredths(low)} to {_hundredths(high)}" if known else "")
    return [*cells, "" if line is None else words.p_value(line.p_value)]


def interval(line: SkillLine, digits: int = 1) -> str:
    """``−0.2% to +1.0%``, or a dash."""
    if line.low is None or line.high is None:
        return words.MISSING
    return f"{words.signed_percent(line.low, digits)} to {words.signed_percent(line.high, digits)}"


def _hundredths(fraction: float | None) -> str:
    return words.MISSING if fraction is None else words.signed(100 * fraction, 2)


def calibration_blocks(trust: Trust, charts: Mapping[int, Any]) -> list[dict[str, Any]]:
    """Per horizon: the verdict in one sentence, the diagram, and each figure beside that of a perfect forecast."""
    blocks = []
    for table in trust.horizons:
        horizon = table.horizon_sessions
        chart = charts.get(horizon)
        if not table.calibration and chart is None:
            continue
        blocks.append(
            {
                "horizon": horizon,
                "verdict": words.sentence(table.verdict),
                "sample": f"{words.count(table.rows)} forecasts, about {words.count(table.effective_rows)} windows",
                "chart": chart,
                "classes": [
                    {"scenario": line.scenario, "name": words.SCENARIO_LABELS[line.scenario]}
                    for line in table.calibration
                ],
                "rows": [row for row in _calibration_rows(table.calibration) if row is not None],
            }
        )
    return blocks


def _calibration_rows(lines: Sequence[CalibrationLine]) -> list[dict[str, Any] | None]:
    """Figures as rows; a cell for each class is the figure and what a perfect forecast shows."""

    def row(
        label: str, name: str, form: Form, floor: Callable[[CalibrationLine], str] | None = None, **extra: Any
    ):
        if all(line.get(name) is None for line in lines):
            return None
        cells = [(form(line.get(name)), floor(line) if floor else "") for line in lines]
        return {"label": label, "term": None, "cells": cells, **extra}

    def mean_and_top(name: str, form: Form) -> Callable[[CalibrationLine], str]:
        return lambda line: _both(form, line.get(f"{name}_floor_mean"), line.get(f"{name}_floor_q95"), ", ")

    def span(name: str, form: Form) -> Callable[[CalibrationLine], str]:
        return lambda line: _both(form, line.get(f"{name}_floor_low"), line.get(f"{name}_floor_high"), " to ")

    powers = [(words.percent(line.power), "") for line in lines]
    return [
        row("Said, on average", "mean_forecast", _percent_1),
        row("Came true", "frequency", _percent_1, span("frequency", _percent_1)),
        row("ECE, 10 equal bins", "ece", _percent_1, mean_and_top("ece", _percent_1), term=_ECE),
        row("ECE, smooth", "smooth_ece", _percent_1, mean_and_top("smooth_ece", _percent_1), term=_ECE),
        row("Slope", "slope", _decimal_2, span("slope", _decimal_2), term="Slope"),
        row("Its p, not corrected", "slope_p_value", words.p_value),
        row("Brier score × 1000", "brier", _thousandths),
        row("MCB × 1000", "mcb", _thousandths, mean_and_top("mcb", _thousandths), term="MCB"),
        row("Its p, Holm-corrected", "mcb_p_holm", words.p_value),
        row("DSC × 1000", "dsc", _thousandths, term="DSC"),
        row("UNC × 1000", "unc", _thousandths, term="UNC"),
        {"label": "Overconfidence of 25% noticed", "term": "Power", "cells": powers},
    ]


def _both(form: Form, first: float | None, second: float | None, between: str) -> str:
    return "" if first is None or second is None else f"{form(first)}{between}{form(second)}"


def _percent_1(value: float | None) -> str:
    return words.percent(value, 1)


def _decimal_2(value: float | None) -> str:
    return words.decimal(value, 2)


def _thousandths(value: float | None) -> str:
    return words.decimal(None if value is None else 1000 * value, 1)


def placebo_blocks(trust: Trust) -> list[dict[str, Any]]:
    """Whether real levels beat random prices at equal distance, one block per horizon, the longest first."""
    horizons = trust.placebo.get("horizons")
    if not isinstance(horizons, Mapping):
        return []
    return [
        _placebo(int(key), horizons[key], trust.interval) for key in sorted(horizons, key=int, reverse=True)
    ]


def _placebo(horizon: int, block: Mapping[str, Any], coverage: float) -> dict[str, Any]:
    rows = []
    scenarios = block.get("scenarios") or {}
    for name in words.DISPLAY_ORDER:
        line = scenarios.get(name)
        if line is None:
            continue
        shares = [
            line.get(f"{side}_{what}") for side in ("real", "placebo") for what in ("frequency", "expected")
        ]
        low, high = line.get("low"), line.get("high")
        rows.append(
            {
                "scenario": name,
                "name": words.SCENARIO_LABELS[name],
                "cells": [
                    *(words.percent(share, 1) for share in shares),
                    _points(line.get("hit_rate_difference")),
                    f"{_points(low)} to {_points(high)}"
                    if low is not None and high is not None
                    else words.MISSING,
                ],
            }
        )
    return {
        "horizon": horizon,
        "verdict": words.sentence(str(block.get("verdict") or "")),
        "windows": words.count(block.get("effective_rows")),
        "rows": rows,
        "surprise": _placebo_surprise(block, coverage),
    }


def _points(value: Any) -> str:
    known = words.number(value)
    return words.MISSING if known is None else words.signed(100 * known)


def _placebo_surprise(block: Mapping[str, Any], coverage: float) -> str:
    """Whether distance and volatility alone are more surprised by what comes of real levels than of random ones."""
    key = "surprise_difference_nats"
    more, low, high = (words.number(block.get(name)) for name in (key, f"{key}_low", f"{key}_high"))
    if more is None:
        return ""
    figures = f"difference in log loss beyond the expected {words.signed(more, 3)} nats"
    if low is None or high is None:
        return words.sentence(f"Distance and volatility alone, real levels against random ones: {figures}")
    figures += f", {words.percent(coverage)} interval {words.signed(low, 3)} to {words.signed(high, 3)}"
    if low <= 0 <= high:
        return f"Real levels surprise distance and volatility alone no more than random ones do ({figures})."
    compared = "more" if more > 0 else "less"
    return f"Real levels surprise distance and volatility alone {compared} than random ones do ({figures})."


def regime_tables(trust: Trust) -> list[dict[str, Any]]:
    """Skill by group of dates over three baselines, one table per horizon, the longest first."""
    return [table for table in (_regimes(horizon) for horizon in reversed(trust.horizons)) if table["groups"]]


def _regimes(table: HorizonTrust) -> dict[str, Any]:
    groups = []
    for grouping, title in _GROUPINGS.items():
        found = [item for item in table.regimes if item.grouping == grouping]
        found.sort(key=lambda item: _GROUP_ORDER.index(item.group) if item.group in _GROUP_ORDER else -1)
        rows = [
            {
                "name": _GROUPS.get(item.group) or _group_name(item.grouping, item.group),
                "windows": words.count(item.effective_rows),
                "log_loss": words.decimal(item.log_loss, 3),
                "cells": [_regime_cell(item.skill.get(baseline)) for baseline in _REGIME_BASELINES],
            }
            for item in found
        ]
        if rows:
            groups.append({"grouping": grouping, "title": title, "rows": rows})
    return {
        "horizon": table.horizon_sessions,
        "baselines": [words.baseline_label(baseline) for baseline in _REGIME_BASELINES],
        "groups": groups,
    }


def _group_name(grouping: str, group: str) -> str:
    return words.capital(group.replace("_", " ")) if grouping == "family" else group


def _regime_cell(line: SkillLine | None) -> dict[str, Any]:
    if line is None:
        return {"skill": words.MISSING, "interval": "", "decided": False}
    return {
        "skill": words.signed_percent(line.skill),
        "interval": interval(line),
        "decided": line.verdict in ("better", "worse"),
    }
