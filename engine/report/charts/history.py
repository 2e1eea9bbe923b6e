"""Probability history: how the table moved over the last two years, and what came true."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from engine.files import slug
from engine.report.charts import style
from engine.table import words

WIDTH, HEIGHT = 1080, 270
_LANE = 0.055  # height of a lane of outcomes, as a share of the probability axis


def history_chart(instrument: str, forecasts: pd.DataFrame, horizon: int, sessions: int = 504) -> str | None:
    """SVG stacked area of the three probabilities over the last ``sessions`` forecasts of one horizon.

    Under the area, one tick a session in the lane of the scenario that came true; the lanes have the order of
    the areas, so that nothing is said by colour alone.  The unresolved tail has none.  None where there are fewer than two forecasts.
    """
    rows = forecasts[forecasts["horizon_sessions"] == horizon]
    if "instrument" in rows:
        rows = rows[rows["instrument"] == instrument]
    rows = rows.dropna(subset=["p_continuation", "p_range", "p_breakdown"]).sort_values("date").tail(sessions)
    if len(rows) < 2:
        return None
    label = (
        f"{instrument}: probabilities of up, between and down over {len(rows)} sessions, "
        f"{horizon} sessions ahead, with the outcomes that followed."
    )

    def build(figure: Figure) -> None:
        axes = figure.add_axes((0.052, 0.13, 0.825, 0.84))
        x = np.arange(len(rows))
        order = ("breakdown", "range", "continuation")
        layers = [rows[f"p_{name}"].to_numpy(float) for name in order]
        edges = np.vstack([np.zeros(len(x)), np.cumsum(layers, axis=0)])
        for i, name in enumerate(order):
            colour = style.SCENARIO_COLOURS[name]
            axes.fill_between(
                x, edges[i], edges[i + 1], color=colour, alpha=0.32 if name == "range" else 0.55, lw=0
            )
            ink = style.SCENARIO_INKS[name]
            middle = 0.5 * (edges[i][-1] + edges[i + 1][-1])
            axes.annotate(
                f"{words.SCENARIO_LABELS[name]} {words.percent(layers[i][-1])}",
                (x[-1], middle),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=ink,
                fontweight="bold",
                annotation_clip=False,
            )
        if "outcome" in rows:
            outcome = rows["outcome"].to_numpy(object)
            for lane, name in enumerate(reversed(order)):
                at = x[[value == name for value in outcome]]
                top = -0.03 - lane * _LANE
                low, high, gap = (np.full(len(at), v) for v in (top - 0.8 * _LANE, top, np.nan))
                axes.plot(
                    style.interleave(at, at, gap),
                    style.interleave(low, high, gap),
                    color=style.SCENARIO_COLOURS[name],
                    lw=1.4,
                    solid_capstyle="butt",
                )
            axes.annotate(
                "came true",
                (x[-1], -0.03 - 1.4 * _LANE),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=style.MUTED,
                fontsize=11.5,
                annotation_clip=False,
            )
        axes.set_ylim(-0.03 - 3 * _LANE, 1.0)
        axes.set_xlim(0, len(x) - 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0%", "25%", "50%", "75%", "100%"])
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        quarter_axis(axes, rows["date"])

    return style.render(f"history-{slug(instrument)}", label, WIDTH, HEIGHT, build)


def quarter_axis(axes: object, dates: pd.Series, most: int = 10) -> None:
    """Ticks at the first session of quarters, or of years where quarters would crowd."""
    moments = pd.to_datetime(dates).reset_index(drop=True)
    for period in ("Q", "Y"):
        periods = moments.dt.to_period(period)
        starts = np.flatnonzero((periods != periods.shift()).to_numpy())[1:]
        if len(starts) <= most or period == "Y":
            break
    step = max(1, -(-len(starts) // most))
    starts = starts[::step]
    names = [
        f"{words.short_day(moments[i]).split()[1]} {moments[i].year}"
        if period == "Q"
        else str(moments[i].year)
        for i in starts
    ]
    axes.set_xticks(starts, names)  # type: ignore[attr-defined]
