"""How a scenario table looks in a notebook: one small table without style sheets of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.foreign import html
from engine.table import words
from engine.table.outlook import outlook

if TYPE_CHECKING:  # a scenario draws itself by this module
    from engine.table.scenario import HorizonTable, Scenario

_LEFT = "text-align:left;vertical-align:top"
_RIGHT = "text-align:right;vertical-align:top;white-space:nowrap"


def scenario_html(scenario: Scenario) -> str:
    """A heading, the verdict, and one table per horizon."""
    parts = [
        f"<div><strong>{html(scenario.full_name)}</strong> after the close of {words.day(scenario.as_of)} "
        f"({scenario.price(scenario.close)}): {html(scenario.bias.label)}. "
        f"{html(scenario.bias.sentence)}",
        f"<p>{html(outlook(scenario))}</p>",
    ]
    parts.extend(_table(table) for table in scenario.horizons)
    return "".join(parts) + "</div>"


def _table(table: HorizonTable) -> str:
    percents = table.whole_percents or {}
    names = table.baselines
    shares = {name: table.baseline_percents(name) or {} for name in names}
    head = "".join(
        f'<th scope="col" style="{style}">{html(label)}</th>'
        for label, style in [
            (f"Next {words.plural(table.horizon_sessions, 'session')}", _LEFT),
            ("Probability", _RIGHT),
            *((words.baseline_label(name), _RIGHT) for name in names),
            ("Notes", _LEFT),
        ]
    )
    body = []
    for row in table.rows:
        share = percents.get(row.scenario)
        interval = words.percent_range(row.low, row.high)
        bounds = f" ({interval})" if interval else ""
        cells = [
            f'<th scope="row" style="{_LEFT}">{html(row.title)}</th>',
            f'<td style="{_RIGHT}"><strong>{_share(share)}</strong>{bounds}</td>',
            *(f'<td style="{_RIGHT}">{_share(shares[name].get(row.scenario))}</td>' for name in names),
            f'<td style="{_LEFT}">{html(row.note)}</td>',
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _share(value: int | None) -> str:
    return words.MISSING if value is None else f"{value}%"
