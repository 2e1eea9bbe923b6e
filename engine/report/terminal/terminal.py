"""The same tables in a terminal: aligned, with units, readable without colour and at 80 columns.

Colour means one thing: blue is up, yellow is between, red is down; a failed check is red with
the word in front of it.  Nothing is said by colour alone.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.forecast.baselines import BASELINES
from engine.report.prose.around import ahead_lines, fundamentals_lines
from engine.report.prose.attribution_words import attribution_sentence
from engine.report.prose.backtest_words import backtest_verdict
from engine.report.prose.check_groups import CheckGroups, group_findings
from engine.report.prose.overview import structure
from engine.report.prose.since import since_yesterday
from engine.report.prose.trading_words import curve_sentences
from engine.report.prose.verdicts import calibration_verdict, rules_verdict
from engine.report.terminal.grid import grid
from engine.report.terminal.plain_text import PlainTextConsole
from engine.report.terminal.trust_view import findings_view, skill_view
from engine.report.terminal.universe import universe_view
from engine.report.trust import member_sentences, read_metrics
from engine.table import horizon_ends, words
from engine.table.outlook import against_opponent, outlook
from engine.table.pieces import in_sight
from engine.table.scenario import HorizonTable, LevelLine, Scenario

SCENARIO_STYLES = {"continuation": "blue", "range": "yellow", "breakdown": "red"}
_PLAIN_WIDTH = 100
MANY = 4  # so many instruments are shown in a line each
_TITLES = 5
SCREEN = 30  # lines that one instrument takes at most, unless more is asked for


def make_console(file: IO[str] | None = None) -> Console:
    """A console that is plain (no colour, fixed width) when ``file`` is no terminal."""
    file = sys.stdout if file is None else file
    if file.isatty():
        return PlainTextConsole(file=file, highlight=False, markup=False, emoji=False)
    return PlainTextConsole(
        file=file, highlight=False, markup=False, emoji=False, no_color=True, width=_PLAIN_WIDTH
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of a table is shown: by default what fits one screen of thirty lines.

    Attributes
    ----------
    horizon : sessions; None: the longest.
    full : every horizon, with track record, touches and legend.
    explain : what each fact adds, in points.
    levels : how many levels on either side; 0 names them in a line.
    """

    horizon: int | None = None
    full: bool = False
    explain: bool = False
    levels: int = 2


FIRST_SCREEN = Shown()
_IN_A_RUN = Shown(levels=0)


def scenario_view(scenario: Scenario, shown: Shown = FIRST_SCREEN) -> RenderableType:
    """Heading, reading, verdict, what changed, the table of one horizon with its reasons, and the levels to watch."""
    parts: list[RenderableType] = [_heading(scenario)]
    parts.append(Text(outlook(scenario), style="bold"))
    parts += [Text(text) for text in (structure(scenario), since_yesterday(scenario)) if text]
    tables = scenario.horizons[::-1]
    if not shown.full:
        tables = tuple(t for t in tables if t.horizon_sessions == shown.horizon) or tables[:1]
    for table in tables:
        parts.append(Text())
        parts.extend(_horizon(scenario, table, shown))
    if shown.full and (legend := _legend(scenario)):
        parts.append(_indented(Text(legend, style="dim")))
    if shown.full and shown.levels:
        return Group(*parts, Text(), levels_view(scenario))
    for limit in range(shown.levels, 0, -1):
        view = Group(*parts, Text(), levels_view(scenario, limit))
        if shown.explain or _height(view) <= SCREEN:
            return view
    return Group(*parts, Text(), *_levels_in_a_line(scenario))


def _height(view: RenderableType) -> int:
    console = Console(file=io.StringIO(), width=_PLAIN_WIDTH)
    return len(console.render_lines(view))


def _levels_in_a_line(scenario: Scenario, most: int = 3) -> list[RenderableType]:
    """The nearest levels above and below, each with the edge it is."""
    found: list[RenderableType] = []
    for title, lines in (("Above", scenario.resistance), ("Below", scenario.support)):
        told = [
            _zone(scenario, line) + ("" if line.role in ("resistance", "support") else f" ({line.role})")
            for line in in_sight(lines, most)
            if not line.is_average
        ]
        found.append(Text(f"{title}: {', '.join(told) or 'no level'}"))
    return found


def levels_view(scenario: Scenario, limit: int | None = 6) -> RenderableType:
    """Levels to watch: resistance above and support below, each nearest first; edges and averages are never left out.

    Without a limit the table is the whole book, with the distance in sigma as well.
    """
    if not scenario.levels:
        return Text("No levels are known at this close.")
    horizon = _touch_horizon(scenario.levels)
    whole = limit is None
    table = grid(
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
        elif len(lines) > len(shown) and (limit or 0) > 2:
            table.add_row(Text(f"  and {len(lines) - len(shown)} more", style="dim"))
    if limit is not None and limit <= 2:
        return table
    legend = "Away: from the close to the nearer edge; age in sessions"
    if horizon:
        legend += f"; touch {horizon}: probability of a touch within {horizon} sessions"
    return Group(table, _indented(Text(words.sentence(legend), style="dim")))


def text_view(lines: Sequence[str]) -> RenderableType:
    """Sentences, each on a line of its own."""
    return Group(*(Text(line, style="bold") for line in lines))


def around_view(scenario: Scenario) -> RenderableType:
    """What was known from outside the bars, and what was scheduled; nothing where nothing is configured."""
    parts: list[RenderableType] = []
    for title, lines in (("Fundamentals", fundamentals_lines(scenario)), ("Ahead", ahead_lines(scenario))):
        if lines:
            parts += [Text(), Text(title, style="bold"), *(_indented(Text(line)) for line in lines)]
    return Group(*parts)


def book_view(scenario: Scenario) -> RenderableType:
    """The whole level book of a date, with role history; stands under :func:`scenario_view`."""
    parts: list[RenderableType] = [Text(), levels_view(scenario, limit=None)]
    history = [line for line in scenario.levels if line.role_history]
    if history:
        table = grid("Level", left=("Role history",), right=())
        for line in history:
            table.add_row(_zone(scenario, line), words.dated(line.role_history))
        parts += [Text(), table]
    return Group(*parts)


def run_view(
    scenarios: Sequence[Scenario | Mapping[str, Any]],
    metrics: Mapping[str, Any] | None,
    interval: float = 0.90,
    full: bool = False,
) -> RenderableType:
    """What ``engine run`` prints: the table of each instrument, how far to trust it, what the checks found.

    By default one instrument fits thirty lines; ``full`` adds every horizon, skill over every baseline, and what each check
    says.
    """
    tables = [item if isinstance(item, Scenario) else Scenario.from_dict(item) for item in scenarios]
    parts: list[RenderableType] = []
    if len(tables) >= MANY:
        parts += [universe_view(tables), Text()]
    else:
        for scenario in tables:
            parts += [scenario_view(scenario, Shown(full=True) if full else _IN_A_RUN), Text()]
    trust = read_metrics(metrics, interval)
    traded = [backtest_verdict(trust.backtest, interval), " ".join(curve_sentences(trust.backtest))]
    groups = group_findings(metrics)
    if full:
        members = [Text(sentence) for sentence in member_sentences(metrics)]
        told = [Text(sentence) for sentence in traded if sentence]
        return Group(*parts, skill_view(trust), *members, Text(), *told, findings_view(groups))
    parts.append(Text(rules_verdict(trust), style="bold"))
    parts += [Text(text) for text in (calibration_verdict(trust, short=True),) if text]
    parts += [Text(sentence) for sentence in member_sentences(metrics)]
    parts.append(_titles(groups))
    return Group(*parts)


def _titles(groups: CheckGroups) -> RenderableType:
    """What the checks found in one paragraph: the report explains each."""
    found = [f"{e['severity']}: {e['title']} [{e['code']}]" for e in (*groups.issues, *groups.tips)]
    said = "; ".join(found[:_TITLES]) + (f"; and {len(found) - _TITLES} more" if len(found) > _TITLES else "")
    return Text(f"{said or 'No check found anything'}. {words.plural(len(groups.passed), 'check')} passed.")


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


def _horizon(scenario: Scenario, table: HorizonTable, shown: Shown) -> list[RenderableType]:
    title = f"Next {words.plural(table.horizon_sessions, 'session')} ({horizon_ends.span(table)})"
    percents = table.whole_percents
    if percents is None:
        return [Text(title, style="bold"), Text("  No forecast for this date.")]
    names = table.baselines
    with_interval = any(row.low is not None for row in table.rows)
    view = grid(title, left=(), right=("Prob.",))
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
        note = Text()
        note.append(words.SCENARIO_LABELS[row.scenario], style=SCENARIO_STYLES[row.scenario])
        note.append(f": {' '.join(filter(None, (row.note, row.reliability if shown.full else '')))}")
        parts.append(_indented(note))
        if shown.explain and (taken_apart := attribution_sentence(row)):
            parts.append(_indented(Text(taken_apart, style="dim"), 4))
    against = against_opponent(table)
    if against:
        parts.append(_indented(Text(against)))
    if not shown.full:
        return parts
    tail = _touches(table)
    if tail:
        parts.append(_indented(Text(tail)))
    if table.reliability:
        parts.append(_indented(Text(table.reliability)))
    return parts


def _indented(text: Text, by: int = 2) -> Padding:
    """A text whose further lines stand under its first."""
    return Padding(text, (0, 0, 0, by), expand=False)


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
