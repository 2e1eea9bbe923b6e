"""A judgement as one page that opens offline."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.foreign import html, policy
from engine.judge.judge import Judgement
from engine.verify.calibration.power import in_words
from engine.verify.calibration.reliability import Blocks

_NAMES = {
    "forecast": "these forecasts",
    "climatology": "past frequencies",
    "filtered_history": "filtered history",
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child{text-align:left}.verdict{font-size:1.15rem;font-weight:600}svg{width:15rem;height:15rem;margin:.5rem}
figure{display:inline-block;margin:0}figcaption{text-align:center}.q{color:#555}
@media (prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}.q{color:#aaa}}
"""


def judgement_lines(found: Judgement) -> list[str]:
    """The judgement in a few plain lines, for a terminal."""
    metrics = found.metrics
    lines = [metrics["calibration_test"]["verdict"]]
    for horizon, block in metrics["horizons"].items():
        lines.append(
            f"{horizon} sessions: {block['rows']:,} forecasts, about {block['effective_rows']:,.0f} windows that do not "
            f"overlap, {block['first_date']} to {block['last_date']}"
        )
        for name, line in block["skill"].items():
            lines.append(
                f"  log-loss skill over {_NAMES[name]}: {_skill(line, 'log_loss_skill', 'low', 'high')}"
            )
    return [*lines, *metrics["notes"]]


def judgement_page(found: Judgement, title: str) -> str:
    """HTML with the verdict, scores, calibration with noise floors, diagrams and power."""
    metrics = found.metrics
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f'<meta http-equiv="Content-Security-Policy" content="{html(policy())}">'
        f"<title>{html(title)}</title><style>{_STYLE}</style><h1>{html(title)}</h1>",
        f"<p class=verdict>{html(metrics['calibration_test']['verdict'])}</p>",
        *(f"<p>{html(note)}</p>" for note in metrics["notes"]),
    ]
    for horizon, block in metrics["horizons"].items():
        parts.append(
            f"<h2>{html(str(horizon))} sessions</h2><p class=q>{block['rows']:,} forecasts, {html(block['first_date'])} to "
            f"{html(block['last_date'])}; they overlap, so they are worth about {block['effective_rows']:,.0f} windows.</p>"
        )
        parts += [_scores(block), _calibration(block)]
        for name, diagram in found.diagrams[int(horizon)].items():
            parts.append(f"<figure>{_diagram(diagram)}<figcaption>{html(name)}</figcaption></figure>")
    parts.append(_power(metrics["calibration_test"]))
    return "\n".join(parts)


def _scores(block: dict[str, Any]) -> str:
    rows = []
    for name, score in block["scores"].items():
        line = block["skill"].get(name)
        skills = ["", ""] if line is None else [
            _skill(line, "log_loss_skill", "low", "high"), _skill(line, "brier_skill", "brier_low", "brier_high")
        ]  # fmt: skip
        cells = [_number(score["log_loss_nats"]), skills[0], _number(score["brier"]), skills[1]]
        rows.append((_NAMES[name], cells))
    return _table(["", "log loss, nats", "skill over it", "Brier", "skill over it"], rows)


def _calibration(block: dict[str, Any]) -> str:
    rows = [
        (
            name,
            [
                f"{line['mean_forecast']:.1%}", f"{line['frequency']:.1%}",
                f"{line['ece']:.3f} ({line['ece_floor_mean']:.3f}, {line['ece_floor_q95']:.3f})",
                f"{1000 * line['mcb']:.2f} ({1000 * line['mcb_floor_mean']:.2f}, {1000 * line['mcb_floor_q95']:.2f})",
                f"{line['mcb_p_value']:.3f}",
            ],
        )
        for name, line in block["calibration"].items()
    ]  # fmt: skip
    head = [
        "class",
        "said",
        "came true",
        "ECE (perfect: mean, 95 %)",
        "MCB × 1000 (perfect: mean, 95 %)",
        "its p",
    ]
    return _table(head, rows)


def _power(test: dict[str, Any]) -> str:
    named = {
        "overconfidence_25": "log-odds 1.25 times too large", "overconfidence_50": "log-odds 1.5 times too large",
        "bias_5_points": "the last class said 5 points too often",
    }  # fmt: skip
    rows = [
        (text, [f"{test['power'][key]['any']:.0%}", in_words(test["power"][key]["any"])])
        for key, text in named.items()
    ]
    return "<h2>What would have been noticed</h2>" + _table(["error", "power", ""], rows)


def _diagram(diagram: Blocks) -> str:
    xs = np.column_stack([diagram.low, diagram.high]).ravel()
    ys = np.repeat(diagram.observed, 2)
    points = " ".join(f"{100 * x:.2f},{100 - 100 * y:.2f}" for x, y in zip(xs, ys, strict=True))
    return (
        "<svg viewBox='-2 -2 104 104' role=img><rect width=100 height=100 fill=none stroke=#999 stroke-width=.5 />"
        "<line x1=0 y1=100 x2=100 y2=0 stroke=#999 stroke-dasharray=2 stroke-width=.5 />"
        f"<polyline points='{points}' fill=none stroke=#1668b0 stroke-width=1 /></svg>"
    )


def _table(head: list[str], rows: list[tuple[str, list[str]]]) -> str:
    top = "".join(f"<th>{html(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr><th>{html(name)}</th>{''.join(f'<td>{html(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _skill(line: dict[str, Any], value: str, low: str, high: str) -> str:
    if line[value] is None:
        return "not defined"
    if line[low] is None:
        return f"{100 * line[value]:+.1f} % (too short for an interval)"
    return f"{100 * line[value]:+.1f} % ({100 * line[low]:+.1f} to {100 * line[high]:+.1f})"


def _number(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.4f}"
