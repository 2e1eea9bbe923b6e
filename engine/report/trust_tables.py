"""The rows of the trust section: scores, calibration and regimes as formatted cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.report import words
from engine.report.trust import HorizonTrust, SkillLine, Trust

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


def score_tables(trust: Trust) -> list[dict[str, Any]]:
    """Per horizon: every forecaster's scores, the model first, then by log loss."""
    tables = []
    for table in trust.horizons:
        names = sorted(table.scores, key=lambda name: (name != "model", _loss(table, name)))
        rows = [{"name": _name(name), "cells": _score_cells(table, name)} for name in names]
        if rows:
            tables.append({"horizon": table.horizon_sessions, "rows": rows})
    return tables


def _loss(table: HorizonTrust, name: str) -> float:
    value = table.scores[name].get("log_loss_nats")
    return float("inf") if value is None else value


def _name(name: str) -> str:
    return "The table" if name == "model" else words.BASELINE_LABELS.get(name, words.capital(name))


def _score_cells(table: HorizonTrust, name: str) -> list[str]:
    scores = table.scores[name]
    cells = [words.decimal(scores.get(key), 4) for key in ("log_loss_nats", "brier", "rps")]
    line = table.against(name)
    if line is None:
        return [*cells, "", "", ""]
    return [*cells, words.signed_percent(line.skill, 2), interval(line, 2), words.p_value(line.p_value)]


def interval(line: SkillLine, digits: int = 1) -> str:
    """``−0.2% to +1.0%``, or a dash."""
    if line.low is None or line.high is None:
        return words.MISSING
    return f"{words.signed_percent(line.low, digits)} to {words.signed_percent(line.high, digits)}"


def calibration_blocks(trust: Trust, charts: Mapping[int, Any]) -> list[dict[str, Any]]:
    """Per horizon: the verdict in one sentence, the diagram, and each class's figures beside their floors."""
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
                "chart": chart,
                "rows": [
                    {
                        "scenario": line.scenario,
                        "name": words.SCENARIO_LABELS[line.scenario],
                        "cells": [
                            words.percent(line.mean_forecast, 1),
                            words.percent(line.frequency, 1),
                            words.percent(line.ece, 1),
                            f"{words.percent(line.ece_floor_mean, 1)}, {words.percent(line.ece_floor_q95, 1)}",
                            words.decimal(line.slope, 2),
                            _thousandths(line.mcb),
                            words.p_value(line.mcb_p_holm),
                            _thousandths(line.dsc),
                            words.percent(line.power),
                        ],
                    }
                    for line in table.calibration
                ],
            }
        )
    return blocks


def _thousandths(value: float | None) -> str:
    return words.decimal(None if value is None else 1000 * value, 1)


def placebo_block(trust: Trust) -> dict[str, Any] | None:
    """Whether real levels beat random prices at equal distance, at the longest horizon; None without a placebo."""
    horizons = trust.placebo.get("horizons")
    if not isinstance(horizons, Mapping) or not horizons:
        return None
    horizon = max(horizons, key=int)
    block = horizons[horizon]
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
        "horizon": int(horizon),
        "verdict": words.sentence(str(block.get("verdict") or "")),
        "windows": words.count(block.get("effective_rows")),
        "rows": rows,
        "skill": _placebo_skill(block),
    }


def _points(value: Any) -> str:
    known = words.number(value)
    return words.MISSING if known is None else words.signed(100 * known)


def _placebo_skill(block: Mapping[str, Any]) -> str:
    difference, low, high = (
        block.get(key) for key in ("skill_difference", "skill_difference_low", "skill_difference_high")
    )
    gain = words.number(difference)
    if gain is None:
        return ""
    text = (
        "In log loss against the base rates of each side, distance and volatility forecast the real levels "
        f"{words.percent(abs(gain), 1)} {'worse' if gain < 0 else 'better'} than the random ones"
    )
    if words.number(low) is not None and words.number(high) is not None:
        text += f" ({words.signed_percent(low)} to {words.signed_percent(high)})"
    return text + "."


def regime_tables(trust: Trust, baseline: str = "filtered_history") -> list[dict[str, Any]]:
    """Skill over ``baseline`` at the longest horizon, one table per grouping."""
    table = trust.longest
    if table is None:
        return []
    tables = []
    for grouping, title in _GROUPINGS.items():
        found = [item for item in table.regimes if item.grouping == grouping and baseline in item.skill]
        found.sort(key=lambda item: _GROUP_ORDER.index(item.group) if item.group in _GROUP_ORDER else -1)
        rows = []
        for item in found:
            line = item.skill[baseline]
            rows.append(
                {
                    "name": _GROUPS.get(item.group, item.group),
                    "windows": words.count(item.effective_rows),
                    "skill": words.signed_percent(line.skill),
                    "interval": interval(line),
                    "decided": line.verdict in ("better", "worse"),
                }
            )
        if rows:
            tables.append({"grouping": grouping, "title": title, "rows": rows})
    return tables
