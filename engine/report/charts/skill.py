"""Skill with intervals: a forest plot over baselines and horizons."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engine.report import words
from engine.report.charts import style
from engine.report.trust import HorizonTrust, SkillLine, Trust

WIDTH = 1080
_ROW = 30


def skill_chart(trust: Trust) -> str | None:
    """SVG forest plot: filtered_history on an axis of its own (it is the close race), the others beside it.

    None where no skill is known.
    """
    horizons = [table for table in trust.horizons if any(line.skill is not None for line in table.skill)]
    if not horizons:
        return None
    names = list(dict.fromkeys(line.baseline for table in horizons for line in table.skill))
    close = [name for name in names if name == "filtered_history"]
    others = [name for name in names if name != "filtered_history"]
    rows = max(len(close), len(others), 2) * len(horizons)
    height = 92 + _ROW * rows
    label = f"Log-loss skill over each baseline with {words.percent(trust.interval)} intervals; figures in the table."

    def build(figure: Figure) -> None:
        bottom, top = 44 / height, 1 - 34 / height
        span = top - bottom
        share = len(close) * len(horizons) / rows
        if close:
            left = figure.add_axes((0.115, top - span * max(share, 0.5), 0.365, span * max(share, 0.5)))
            _forest(left, horizons, close, "Over distance and volatility alone")
        if others:
            part = len(others) * len(horizons) / rows
            right = figure.add_axes((0.605, top - span * part, 0.365, span * part))
            _forest(right, horizons, others, "Over simpler baselines")

    return style.render("skill", label, WIDTH, height, build)


def _forest(axes: Axes, horizons: Sequence[HorizonTrust], names: Sequence[str], title: str) -> None:
    axes.axvline(0, color=style.INK, lw=1.1, zorder=2)
    y = 0.0
    ticks, labels = [], []
    extremes = [0.0]
    for name in names:
        for table in horizons:
            line = table.against(name)
            ticks.append(y)
            labels.append(f"{words.BASELINE_LABELS.get(name, name)}, {table.horizon_sessions}")
            if line is not None and line.skill is not None:
                extremes += [100 * v for v in (line.skill, line.low, line.high) if v is not None]
                _bar(axes, y, line)
            y += 1.0
        y += 0.25
    low, high = min(extremes), max(extremes)
    pad = 0.12 * (high - low) or 1.0
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(y - 0.6, -0.6)
    axes.set_yticks(ticks, labels)
    axes.tick_params(length=0)
    axes.grid(axis="x")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{words.signed(value, 1 if high - low < 8 else 0)}%")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.set_title(title, fontweight="bold", pad=12)
    axes.set_xlabel("log-loss skill (right of 0: the model is better)", labelpad=6)


def _bar(axes: Axes, y: float, line: SkillLine) -> None:
    assert line.skill is not None
    decided = line.verdict in ("better", "worse")
    colour = style.INK if decided else style.FAINT
    if line.low is not None and line.high is not None:
        axes.plot([100 * line.low, 100 * line.high], [y, y], color=colour, lw=2.4, zorder=3)
    axes.plot(
        [100 * line.skill],
        [y],
        "o",
        ms=7,
        color=colour,
        markerfacecolor=colour if decided else style.PAPER,
        markeredgewidth=1.8,
        zorder=4,
    )
