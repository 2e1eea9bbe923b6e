"""Equity curves: the strategy among the simpler things one could have done."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from engine.report.charts import style
from engine.report.charts.history import quarter_axis
from engine.table import words

WIDTH, HEIGHT = 1080, 330
_MOST_POINTS = 500


def equity_chart(equity: pd.DataFrame) -> str | None:
    """SVG of account values, 100 at the start, on a logarithmic axis where they spread; None without rows.

    Parameters
    ----------
    equity : columns date, strategy and, where known, buy_and_hold, unfiltered, random_median, random_low,
        random_high.
    """
    if len(equity) < 2 or "strategy" not in equity:
        return None
    step = max(1, len(equity) // _MOST_POINTS)
    keep = np.unique(np.r_[np.arange(0, len(equity), step), len(equity) - 1])
    rows = equity.iloc[keep].reset_index(drop=True)
    base = float(equity["strategy"].iloc[0])
    curves = {
        name: 100 * rows[name].to_numpy(float) / base
        for name in ("strategy", "buy_and_hold", "unfiltered", "random_median", "random_low", "random_high")
        if name in rows and rows[name].notna().any()
    }
    label = "Account value of the strategy, buy and hold, unfiltered entries and random entries, 100 at the start."

    def build(figure: Figure) -> None:
        axes = figure.add_axes((0.052, 0.09, 0.765, 0.89))
        x = np.arange(len(rows))
        values = np.concatenate(list(curves.values()))
        # an account that owes money has no place on a logarithmic axis
        spread_out = np.nanmin(values) > 0 and np.nanmax(values) / np.nanmin(values) > 2.5
        if spread_out:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set_yticks(_nice_ticks(float(np.nanmin(values)), float(np.nanmax(values))))
            axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(lambda value, _: words.decimal(value, 0))
        if "random_low" in curves and "random_high" in curves:
            axes.fill_between(
                x, curves["random_low"], curves["random_high"], color=style.ZONE, alpha=0.2, lw=0
            )
        drawn = (
            ("buy_and_hold", "Buy and hold", style.FAINT, 1.6, "solid"),
            ("unfiltered", "Every setup", style.MUTED, 1.5, (0, (5, 2))),
            ("random_median", "Random entries", style.ZONE, 1.3, (0, (2, 2))),
            ("strategy", "Strategy", style.INK, 2.2, "solid"),
        )
        labels = []
        for name, text, colour, width, dashes in drawn:
            if name in curves:
                axes.plot(x, curves[name], color=colour, lw=width, ls=dashes)
                ink = style.INK if name == "strategy" else style.MUTED
                labels.append((curves[name][-1], text, ink, name == "strategy"))
        axes.set_xlim(0, len(x) - 1)
        axes.grid(axis="y")
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        quarter_axis(axes, rows["date"])
        figure.canvas.draw_idle()
        pixels = axes.transData.transform([(0, float(value)) for value, *_ in labels])[:, 1]
        box = axes.get_window_extent()
        places = style.spread(list(pixels), 16, box.y0 + 6, box.y1 - 6)
        for (value, text, colour, bold), y in zip(labels, places, strict=True):
            axes.annotate(
                f"{text} {words.decimal(value, 0)}",
                xy=(1, (y - box.y0) / box.height),
                xycoords="axes fraction",
                xytext=(8, 0),
                textcoords="offset points",
                color=colour,
                va="center",
                fontweight="bold" if bold else "normal",
                annotation_clip=False,
            )

    return style.render("equity", label, WIDTH, HEIGHT, build)


def _nice_ticks(low: float, high: float) -> list[float]:
    ticks = [m * 10.0**e for e in range(-2, 8) for m in (1, 1.5, 2, 3, 5, 7)]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside[:: max(1, len(inside) // 6)] or [low, high]
