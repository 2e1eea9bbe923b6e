"""Reliability diagrams: what came true against what was said, one panel per scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine.report.charts import style
from engine.table import words

WIDTH, HEIGHT = 1080, 380
_ACROSS = 3  # diagrams in a row
_BINS = 25
_FEW = 3  # distinct forecasts that are drawn as points and not as a line


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityPanel:
    """The numbers of one diagram.

    Attributes
    ----------
    forecast, observed : (g,) the isotonic recalibration at ascending forecasts.
    band_low, band_high : (g,) where the line of an exact forecast would lie; NaN without bands.
    forecasts : (n,) the probabilities themselves, for the histogram; empty where they are not at hand.
    caption : one or two short lines of figures under the title.
    """

    scenario: str
    forecast: np.ndarray
    observed: np.ndarray
    band_low: np.ndarray
    band_high: np.ndarray
    forecasts: np.ndarray
    caption: str = ""


def panel_from_table(
    scenario: str, table: pd.DataFrame, forecasts: np.ndarray, caption: str
) -> ReliabilityPanel:
    """The panel of one class from verification's table (columns forecast, observed, band_low, band_high)."""
    rows = table.sort_values("forecast", kind="stable")
    return ReliabilityPanel(
        scenario=scenario,
        forecast=rows["forecast"].to_numpy(float),
        observed=rows["observed"].to_numpy(float),
        band_low=rows["band_low"].to_numpy(float),
        band_high=rows["band_high"].to_numpy(float),
        forecasts=forecasts,
        caption=caption,
    )


def reliability_chart(horizon: int, panels: Sequence[ReliabilityPanel], coverage: float = 0.90) -> str | None:
    """SVG with the diagrams of one horizon side by side; None without panels."""
    if not panels:
        return None
    several_rows = -(-len(panels) // _ACROSS)
    label = (
        f"Reliability at {horizon} sessions: observed frequency against forecast probability for "
        f"{words.join([panel.scenario for panel in panels])}, with the {words.percent(coverage)} band of an exact "
        "forecast and the distribution of forecasts below."
    )

    def build(figure: Figure) -> None:
        # the same room above and below each row, however many there are
        grid = figure.add_gridspec(
            several_rows, min(len(panels), _ACROSS), left=0.05, right=0.98, top=1 - 0.15 / several_rows,
            bottom=0.13 / several_rows, wspace=0.16, hspace=0.38,
        )  # fmt: skip
        for i, panel in enumerate(panels):
            draw_reliability(figure.add_subplot(grid[i]), panel, first=i % _ACROSS == 0)

    return style.render(f"reliability-{horizon}", label, WIDTH, HEIGHT * several_rows, build)


def draw_reliability(axes: Axes, panel: ReliabilityPanel, first: bool = True) -> None:
    """One diagram on ``axes``; ``first`` names the vertical axis."""
    colour = style.SCENARIO_COLOURS.get(panel.scenario, style.INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid()
    axes.plot([0, 1], [0, 1], color=style.FAINT, lw=1, ls=(0, (3, 3)), zorder=2)
    few = 0 < len(np.unique(panel.forecast.round(6))) <= _FEW
    if (
        few
    ):  # a handful of tables said over and over: points, each with the band that a perfect one would have
        axes.vlines(
            panel.forecast, panel.band_low, panel.band_high, color=style.ZONE, alpha=0.45, lw=9, zorder=2
        )
        axes.plot(panel.forecast, panel.observed, "o", color=colour, ms=8, zorder=5)
    elif np.isfinite(panel.band_low).any():
        axes.fill_between(
            panel.forecast, panel.band_low, panel.band_high, color=style.ZONE, alpha=0.25, lw=0, zorder=1
        )
    if len(panel.forecasts):
        counts, edges = np.histogram(panel.forecasts, bins=_BINS, range=(0.0, 1.0))
        heights = 0.16 * counts / max(int(counts.max()), 1)
        axes.bar(
            edges[:-1],
            heights,
            width=np.diff(edges) * 0.92,
            align="edge",
            color=colour,
            alpha=0.35,
            lw=0,
            zorder=1,
        )
    if len(panel.forecast) and not few:
        # at its ends the line rests on a handful of forecasts: drawn thin where fewer than 1 % lie beyond
        axes.plot(panel.forecast, panel.observed, color=colour, lw=0.9, alpha=0.7, zorder=3)
        said = panel.forecasts if len(panel.forecasts) else panel.forecast
        low, high = np.quantile(said, [0.01, 0.99])
        firm = (panel.forecast >= low) & (panel.forecast <= high)
        axes.plot(
            panel.forecast[firm],
            panel.observed[firm],
            color=colour,
            lw=2.4,
            zorder=4,
            solid_joinstyle="round",
        )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    names = ["0", "25%", "50%", "75%", "100%"]
    axes.set_xticks(ticks, names)
    axes.set_yticks(ticks, names if first else [""] * 5)
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("forecast probability")
    if first:
        axes.set_ylabel("share that came true")
    axes.text(
        0,
        1.145,
        words.SCENARIO_LABELS.get(panel.scenario, panel.scenario),
        transform=axes.transAxes,
        fontweight="bold",
        fontsize=13,
        color=style.SCENARIO_INKS.get(panel.scenario, style.INK),
        va="center",
    )
    axes.text(0, 1.06, panel.caption, transform=axes.transAxes, fontsize=11.5, color=style.MUTED, va="center")
