"""Many instruments in a few lines: one line each, those first where the table and distance and volatility disagree most."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.report.prose.apart import disagreement
from engine.scenarios import SCENARIOS
from engine.table import words
from engine.table.scenario import Scenario

LINES = 12  # instruments shown, so that everything that a run prints fits into 40 lines


def universe_view(scenarios: Sequence[Scenario]) -> RenderableType:
    """One line for each of the :data:`LINES` instruments that differ most from filtered history."""
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0)
    )
    table.add_column("Instrument", no_wrap=True)
    for name in ("Close", "Bias", *words.SCENARIO_LABELS.values(), "From FHS"):
        table.add_column(name, justify="left" if name == "Bias" else "right", no_wrap=True)
    ranked = sorted(scenarios, key=lambda scenario: -(disagreement(scenario) or 0.0))
    for scenario in ranked[:LINES]:
        longest = scenario.longest
        shares = (longest.whole_percents if longest is not None else None) or {}
        apart = disagreement(scenario)
        table.add_row(
            scenario.instrument,
            scenario.price(scenario.close),
            scenario.bias.label,
            *(f"{shares[name]}%" if name in shares else words.MISSING for name in reversed(SCENARIOS)),
            words.MISSING if apart is None else f"{100.0 * apart:.1f} points",
        )
    more = len(scenarios) - LINES
    said = "From FHS: largest difference from distance and volatility alone"
    said += f"; {more} more instruments" if more > 0 else ""
    return Group(table, Text(f"  {said}. `engine show RUN --symbol S` is the table of one.", style="dim"))
