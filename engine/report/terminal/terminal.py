"""The same tables in a terminal: aligned, with units, readable without colour and at 80 columns.

Colour means one thing: blue is continuation, yellow is range, red is breakdown; a failed check is red with
the word in front of it.  Nothing is said by colour alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engine.forecast.baselines import BASELINES, in_reading_order
from engine.report.prose.backtest_words import backtest_verdict
from engine.report.prose.check_groups import CheckGroups, group_findings
from engine.report.prose.trading_words import curve_sentences
from engine.report.prose.verdicts import calibration_verdict, rules_verdict, sample_sentence
from engine.report.terminal.plain_text import PlainTextConsole
from engine.report.terminal.universe import universe_view
from engine.report.trust import Trust, member_sentences, read_metrics
from engine.table import horizon_ends, words
from engine.table.outlook import against_opponent, outlook
from engine.table.pieces import in_sight
from engine.table.scenario import HorizonTable, LevelLine, Scenario

SCENARIO_STYLES = {"continuation": "blue", "range": "yellow", "breakdown": "red"}
_PLAIN_WIDTH = 100
MANY = 4  # so many instruments are shown in a line each
_TITLES = 5


def make_console(file: IO[str] | None = None) -> Console:
    """A console that is plain (no colour, fixed width) when ``file`` is no terminal."""
    file = sys.stdout if file is None else file
    if file.isatty():
        return PlainTextConsole(file=file, highlight=False, markup=False, emoji=False)
    return PlainTextConsole(
        file=file, highlight=False, markup=False, emoji=False, no_color=True, width=_PLAIN_WIDTH
    )


def scenario_view(scenario: Scenario, levels: bool = True) -> RenderableType:
    """Heading, reading, verdict, one table per horizon, and the levels to watch."""
    parts: list[RenderableType] = [_heading(scenario)]
    parts.append(Text(outlook(scenario), style="bold"))
    if scenario.bias.flip_sentence:
        parts.append(Text(scenario.bias.flip_sentence))
    for table in scenario.horizons:
        parts.append(Text())
        parts.extend(_horizon(scenario, table))
    legend = _legend(scenario)
    if legend:
        parts.append(Text(f"  {legend}", style="dim"))
    if levels:
        parts.append(Text())
        parts.append(levels_view(scenario))
    return Group(*parts)


def levels_view(scenario: Scenario, limit: int | None = 6) -> RenderableType:
    """Levels to watch: resistance above and support below, each nearest first.

    Without a limit the table is the whole book, with the distance in sigma as well.
    """
    if not scenario.levels:
        return Text("No levels are known at this close.")
    horizon = _touch_horizon(scenario.levels)
    whole = limit is None
    table = _table(
        "Level", left=("Name",), right=("Away", "ATR", *(("Sigma",) if whole else ()), "Tests", "Age")
    )
    if horizon:
        table.add_column(f"Touch {horizon}", justify="right", no_wrap=True)
    for title, lines in (("Resistance", scenario.resistance), ("Support", scenario.support)):
        shown = in_sight(lines, limit)
        table.add_row(Text(title, style="bold"))
        for line in shown:
            table.add_row(*_level_cells(scenario, line, horizon, with_sigma=whole))
        if not lines:
            table.add_row(Text("  none"))
        elif len(lines) > len(shown):
            table.add_row(Text(f"  and {len(lines) - len(shown)} more", style="dim"))
    legend = "Away: from the close to the nearer edge; age in sessions"
    if horizon:
        legend += f"; touch {horizon}: probability of a touch within {horizon} sessions"
    return Group(table, Text(f"  {words.sentence(legend)}", style="dim"))


def book_view(scenario: Scenario) -> RenderableType:
    """The whole level book of a date, with role history; stands under :func:`scenario_view`."""
    parts: list[RenderableType] = [Text(), levels_view(scenario, limit=None)]
    history = [line for line in scenario.levels if line.role_history]
    if history:
        table = _table("Level", left=("Role history",), right=())
        for line in history:
            table.add_row(_zone(scenario, line), words.dated(line.role_history))
        parts += [Text(), table]
    return Group(*parts)


def skill_view(trust: Trust) -> RenderableType:
    """Verdict in words, then log-loss skill over every baseline and horizon."""
    parts: list[RenderableType] = [Text(rules_verdict(trust), style="bold")]
    parts += [Text(text) for text in (calibration_verdict(trust), sample_sentence(trust)) if text]
    if any(table.skill for table in trust.horizons):
        table = _table("Skill over", left=(), right=())
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


def run_view(
    scenarios: Sequence[Scenario | Mapping[str, Any]],
    metrics: Mapping[str, Any] | None,
    interval: float = 0.90,
) -> RenderableType:
    """What ``engine run`` prints: the table of each instrument, how far to trust it, what the checks found."""
    tables = [item if isinstance(item, Scenario) else Scenario.from_dict(item) for item in scenarios]
    parts: list[RenderableType] = []
    many = len(tables) >= MANY
    if many:
        parts += [universe_view(tables), Text()]
    for scenario in [] if many else tables:
        parts += [scenario_view(scenario), Text()]
    trust = read_metrics(metrics, interval)
    parts.append(skill_view(trust))
    parts += [Text(sentence) for sentence in member_sentences(metrics)]
    traded = [backtest_verdict(trust.backtest, interval), " ".join(curve_sentences(trust.backtest))]
    parts += [Text(), *(Text(sentence) for sentence in traded if sentence)] if any(traded) else []
    parts.append(Text())
    groups = group_findings(metrics)
    parts.append(_titles(groups) if many else findings_view(groups))
    return Group(*parts)


def _titles(groups: CheckGroups) -> RenderableType:
    """What the checks found in one paragraph: the report explains each."""
    found = [f"{e['severity']}: {e['title']} [{e['code']}]" for e in (*groups.issues, *groups.tips)]
    said = "; ".join(found[:_TITLES]) + (f"; and {len(found) - _TITLES} more" if len(found) > _TITLES else "")
    return Text(f"{said or 'No check found anything'}. {words.plural(len(groups.passed), 'check')} passed.")


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


# --- pieces ---------------------------------------------------------------------------------------


def _heading(scenario: Scenario) -> RenderableType:
    line = Text()
    line.append(scenario.full_name, style="bold")
    line.append(f"  after the close of {words.day(scenario.as_of)}  {scenario.price(scenario.close)}")
    reading = Text()
    reading.append(scenario.bias.label.capitalize(), style="bold")
    if scenario.bias.sentence:
        reading.append(f". {scenario.bias.sentence}")
    return Group(line, reading)


def _horizon(scenario: Scenario, table: HorizonTable) -> list[RenderableType]:
    title = f"Next {words.plural(table.horizon_sessions, 'session')} ({horizon_ends.span(table)})"
    percents = table.whole_percents
    if percents is None:
        return [Text(title, style="bold"), Text("  No forecast for this date.")]
    names = table.baselines
    with_interval = any(row.low is not None for row in table.rows)
    view = _table(title, left=(), right=("Prob.",))
    if with_interval:
        view.add_column("Interval", justify="right", no_wrap=True)
    shares = {name: table.baseline_percents(name) or {} for name in names}
    for name in names:
        view.add_column(BASELINES[name].short, justify="right", no_wrap=True)
    for row in table.rows:
        cells: list[RenderableType] = [
            Text(row.title, style=SCENARIO_STYLES[row.scenario]),
            Text(f"{percents[row.scenario]}%", style="bold"),
        ]
        if with_interval:
            cells.append(words.percent_range(row.low, row.high) or words.MISSING)
        for name in names:
            share = shares[name].get(row.scenario)
            cells.append(words.MISSING if share is None else f"{share}%")
        view.add_row(*cells)
    parts: list[RenderableType] = [view]
    for row in table.rows:
        note = Text("  ")
        note.append(words.SCENARIO_LABELS[row.scenario], style=SCENARIO_STYLES[row.scenario])
        note.append(f": {' '.join(filter(None, (row.note, row.reliability)))}")
        parts.append(note)
    against = against_opponent(table)
    if against:
        parts.append(Text(f"  {against}"))
    tail = _touches(table)
    if tail:
        parts.append(Text(f"  {tail}"))
    if table.reliability:
        parts.append(Text(f"  {table.reliability}"))
    return parts


def _touches(table: HorizonTable) -> str:
    found = []
    if table.p_target_touch is not None:
        found.append(f"target touched {words.percent(table.p_target_touch)}")
    if table.p_retest_touch is not None:
        found.append(f"retest touched {words.percent(table.p_retest_touch)}")
    if table.effective_rows is not None:
        found.append(f"from {words.count(table.effective_rows)} independent windows")
    return words.sentence(", ".join(found))


def _legend(scenario: Scenario) -> str:
    table = scenario.longest
    if table is None or not table.available:
        return ""
    shown = [BASELINES[name] for name in table.baselines]
    return words.sentence("; ".join(f"{one.short}: {one.meaning}" for one in shown))


def _level_cells(
    scenario: Scenario, line: LevelLine, horizon: str, with_sigma: bool
) -> Sequence[RenderableType]:
    name = Text(words.capital(line.name))
    if line.role not in ("resistance", "support"):
        name.append(f" ({line.role})", style="dim")
    cells: list[RenderableType] = [
        Text("  " + _zone(scenario, line)),
        name,
        words.signed(line.distance_percent) + "%",
        _distance(line.distance_atr),
        *([_distance(line.distance_sigma)] if with_sigma else []),
        words.MISSING if line.is_average else str(line.touches),
        words.MISSING if line.is_average else str(line.age_sessions),
    ]
    if horizon:
        cells.append(words.percent(line.touch_probability.get(horizon)))
    return cells


def _distance(signed: float | None) -> str:
    return words.decimal(None if signed is None else abs(signed), 1)


def _zone(scenario: Scenario, line: LevelLine) -> str:
    return scenario.zone(line.low, line.high)


def _touch_horizon(lines: Iterable[LevelLine]) -> str:
    horizons = {int(h) for line in lines for h in line.touch_probability}
    return str(max(horizons)) if horizons else ""


def _table(first: str, left: Sequence[str], right: Sequence[str]) -> Table:
    # one space beside the box's own: at 80 columns a table of the book has to keep room for names
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0)
    )
    table.add_column(first, overflow="fold", min_width=14)
    for name in left:
        table.add_column(name, overflow="fold", ratio=1)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
