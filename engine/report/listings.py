"""Small tables of the commands that list things: runs, data findings, a search, a comparison, the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.bars.findings import BarFinding
from engine.bars.series import BarSeries
from engine.report import words
from engine.verify.compare import Comparison
from engine.verify.ledger_score import LedgerScore


def listing(
    frame: pd.DataFrame, *, right: Iterable[str] = (), empty: str = "nothing to list"
) -> RenderableType:
    """A data frame as an aligned table; columns in ``right`` are aligned right, missing values are a dash."""
    if frame.empty:
        return Text(empty)
    right = set(right)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in frame.columns:
        table.add_column(str(name).replace("_", " "), justify="right" if name in right else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(words.MISSING if pd.isna(value) else str(value) for value in row))
    return table


def bars_view(bars: Mapping[str, BarSeries], findings: list[BarFinding]) -> RenderableType:
    """What was read, and what a researcher should know about it."""
    frame = pd.DataFrame(
        {
            "instrument": list(bars),
            "family": [b.family for b in bars.values()],
            "sessions": [f"{len(b):,}" for b in bars.values()],
            "first": [str(b.dates[0]) for b in bars.values()],
            "last": [str(b.dates[-1]) for b in bars.values()],
            "sha256": [b.fingerprint()[:12] for b in bars.values()],
        }
    )
    parts: list[RenderableType] = [listing(frame, right=("sessions",))]
    for finding in findings:
        line = Text(f"{finding.severity}: ", style="bold red" if finding.severity == "issue" else "bold")
        line.append(f"{finding.symbol}: {finding.text}", style="not bold default")
        line.append(f"  [{finding.code}]", style="dim")
        parts.append(line)
    if not findings:
        parts.append(Text("Nothing to remark: no gaps, jumps, fake opens or missing volume."))
    return Group(*parts)


def tuning_view(summary: Mapping[str, Any]) -> RenderableType:
    """The best values, the holdout and what a reader must know before using them."""
    best, default = (words.decimal(summary[key], 4) for key in ("best_score", "default_score"))
    parts: list[RenderableType] = [
        Text(f"{summary['group']} group: {summary['objective']}", style="bold"),
        Text(
            f"best {best}, config as it stands {default}; {summary['trials']} trials, "
            f"{summary['trials_failed']} failed"
        ),
    ]
    values = pd.DataFrame(
        {
            "setting": list(summary["best_values"]),
            "best": [f"{v:g}" if isinstance(v, float) else str(v) for v in summary["best_values"].values()],
        }
    )
    parts.append(listing(values, right=("best",), empty="no trial beat the config as it stands"))
    holdout = summary["holdout"]
    if holdout is not None:
        parts.append(
            Text(
                f"holdout from {holdout['first_date']} ({holdout['sessions']} sessions, look {holdout['look']}): "
                f"best {words.decimal(holdout['best_score'], 4)}, "
                f"as it stands {words.decimal(holdout['default_score'], 4)}"
            )
        )
    parts += [Text(f"note: {finding}") for finding in summary["findings"]]
    return Group(*parts)


def comparison_view(comparison: Comparison) -> RenderableType:
    """Scores of two runs on their common rows, with the interval of the difference."""
    table = comparison.table
    shown = pd.DataFrame(
        {
            "sessions": table["horizon_sessions"],
            "score": table["score"].str.replace("_", " "),
            "rows": [f"{n:,.0f}" for n in table["rows"]],
            "windows": [f"{n:,.0f}" for n in table["effective_rows"]],
            "first": [f"{v:.4f}" for v in table["first"]],
            "second": [f"{v:.4f}" for v in table["second"]],
            "difference": [f"{v:+.4f}" for v in table["difference"]],
            f"{comparison.coverage:.0%} interval": [
                f"{low:+.4f} to {high:+.4f}"
                for low, high in zip(table["difference_low"], table["difference_high"], strict=True)
            ],
            "skill of second": [f"{v:+.2%}" for v in table["skill_of_second"]],
            "p": [words.p_value(v) for v in table["dm_p_value"]],
        }
    )
    parts: list[RenderableType] = [listing(shown, right=[c for c in shown.columns if c != "score"])]
    parts.append(Text("A negative difference means that the second run is better (lower scores are)."))
    for name, count in (("first", comparison.only_first), ("second", comparison.only_second)):
        if count:
            parts.append(Text(f"{count:,} rows stand only in the {name} run and are left out."))
    return Group(*parts)


def ledger_view(frame: pd.DataFrame) -> RenderableType:
    """The recorded tables, oldest first."""
    shown = frame[["as_of", "instrument", "horizon_sessions"]].rename(
        columns={"horizon_sessions": "sessions"}
    )
    for name in ("close", "floor", "target_low"):
        shown[name] = [words.price(v, words.price_decimals(v)) for v in frame[name]]
    for scenario in ("continuation", "range", "breakdown"):
        shown[scenario] = [words.percent(v) for v in frame[f"p_{scenario}"]]
    shown["recorded_at"] = frame["recorded_at"]
    right = [c for c in shown.columns if c not in ("as_of", "instrument", "recorded_at")]
    return listing(shown, right=right, empty="The ledger is empty.")


def ledger_scores_view(score: LedgerScore) -> RenderableType:
    """How the live record stands: counts by status, scores beside the honest opponent, and the test."""
    counts = ", ".join(f"{n:,} {status}" for status, n in score.metrics["rows_by_status"].items())
    parts: list[RenderableType] = [Text(f"Recorded forecasts: {counts or 'none'}.")]
    rows = []
    for config, found in score.metrics["configs"].items():
        for horizon, block in found["horizons"].items():
            scores, test = block["scores"], block["sequential"]
            opponent = scores.get("filtered_history", {})
            rows.append(
                {
                    "config": config[:8] or words.MISSING,
                    "sessions": horizon,
                    "rows": f"{block['rows']:,}",
                    "windows": words.decimal(block["effective_rows"], 1),
                    "log loss": words.decimal(scores["model"]["log_loss_nats"], 3),
                    "of filtered history": words.decimal(opponent.get("log_loss_nats"), 3),
                    "evidence against calibration": words.decimal(test["e_value"], 2),
                    "p, any time": words.p_value(test["p_value"]),
                }
            )
    parts.append(
        listing(pd.DataFrame(rows), right=list(rows[0])[1:] if rows else (), empty="Nothing has matured yet.")
    )
    return Group(*parts)
