"""One page for a sweep, and one for a search: what was tried, how it did, and how much of the best is luck."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from engine.report.charts.search import history_chart, parallel_chart, slice_chart
from engine.report.page.alive import policy
from engine.report.page.page import environment
from engine.sweep import SweepResult
from engine.table import words
from engine.tune.result import TuneResult
from engine.tune.space import Parameter
from engine.tune.verdict.neighbourhood import share_of_gain

_MOST_MAPS = 12
_TABLE_POINTS = 200
# figures of trading, what they are called, and with how many digits they are shown
_TRADING = {
    "annual_return_percent": ("Return a year, %", 2),
    "sharpe": ("Sharpe ratio", 2),
    "max_drawdown_percent": ("Deepest drawdown, %", 1),
    "certainty_equivalent_percent": ("Certainty equivalent a year, %", 2),
    "trades": ("Trades", 0),
}
_MINUS = re.compile(r"(?<![\w.-])-(?=\d)")


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing; ``title`` says which setting lies along it. ``broad``: it takes the whole row."""

    drawing: Markup
    title: str = ""
    broad: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    maps: Sequence[Mapping[str, Any]] = field(default=())


def render_sweep(name: str, result: SweepResult) -> str:
    """The page of a sweep; equal results give equal bytes."""
    found = result.to_dict()
    frame = _wide(result)
    axes = _axes(result)
    best, luck = found["best_point"], found["luck"]
    lines = [
        f"{words.plural(found['points'], 'point')}, {found['failed']} failed; {found['forecasts']} different forecasts. "
        "Score: log-loss skill over filtered history of the same point, averaged over the horizons."
    ]
    if found["questions"] > 1:
        lines.append(
            f"The points ask {found['questions']} different questions, so their raw log loss says nothing against each "
            "other and is left out here: each is held against the filtered history of its own question."
        )
    if best is not None:
        lines.append(f"Best: point {best} with {words.signed_percent(found['best_score'], 2)}.")
    lines += _luck_lines(luck, found["best_score"], "points")
    sections = [Section("luck", "How much of the best is luck?", lines)]
    if len(frame):
        high = None if luck is None else luck["best_high"]
        chosen = frame.set_index("point").loc[best]
        charts = [
            Chart(
                Markup(
                    slice_chart(
                        f"slice-{i}",
                        path,
                        frame[path].tolist(),
                        frame["score"].to_numpy(),
                        chosen[path],
                        high,
                        "%",
                    )
                ),
                path,
            )
            for i, path in enumerate(axes)
        ]
        sections.append(
            Section("slices", "One setting at a time", ["Skill of every point over one setting; the line is the median over all others, "
                    "the upright line the best point, the dashed line what the best of as many points shows by luck in one of twenty sweeps."], charts)
        )  # fmt: skip
        for value, title in (("score", "Skill"), *_traded(frame)):
            maps = _maps(frame, axes, value)
            if maps:
                sections.append(
                    Section(
                        f"map-{value}",
                        f"{title}, two settings at a time",
                        ["Mean over all other settings."],
                        maps=maps,
                    )
                )
    sections.append(_points(frame, axes, result))
    return _page(
        f"Sweep of {name}", f"{words.plural(found['points'], 'point')} of {', '.join(axes)}", sections
    )


def render_tuning(name: str, result: TuneResult, space: Sequence[Parameter]) -> str:
    """The page of a search; equal results give equal bytes."""
    trials = result.trials
    done = trials[(trials["state"] == "complete") & trials["repeats"].isna()]
    scores = done["score"].to_numpy(np.float64)
    skill = "skill" in result.objective
    unit = "%" if skill else ""
    verdict, luck = result.verdict, result.verdict.luck
    high = None if luck is None else luck.best_high
    lines = [
        f"Score: {result.objective.replace('_', ' ')}. {words.plural(len(trials), 'trial')}, {result.search.trials} of them different."
    ]
    if result.best_score is not None:
        lines.append(
            f"Best {_score(result.best_score, skill)}, config as it stood {_score(result.default_score, skill)}."
        )
    lines += _luck_lines(None if luck is None else luck.to_dict(), result.best_score, "trials")
    # how good the best looks by luck stands here already
    findings = [text for text in result.findings if luck is None or not text.startswith("without any skill")]
    lines += [_MINUS.sub(words.MINUS, words.capital(text)) + "." for text in findings]
    sections = [Section("verdict", "What may be claimed?", lines)]
    if result.holdout is not None:
        sections.append(_holdout(result, skill))
    if len(scores):
        sections.append(
            Section(
                "history",
                "The search in time",
                ["Score of each trial, in the order in which they were made; the line is the best so far."],
                [Chart(Markup(history_chart("history", scores, high, unit)))],
            )
        )
        charts = [
            Chart(
                Markup(
                    slice_chart(
                        f"slice-{i}",
                        p.path,
                        done[p.path].tolist(),
                        scores,
                        result.best_values.get(p.path),
                        high,
                        unit,
                    )
                ),
                p.path,
            )
            for i, p in enumerate(space)
        ]
        sections.append(
            Section(
                "slices",
                "One setting at a time",
                [
                    "Score of every trial over one setting; the line is the median, the upright line the winner."
                ],
                charts,
            )
        )
    if len(scores) > 1 and len(space) > 1:
        units = np.array([[p.unit(row[p.path]) for p in space] for row in done.to_dict("records")])
        chart = Chart(Markup(parallel_chart("parallel", units, [p.path for p in space], scores)), broad=True)
        text = "Every trial as a line over its settings, each from the lowest to the highest value it may take; the best tenth is blue."
        sections.append(Section("together", "All settings together", [text], [chart]))
    if result.importance:
        rows = [[path, words.percent(share)] for path, share in result.importance.items()]
        sections.append(
            Section(
                "importance", "Which setting matters", head=["Setting", "Share of the variation"], rows=rows
            )
        )
    sections.append(_neighbourhood(result, skill))
    assert verdict is result.verdict
    return _page(
        f"Search of {name}",
        f"{words.capital(result.group)} group: {words.plural(len(trials), 'trial')}",
        sections,
    )


def _score(value: float | None, skill: bool) -> str:
    return words.signed_percent(value, 2) if skill else words.signed(value, 2)


def _luck_lines(luck: Mapping[str, Any] | None, best: float | None, noun: str) -> list[str]:
    if luck is None or best is None:
        return []
    worth = round(luck["effective_trials"])
    independent = "one alone" if worth == 1 else f"{worth} independent ones"
    how = "repeated on drawn histories" if luck["method"] == "null study" else "resampled in blocks"
    return [
        f"Without any skill the best of {luck['trials']} such {noun} (as alike as they are, worth {independent}) shows "
        f"{words.signed_percent(luck['best_median'], 2)} in half of all cases and more than "
        f"{words.signed_percent(luck['best_high'], 2)} in one of twenty ({how}, {luck['draws']} draws). "
        f"The best here shows {words.signed_percent(best, 2)}: p {words.p_value(luck['p_value'])}."
    ]


def _holdout(result: TuneResult, skill: bool) -> Section:
    held = result.holdout
    assert held is not None

    def ends(interval: tuple[float, float] | None) -> str:
        return (
            "too short for one"
            if interval is None
            else f"{_score(interval[0], skill)} to {_score(interval[1], skill)}"
        )

    def gained(best: float | None, default: float | None) -> str:
        return words.MISSING if best is None or default is None else _score(best - default, skill)

    rows = [
        ["Best", _score(result.best_score, skill), _score(held.best, skill), ends(held.interval)],
        ["As it stood", _score(result.default_score, skill), _score(held.default, skill), ""],
        [
            "Gain",
            gained(result.best_score, result.default_score),
            gained(held.best, held.default),
            ends(held.gain_interval),
        ],
    ]
    text = f"{held.sessions} sessions from {words.day(str(held.first_date))} that no trial has seen; look {held.look} at them."
    head = ["", "Development", "Holdout", f"{held.coverage:.0%} interval"]
    return Section("holdout", "Development against holdout", [text], head=head, rows=rows)


def _neighbourhood(result: TuneResult, skill: bool) -> Section:
    verdict = result.verdict
    lines = []
    pick = verdict.neighbourhood
    if pick is not None:
        settings = ", ".join(f"{path} {value}" for path, value in pick.values.items())
        lines.append(
            f"Best neighbourhood: trial {pick.number} ({settings}) with {_score(pick.score, skill)}; the median of the "
            f"{words.plural(pick.neighbours, 'trial')} near it is {_score(pick.median, skill)}."
        )
    if verdict.fragility is not None:
        lines.append(
            f"A step of a tenth of a range leaves {share_of_gain(verdict.fragility)} in the worst direction."
        )
    rows = [
        [s.path, words.capital(s.direction), str(s.value), "failed" if s.score is None else _score(s.score, skill),
         "" if s.kept is None else f"{s.kept:.0%}"]
        for s in verdict.steps
    ]  # fmt: skip
    head = ["Setting", "Step", "Value", "Score", "Gain that is left"]
    return Section("neighbourhood", "A plateau or a peak?", lines, head=head, rows=rows)


def _axes(result: SweepResult) -> list[str]:
    columns = list(result.table.columns)
    return columns[1 : columns.index("reason")]


def _wide(result: SweepResult) -> pd.DataFrame:
    """One row per point that has a score: settings, score, and the figures of trading where they are there."""
    axes = _axes(result)
    scored = result.table[result.table["point"].isin(list(result.scores))]
    frame = scored.drop_duplicates("point")[["point", *axes]].reset_index(drop=True)
    frame["score"] = [result.scores[int(point)] for point in frame["point"]]
    for metric in _TRADING:
        values = scored[scored["metric"] == metric].drop_duplicates("point").set_index("point")["value"]
        if len(values):
            frame[metric] = frame["point"].map(values)
    return frame


def _traded(frame: pd.DataFrame) -> list[tuple[str, str]]:
    shown = ("certainty_equivalent_percent", "sharpe")
    return [(name, _TRADING[name][0]) for name in shown if name in frame and frame[name].nunique() > 1]


def _maps(frame: pd.DataFrame, axes: Sequence[str], value: str) -> list[dict[str, Any]]:
    """Heat maps of every pair of settings with two values or more, at most twelve."""
    few = [axis for axis in axes if 2 <= frame[axis].nunique() <= 25]
    found = []
    for down, across in list(combinations(few, 2))[:_MOST_MAPS]:
        grid = frame.pivot_table(index=down, columns=across, values=value, aggfunc="mean")
        largest = float(np.nanmax(np.abs(grid.to_numpy()))) or 1.0
        rows = [
            {"label": str(label), "cells": [_cell(v, largest, value) for v in line]}
            for label, line in zip(grid.index, grid.to_numpy(), strict=True)
        ]
        found.append(
            {"down": down, "across": across, "columns": [str(c) for c in grid.columns], "rows": rows}
        )
    return found


def _cell(value: float, largest: float, name: str) -> dict[str, str]:
    if not np.isfinite(value):
        return {"text": words.MISSING, "colour": "transparent"}
    text = words.signed_percent(value, 2) if name == "score" else words.signed(value, 2)
    share = round(60 * min(abs(value) / largest, 1.0))
    ink = "continuation" if value >= 0 else "breakdown"
    return {"text": text, "colour": f"color-mix(in srgb, var(--{ink}) {share}%, transparent)"}


def _points(frame: pd.DataFrame, axes: Sequence[str], result: SweepResult) -> Section:
    ordered = (
        frame.sort_values(["score", "point"], ascending=[False, True]).head(_TABLE_POINTS)
        if len(frame)
        else frame
    )
    head = ["Point", *axes, "Skill", *(title for name, (title, _) in _TRADING.items() if name in frame)]
    rows = [
        [str(row["point"]), *(str(row[axis]) for axis in axes), words.signed_percent(row["score"], 2),
         *(words.decimal(row[name], digits) for name, (_, digits) in _TRADING.items() if name in frame)]
        for row in ordered.to_dict("records")
    ]  # fmt: skip
    failed = result.table[result.table["reason"].notna()].drop_duplicates("point")
    lines = [f"Point {row['point']} failed: {row['reason']}." for row in failed.head(10).to_dict("records")]
    if len(frame) > _TABLE_POINTS:
        lines.append(
            f"The best {_TABLE_POINTS} of {len(frame)}; sweep.parquet has all, each figure with its interval."
        )
    return Section("points", "The points", lines, head=head, rows=rows)


def _page(over: str, title: str, sections: Sequence[Section]) -> str:
    template = environment().get_template("search.html.j2")
    return template.render(policy=policy(), over=over, title=title, sections=sections)
