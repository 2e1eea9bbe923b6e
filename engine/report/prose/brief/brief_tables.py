"""The lists and tables of a brief, as Markdown lines."""

from __future__ import annotations

from collections.abc import Sequence

from engine.foreign import markdown
from engine.table import horizon_ends, words
from engine.table.pieces import HorizonTable, LevelLine, in_sight
from engine.table.scenario import Scenario

_LEVELS_SHOWN = 6


def levels_to_watch(scenario: Scenario) -> list[str]:
    """Resistance and support, nearest first, the averages among them however far they are."""
    lines: list[str] = []
    for title, found in (("Resistance", scenario.resistance), ("Support", scenario.support)):
        lines += [f"**{title}**", ""]
        lines += [f"- {markdown(_level(scenario, line))}" for line in in_sight(found, _LEVELS_SHOWN)] or [
            "- none known"
        ]
        lines += [""]
    return lines


def _level(scenario: Scenario, line: LevelLine) -> str:
    text = f"{scenario.zone(line.low, line.high)}: {line.name}"
    facts = []
    if line.distance_percent is not None:
        facts.append(f"{words.signed(line.distance_percent)}%")
    if line.touches and not line.is_average:
        facts.append(f"tested {words.times(line.touches)}")
    if line.touch_probability:
        horizon = max(line.touch_probability, key=int)
        chance = words.percent(line.touch_probability[horizon])
        facts.append(f"{chance} to be touched within {words.plural(int(horizon), 'session')}")
    if line.role not in ("resistance", "support"):
        facts.insert(0, f"the {line.role}")
    return f"{text} ({', '.join(facts)})" if facts else text


def probability_table(table: HorizonTable) -> list[str]:
    """The table of one horizon with its notes; the track record under it."""
    span = f"next {words.plural(table.horizon_sessions, 'session')}, {horizon_ends.span(table)}"
    percents = table.whole_percents
    if percents is None:
        return [f"*{words.sentence(span)}* No forecast for this date.", ""]
    names = table.baselines
    shares = {name: table.baseline_percents(name) or {} for name in names}
    head = [f"Scenario ({span})", "Probability", *(words.baseline_label(name) for name in names), "Notes"]
    lines = [_row(head), _row(["---", *["---:"] * (1 + len(names)), "---"])]
    for row in table.rows:
        interval = words.percent_range(row.low, row.high)
        share = f"**{percents[row.scenario]}%**" + (f" ({interval})" if interval else "")
        others = [
            f"{shares[n][row.scenario]}%" if row.scenario in shares[n] else words.MISSING for n in names
        ]
        lines.append(_row([markdown(row.title), share, *others, markdown(row.note)]))
    lines.append("")
    for row in table.rows:
        if row.reliability:
            lines.append(f"- {words.SCENARIO_LABELS[row.scenario]}: {markdown(row.reliability)}")
    if any(row.reliability for row in table.rows):
        lines.append("")
    tail = []
    if table.p_target_touch is not None:
        tail.append(f"The target zone is touched with probability {words.percent(table.p_target_touch)}")
    if table.p_retest_touch is not None:
        tail.append(f"the retest price with {words.percent(table.p_retest_touch)}")
    text = words.sentence(words.join(tail)) if tail else ""
    if table.effective_rows is not None:
        text += f" The forecast rests on about {words.count(table.effective_rows)} independent windows."
    text = " ".join(part for part in (text.strip(), table.reliability) if part)
    return [*lines, markdown(text), ""] if text else lines


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
