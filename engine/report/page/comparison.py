"""One page for several runs: what differs between them, and their scores, paired on common rows with the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from engine.config import Config
from engine.foreign import policy
from engine.report.page.page import environment
from engine.table import words
from engine.verify.skill.compare import Comparison, compare

_SCORES = {"log_loss_nats": "Log loss, nats", "brier": "Brier", "rps": "Ranked probability"}


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRun:
    """What the comparison reads of a run."""

    name: str
    config: Config
    forecasts: pd.DataFrame


def render_comparison(runs: Sequence[ComparedRun]) -> str:
    """The page of two or more runs as one HTML text; equal runs give equal bytes.

    Raises
    ------
    ConfigError, DataError
        As :func:`engine.verify.skill.compare.compare`, where a run answers another question than the first.
    """
    first, *others = runs
    pairs = [(run, compare(first.forecasts, run.forecasts, first.config, run.config)) for run in others]
    horizons = _horizons(pairs)
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            policy=policy(),
            runs=[{"name": run.name, "label": _label(i)} for i, run in enumerate(runs)],
            differences=_differences(runs),
            boards=_boards(pairs, horizons),
            charts=_charts(first, others, horizons),
            comparisons=len(pairs) * len(horizons),
            left_out=[
                f"{words.count(count)} rows stand only in run {_label(place)}, compared with run {_label(i)}"
                for i, (_, found) in enumerate(pairs, start=1)
                for place, count in ((0, found.only_first), (i, found.only_second))
                if count
            ],
        )
    )


def _label(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else str(place + 1)


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{path}.{key}" if path else str(key))
    return found


def _differences(runs: Sequence[ComparedRun]) -> list[tuple[str, list[str]]]:
    """Settings in which not all runs agree, with each run's value."""
    settings = [_flat(run.config.model_dump(mode="json")) for run in runs]
    keys = dict.fromkeys(key for one in settings for key in one)
    return [
        (key, [str(one.get(key, words.MISSING)) for one in settings])
        for key in keys
        if any(one.get(key) != settings[0].get(key) for one in settings)
    ]


def _horizons(pairs: Sequence[tuple[ComparedRun, Comparison]]) -> list[int]:
    """Horizons of any pair, the longest first."""
    return sorted({int(h) for _, found in pairs for h in found.table["horizon_sessions"]}, reverse=True)


def _boards(pairs: Sequence[tuple[ComparedRun, Comparison]], horizons: Sequence[int]) -> list[dict[str, Any]]:
    """Per horizon: a row for each run and score, held against run A on the rows both have."""
    boards = []
    for horizon in horizons:
        rows = []
        for place, (_, found) in enumerate(pairs, start=1):
            for line in found.table[found.table["horizon_sessions"] == horizon].to_dict("records"):
                low, high = line["difference_low"], line["difference_high"]
                rows.append(
                    {
                        "run": _label(place),
                        "score": _SCORES.get(line["score"], words.capital(line["score"].replace("_", " "))),
                        "cells": [
                            words.decimal(line["first"], 4),
                            words.decimal(line["second"], 4),
                            words.signed(line["difference"], 4),
                            f"{words.signed(low, 4)} to {words.signed(high, 4)}",
                            words.signed_percent(line["skill_of_second"], 2),
                            words.p_value(line["dm_p_value"]),
                            f"{words.count(line['rows'])}, about {words.count(line['effective_rows'])}",
                        ],
                        "decided": low > 0 or high < 0,
                    }
                )
        boards.append({"horizon": horizon, "rows": rows})
    return boards


def _charts(first: ComparedRun, others: Sequence[ComparedRun], horizons: Sequence[int]) -> dict[int, Markup]:
    from engine.report.charts.growth import growth_chart

    named = {f"Run {_label(place)}": run.forecasts for place, run in enumerate(others, start=1)}
    drawn = {horizon: growth_chart(horizon, first.forecasts, named) for horizon in horizons}
    return {horizon: Markup(svg) for horizon, svg in drawn.items() if svg}
