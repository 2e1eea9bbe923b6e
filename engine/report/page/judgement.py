"""A judgement of forecasts from anywhere as one page that opens offline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from engine.foreign import policy
from engine.judge.judge import Diagram, Judgement
from engine.judge.lines import FORECASTERS, skill_words
from engine.report.page.page import environment
from engine.scenarios import SCENARIOS
from engine.table import words
from engine.verify.calibration.power import in_words

_ERRORS = {
    "overconfidence_25": "Log-odds 1.25 times too large",
    "overconfidence_50": "Log-odds 1.5 times too large",
    "bias_5_points": "The last class said 5 points too often",
}


def judgement_page(found: Judgement, title: str) -> str:
    """HTML with the verdict, scores, calibration with noise floors, diagrams and power."""
    metrics = found.metrics
    test = metrics["calibration_test"]
    classes = _in_reading_order(metrics["classes"])
    verdict, _, lean = test["verdict"].partition(". ")
    return environment().get_template("judgement.html.j2").render(
        policy=policy(),
        title=title,
        verdict=verdict + "." if lean else verdict,
        lean=lean,
        notes=metrics["notes"],
        coverage=metrics["interval_coverage"],
        left_out=metrics["rows_left_out"],
        horizons=[
            _horizon(int(name), block, found.diagrams[int(name)], classes, metrics["interval_coverage"])
            for name, block in sorted(metrics["horizons"].items(), key=lambda item: -int(item[0]))
        ],
        power=[
            (text, words.percent(test["power"][key]["any"]), in_words(test["power"][key]["any"]))
            for key, text in _ERRORS.items()
        ],
    )  # fmt: skip


def _in_reading_order(classes: Sequence[str]) -> list[str]:
    """The order of the table, but the engine's own scenarios as every other table has them."""
    return list(words.DISPLAY_ORDER) if set(classes) == set(SCENARIOS) else list(classes)


def _horizon(
    horizon: int, block: dict[str, Any], diagrams: dict[str, Diagram], classes: Sequence[str], coverage: float
) -> dict[str, Any]:
    from engine.report.charts.reliability import panel_from_table, reliability_chart

    panels = []
    for name in classes:
        line, drawn = block["calibration"][name], diagrams[name]
        caption = f"ECE {words.percent(line['ece'], 1)}, a perfect forecast {words.percent(line['ece_floor_mean'], 1)}"
        panels.append(
            panel_from_table(
                name, drawn.table, drawn.forecasts, f"{caption}; p {words.p_value(line['mcb_p_value'])}"
            )
        )
    return {
        "sessions": horizon,
        "sample": f"{words.plural(block['rows'], 'forecast')} from {words.day(block['first_date'])} to "
        f"{words.day(block['last_date'])}, in {words.plural(round(block['effective_rows']), 'window')} without overlap",
        "scores": [_score(name, score, block["skill"].get(name)) for name, score in block["scores"].items()],
        "calibration": [_class(name, block["calibration"][name]) for name in classes],
        "chart": Markup(reliability_chart(horizon, panels, coverage) or ""),
    }


def _score(name: str, score: dict[str, Any], line: dict[str, Any] | None) -> dict[str, Any]:
    skills = ("", "") if line is None else (skill_words(line), skill_words(line, "brier"))
    return {
        "name": words.capital(FORECASTERS[name]),
        "cells": [
            words.decimal(score["log_loss_nats"], 4), skills[0], words.decimal(score["brier"], 4), skills[1]
        ],
    }  # fmt: skip


def _class(name: str, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": words.SCENARIO_LABELS.get(name, name),
        "scenario": name if name in SCENARIOS else "",
        "cells": [
            words.percent(line["mean_forecast"], 1),
            words.percent(line["frequency"], 1),
            words.percent(line["ece"], 1),
            f"{words.percent(line['ece_floor_mean'], 1)}, {words.percent(line['ece_floor_q95'], 1)}",
            words.decimal(1000 * line["mcb"], 1),
            f"{words.decimal(1000 * line['mcb_floor_mean'], 1)}, {words.decimal(1000 * line['mcb_floor_q95'], 1)}",
            words.p_value(line["mcb_p_value"]),
        ],
    }
