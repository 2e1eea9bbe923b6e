"""The threshold curve and the decision curves, each between its bands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from engine.report.charts import style
from engine.table import words

WIDTH, HEIGHT = 1080, 250
_PANELS = (
    ("sharpe", "Sharpe ratio"),
    ("annual_return_percent", "Return a year, %"),
    ("max_drawdown_percent", "Deepest drawdown, %"),
    ("trades", "Trades"),
)
_DECISIONS = (
    ("precision_percent", "Came true when acted on, %"),
    ("recall_percent", "Acted on when it came true, %"),
    ("net_benefit", "Net benefit per 100 decisions"),
)


def threshold_chart(curve: pd.DataFrame | None, marks: dict[str, float | None]) -> str | None:
    """SVG of the account at each threshold; None without a curve.

    Parameters
    ----------
    curve : ``thresholds.parquet``.
    marks : ``used`` and ``best``, the threshold of the config and the best one in hindsight; None where there is none.
    """
    rows = _of(curve, "account")
    if rows is None:
        return None
    label = "Sharpe ratio, return, drawdown and trades at each threshold, with bands of resampled history and of random entries."

    def build(figure: Figure) -> None:
        for k, (name, title) in enumerate(_PANELS):
            axes = _panel(figure, k, len(_PANELS), title)
            mine = rows[rows["figure"].str.startswith(name)]
            _curve(axes, mine)
            _mark(axes, mine, marks)

    return style.render("thresholds", label, WIDTH, HEIGHT, build)


def decision_chart(curve: pd.DataFrame | None, scenario: str) -> str | None:
    """SVG of precision, recall and net benefit of acting on one scenario's probability; None without a curve."""
    rows = _of(curve, scenario)
    if rows is None:
        return None
    label = (
        f"Precision, recall and net benefit of acting on the probability of {scenario}, at each threshold."
    )

    def build(figure: Figure) -> None:
        for k, (name, title) in enumerate(_DECISIONS):
            axes = _panel(figure, k, len(_DECISIONS), title)
            mine = rows[rows["figure"] == name]
            acted = rows[(rows["figure"] == "acted_percent") & (rows["value"] > 0)]["threshold"]
            mine = mine[mine["threshold"] <= acted.max()] if len(acted) else mine
            _curve(axes, mine)
            if name == "net_benefit":
                other = rows[rows["figure"] == "net_benefit_filtered_history"]
                other = other[other["threshold"].isin(mine["threshold"])]
                axes.plot(other["threshold"], other["value"], color=style.MUTED, lw=1.3, ls=(0, (5, 2)))
                always = rows[rows["figure"] == "net_benefit_always"]
                lowest = float(np.nanmin(mine["low"])) if mine["low"].notna().any() else 0.0
                always = always[always["value"] >= min(lowest, -1.0)]
                axes.plot(always["threshold"], always["value"], color=style.FAINT, lw=1.2, ls=(0, (2, 2)))

    return style.render(f"decision-{scenario}", label, WIDTH, HEIGHT, build)


def _of(curve: pd.DataFrame | None, name: str) -> pd.DataFrame | None:
    if curve is None or curve.empty:
        return None
    rows = curve[curve["curve"] == name]
    return None if rows.empty else rows


def _panel(figure: Figure, k: int, count: int, title: str) -> Any:
    width = 0.96 / count
    axes = figure.add_axes((0.035 + k * width, 0.13, width - 0.045, 0.72))
    axes.set_title(title)
    axes.grid(axis="y")
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: words.decimal(value, 0 if abs(value) >= 5 else 2))
    axes.yaxis.set_major_formatter(
        lambda value, _: words.decimal(value, 0 if abs(value) >= 5 or value == 0 else 1)
    )
    axes.locator_params(nbins=5)
    return axes


def _curve(axes: Any, rows: pd.DataFrame) -> None:
    x = rows["threshold"].to_numpy(float)
    values = {
        name: rows[name].to_numpy(float)
        for name in ("value", "low", "high", "random_low", "random_median", "random_high")
    }
    if np.isfinite(values["random_low"]).any():
        axes.fill_between(x, values["random_low"], values["random_high"], color=style.ZONE, alpha=0.22, lw=0)
        axes.plot(x, values["random_median"], color=style.ZONE, lw=1.2, ls=(0, (2, 2)))
    for edge in ("low", "high"):
        axes.plot(x, values[edge], color=style.INK, lw=0.8, ls=(0, (1, 2)))
    axes.plot(x, values["value"], color=style.INK, lw=1.9)


def _mark(axes: Any, rows: pd.DataFrame, marks: dict[str, float | None]) -> None:
    for name, dashes in (("used", "solid"), ("best", (0, (4, 2)))):
        at = marks.get(name)
        if at is None or not len(rows):
            continue
        x, y = rows["threshold"].to_numpy(float), rows["value"].to_numpy(float)
        if x[0] <= at <= x[-1]:
            axes.axvline(at, color=style.FAINT, lw=1, ls=dashes)
            if name == "best":
                axes.plot([at], [y[int(np.argmin(np.abs(x - at)))]], "o", color=style.INK, ms=5)
