"""Small tables of the commands that list things: runs, data findings, a search, a comparison, the ledger."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.bars.findings import BarFinding
from engine.bars.series import BarSeries
from engine.report.terminal.terminal import make_console
from engine.scenarios import whole_percents
from engine.table import words
from engine.verify.ledger.score import LedgerScore
from engine.verify.skill.compare import Comparison


def listing(
    frame: pd.DataFrame,
    *,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
    empty: str = "nothing to list",
) -> RenderableType:
    """A data frame as an aligned table; columns in ``right`` are aligned right, missing values are a dash.

    What is too long for the terminal goes on in the next line: a shortened name or number is of no use.
    """
    if frame.empty:
        return Text(empty)
    right, whole = set(right), set(whole)
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0)
    )
    for name in frame.columns:
        # a key of the config stands as it is typed
        label = str(name) if "." in str(name) else str(name).replace("_", " ")
        if name in right:
            table.add_column(label, justify="right", no_wrap=True)
        else:
            table.add_column(label, overflow="fold", no_wrap=name in whole)
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
    origins: dict[str, list[str]] = {}
    for one in bars.values():
        if one.around.origin:
            origins.setdefault(one.around.origin, []).append(one.symbol)
    parts += [Text(f"{', '.join(symbols)}: {origin}", style="dim") for origin, symbols in origins.items()]
    parts += [_finding_line(finding) for finding in _said_once(findings)]
    if not findings:
        parts.append(Text("Nothing to remark."))
    return Group(*parts)


def _said_once(findings: Sequence[BarFinding]) -> list[BarFinding]:
    """What several instruments have in the same words is one finding with all their symbols, at the place of the first."""
    several: dict[BarFinding, list[str]] = {}
    for finding in findings:
        several.setdefault(replace(finding, symbol=""), []).append(finding.symbol)
    return [replace(finding, symbol=", ".join(symbols)) for finding, symbols in several.items()]


def tell_bar_findings(findings: list[BarFinding]) -> None:
    """Print what was found in the bars on stderr; nothing where nothing was found."""
    if findings:
        make_console(sys.stderr).print(bar_findings_view(findings))


def bar_findings_view(findings: list[BarFinding], most: int = 5) -> RenderableType:
    """What was found in the bars, worst first: at most five lines, and how many more there are.

    A finding that stops nothing is told for the first instrument that has it, with how many others have it too.
    """
    lines: list[tuple[BarFinding, list[BarFinding]]] = []
    for finding in findings:
        alike = None if finding.stops else _line_of_another(finding, lines)
        if alike is None:
            lines.append((finding, []))
        else:
            alike.append(finding)
    parts: list[RenderableType] = [
        _finding_line(finding, len({other.symbol for other in alike})) for finding, alike in lines[:most]
    ]
    left = sum(1 + len(alike) for _, alike in lines[most:])
    if left:
        parts.append(Text(f"and {words.plural(left, 'finding')} more: `engine check` lists all", style="dim"))
    return Group(*parts)


def _line_of_another(
    finding: BarFinding, lines: Sequence[tuple[BarFinding, list[BarFinding]]]
) -> list[BarFinding] | None:
    """What is alike on the line of another instrument; None where there is no such line yet."""
    for told, alike in lines:
        if (told.code, told.severity) == (finding.code, finding.severity) and told.symbol != finding.symbol:
            return alike
    return None


def _finding_line(finding: BarFinding, alike: int = 0) -> Text:
    grave = finding.severity == "failure"
    line = Text(f"{finding.severity}: ", style="bold red" if grave else "bold")
    line.append(f"{finding.symbol}: {finding.text}", style="not bold default")
    if finding.accepted is not None:
        line.append(f" Accepted: {finding.accepted}.", style="not bold default")
    elif grave:
        line.append(f" Remedy: {finding.remedy}.", style="not bold default")
    if alike:
        line.append(f" {words.plural(alike, 'other instrument')} alike.", style="not bold default")
    line.append(f"  [{finding.code}]", style="dim")
    return line


def tuning_view(summary: Mapping[str, Any]) -> RenderableType:
    """The best values, the holdout and what a reader must know before using them."""
    objective = str(summary["objective"])

    def score(value: Any) -> str:
        return words.signed_percent(value, 2) if "skill" in objective else words.decimal(value, 4)

    parts: list[RenderableType] = [
        Text(f"{summary['group']} group: {objective.replace('_', ' ')}", style="bold"),
        Text(
            f"best {score(summary['best_score'])}, config as it stands {score(summary['default_score'])}; "
            f"{words.plural(summary['trials'], 'trial')}, {summary['trials_failed']} failed"
        ),
    ]
    values = pd.DataFrame(
        {
            "setting": list(summary["best_values"]),
            "best": [f"{v:.4g}" if isinstance(v, float) else str(v) for v in summary["best_values"].values()],
        }
    )
    parts.append(listing(values, right=("best",), empty="no trial beat the config as it stands"))
    holdout = summary["holdout"]
    if holdout is not None:
        parts.append(
            Text(
                f"holdout from {words.day(holdout['first_date'])} ({words.plural(holdout['sessions'], 'session')}, "
                f"look {holdout['look']}): best {score(holdout['best_score'])}, "
                f"as it stands {score(holdout['default_score'])}"
            )
        )
    overfitting = summary.get("probability_of_overfitting")
    if overfitting is not None:
        parts.append(
            Text(
                f"probability of backtest overfitting {words.percent(overfitting)}: how often the best of these trials "
                "does worse than their median out of sample"
            )
        )
    parts += [Text(f"note: {words.signs(str(finding))}") for finding in summary["findings"]]
    return Group(*parts)


_SCORES = {"log_loss_nats": "log loss, nats", "brier": "Brier", "rps": "ranked prob."}


def comparison_view(comparison: Comparison) -> RenderableType:
    """Scores of two runs on their common rows, one table per horizon, with the interval of the difference."""
    parts: list[RenderableType] = []
    for horizon, rows in comparison.table.groupby("horizon_sessions", sort=True):
        first = rows.iloc[0]
        parts.append(
            Text(
                f"{horizon} sessions: {words.count(first['rows'])} common rows, about "
                f"{words.count(first['effective_rows'])} independent windows",
                style="bold",
            )
        )
        shown = pd.DataFrame(
            {
                "score": [_SCORES.get(name, name.replace("_", " ")) for name in rows["score"]],
                "first": [words.decimal(v, 4) for v in rows["first"]],
                "second": [words.decimal(v, 4) for v in rows["second"]],
                "change": [words.signed(v, 4) for v in rows["difference"]],
                f"{comparison.coverage:.0%} interval": [
                    f"{words.signed(low, 4)} to {words.signed(high, 4)}"
                    for low, high in zip(rows["difference_low"], rows["difference_high"], strict=True)
                ],
                "skill": [words.signed_percent(v, 2) for v in rows["skill_of_second"]],
                "p": [words.p_value(v) for v in rows["dm_p_value"]],
            }
        )
        parts += [listing(shown, right=[c for c in shown.columns if c != "score"]), Text()]
    parts.append(
        Text(
            "Change: second minus first; below 0 the second run is better (lower scores are). "
            "Skill: of the second over the first. p: Diebold-Mariano."
        )
    )
    for name, count in (("first", comparison.only_first), ("second", comparison.only_second)):
        if count:
            parts.append(Text(f"{count:,} rows stand only in the {name} run and are left out."))
    return Group(*parts)


def sweep_view(summary: Mapping[str, Any], table: pd.DataFrame) -> RenderableType:
    """The best points of a sweep, and how good the best would look by luck."""
    scores = table[table["metric"] == "log_loss_skill"].groupby("point")["value"].mean()
    best = scores.sort_values(ascending=False, kind="stable").head(10)
    paths = list(table.columns[1 : list(table.columns).index("reason")])
    rows = table.drop_duplicates("point").set_index("point").loc[best.index, paths].astype(str)
    rows.insert(0, "point", [str(point) for point in best.index])
    rows["skill"] = [words.signed_percent(value, 2) for value in best]
    parts: list[RenderableType] = [
        Text(
            f"{words.plural(summary['points'], 'point')}, {summary['failed']} failed; skill over filtered history, mean "
            "over the horizons; the best:"
        ),
        listing(rows.reset_index(drop=True), right=("skill",), empty="no point has a score"),
    ]
    forecasts = summary["forecasts"]
    if forecasts < len(scores):
        parts.append(
            Text(
                f"They share {words.plural(forecasts, 'forecast')}: what decides on trades alone moves no skill."
            )
        )
    luck = summary["luck"]
    if luck is not None:
        parts.append(
            Text(
                f"by luck alone the best of them shows {words.signed_percent(luck['best_median'], 2)} in half of all sweeps, "
                f"more than {words.signed_percent(luck['best_high'], 2)} in one of twenty; p {words.p_value(luck['p_value'])}"
            )
        )
    return Group(*parts)


def runs_view(runs: pd.DataFrame, results: object) -> RenderableType:
    """Run folders, oldest first; the name opens a run, so it is never shortened, and it holds the time of the start."""
    shown = runs.drop(columns=[name for name in ("started_at",) if name in runs])
    if "failed_checks" in shown:
        # a column of its own leaves no room for the name in 80 columns
        failed = shown.pop("failed_checks").fillna(0).astype(int)
        checks = [f", {words.plural(n, 'check')} failed" if n else "" for n in failed]
        shown["status"] = [f"{status}{more}" for status, more in zip(shown["status"], checks, strict=True)]
    return listing(
        shown.rename(columns={"instruments": "symbols"}),
        whole=("run", "kind", "last_date"),
        empty=f"no runs under {results}",
    )


def ledger_view(frame: pd.DataFrame) -> RenderableType:
    """The recorded tables, oldest first."""
    shown = pd.DataFrame(
        {"as of": frame["as_of"], "instrument": frame["instrument"], "sessions": frame["horizon_sessions"]}
    )
    for name, title in (("close", "close"), ("floor", "floor"), ("target_low", "target")):
        shown[title] = [words.price(v, words.price_decimals(v)) for v in frame[name]]
    titles = {name: words.SCENARIO_LABELS[name].lower() for name in words.DISPLAY_ORDER}
    probabilities = frame[[f"p_{scenario}" for scenario in titles]].to_numpy(dtype=float)
    shares = [whole_percents(row) for row in probabilities.tolist()]
    for place, title in enumerate(titles.values()):
        shown[title] = [f"{row[place]}%" for row in shares]
    shown["recorded"] = frame["recorded_at"].str[:10]
    right = [c for c in shown.columns if c not in ("as of", "instrument", "recorded")]
    return listing(shown, right=right, empty="The ledger is empty.")


def ledger_scores_view(score: LedgerScore) -> RenderableType:
    """How the live record stands: counts by status, scores beside the honest opponent, and the test."""
    counts = ", ".join(f"{n:,} {status}" for status, n in score.metrics["rows_by_status"].items())
    parts: list[RenderableType] = [Text(f"Recorded forecasts: {counts or 'none'}.")]
    rows = []
    for config, found in score.metrics["configs"].items():
        for horizon, block in found["horizons"].items():
            scores, test = block["scores"], block["sequential"]
            opponent, against = scores.get("filtered_history", {}), block.get("comparison", {})
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
                    "better": words.decimal(against.get("e_better"), 2),
                    "worse": words.decimal(against.get("e_worse"), 2),
                }
            )
    parts.append(
        listing(pd.DataFrame(rows), right=list(rows[0])[1:] if rows else (), empty="Nothing has matured yet.")
    )
    if rows:
        parts.append(
            Text(
                "Evidence may be looked at every day; 20 is what a 5% test asks for. Better, worse: on average than "
                "filtered history. Such tests are slow: log-odds 1.5 times too large are noticed within ten years in 15 "
                "to 72 of 100 histories, so a small number says little.",
                style="dim",
            )
        )
    return Group(*parts)
