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
        {"setting": list(summary["best_values"]), "best": list(summary["best_values"].values())}
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
