"""How far a run can be trusted, in a terminal: skill over every baseline, and what the checks found."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.forecast.baselines import in_reading_order
from engine.report.prose.check_groups import CheckGroups
from engine.report.prose.verdicts import calibration_verdict, rules_verdict, sample_sentence
from engine.report.terminal.grid import grid
from engine.report.trust import Trust
from engine.table import words


def skill_view(trust: Trust) -> RenderableType:
    """Verdict in words, then log-loss skill over every baseline and horizon."""
    parts: list[RenderableType] = [Text(rules_verdict(trust), style="bold")]
    parts += [Text(text) for text in (calibration_verdict(trust), sample_sentence(trust)) if text]
    if any(table.skill for table in trust.horizons):
        table = grid("Skill over", left=(), right=())
        for block in trust.horizons:
            table.add_column(f"{block.horizon_sessions} sessions", justify="right", no_wrap=True)
            table.add_column(f"{words.percent(trust.interval)} interval", justify="right", no_wrap=True)
        known = {line.baseline for block in trust.horizons for line in block.skill}
        names = [name for name in in_reading_order() if name in known]
        for name in names:
            cells: list[str] = []
            for block in trust.horizons:
                line = block.against(name)
                cells += [
                    words.signed_percent(line.skill) if line else words.MISSING,
                    f"{words.signed_percent(line.low)} to {words.signed_percent(line.high)}"
                    if line and line.low is not None and line.high is not None
                    else words.MISSING,
                ]
            table.add_row(words.baseline_label(name), *cells)
        parts += [Text(), table]
    return Group(*parts)


def findings_view(groups: CheckGroups) -> RenderableType:
    """Issues and tips with their explanation; passed checks as a count."""
    parts: list[RenderableType] = []
    for entries in (groups.issues, groups.tips):
        for entry in entries:
            line = Text()
            severity = entry["severity"]
            line.append(f"{severity}: ", style="bold red" if severity == "failure" else "bold")
            line.append(entry["title"])
            line.append(f"  [{entry['code']}]", style="dim")
            parts.append(line)
            if entry["explanation"]:
                parts.append(Padding(Text(entry["explanation"]), (0, 0, 0, 2), expand=False))
    passed = words.plural(len(groups.passed), "check")
    tail = f"{passed} passed"
    if groups.not_applicable:
        tail += f", {len(groups.not_applicable)} not applicable"
    parts.append(Text(tail + "."))
    return Group(*parts)
