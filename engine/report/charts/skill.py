"""Skill with intervals: a forest plot over baselines and horizons."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engine.forecast.baselines import in_reading_order
from engine.report.charts import style
from engine.report.trust import HorizonTrust, SkillLine, Trust
from engine.table import words

WIDTH = 1080
_ROW, _HEAD, _FOOT = 31, 34, 48
_CLOSE = "Over distance and volatility alone"
_FIXED = "Over the analyst's fixed table"
_OTHERS = "Over simpler baselines"


def skill_chart(trust: Trust) -> str | None:
    """SVG forest plot: each kind of baseline on an axis of its own, filtered_history (the close race) first.

    None where no skill is known.
    """
    horizons = [table for table in trust.horizons if any(line.skill is not None for line in table.skill)]
    if not horizons:
        return None
    known = {line.baseline for table in horizons for line in table.skill}
    close = ["filtered_history"] if "filtered_history" in known else []
    fixed = ["analyst"] if "analyst" in known else []
    others = [name for name in in_reading_order() if name in known and name not in (*close, *fixed)]
    left = [(names, title) for names, title in ((close, _CLOSE), (fixed, _FIXED)) if names]
    right = [(others, _OTHERS)] if others else []
    height = max(_column_height(column, len(horizons)) for column in (left, right))
    label = f"Log-loss skill over each baseline with {words.percent(trust.interval)} intervals; figures in the table."

    def build(figure: Figure) -> None:
        for x, column in ((0.115, left), (0.615, right)):
            top = float(height)
            for names, title in column:
                rows = _ROW * len(names) * len(horizons)
                box = (x, (top - _HEAD - rows) / height, 0.36, rows / height)
                draw_forest(figure.add_axes(box), horizons, names, title)
                top -= _HEAD + rows + _FOOT

    return style.render("skill", label, WIDTH, height, build)


def _column_height(column: Sequence[tuple[Sequence[str], str]], horizons: int) -> int:
    return sum(_HEAD + _ROW * len(names) * horizons + _FOOT for names, _ in column)


def draw_forest(axes: Axes, horizons: Sequence[HorizonTrust], names: Sequence[str], title: str) -> None:
    """Skill over each of ``names`` at each horizon on ``axes``, with intervals."""
    axes.axvline(0, color=style.INK, lw=1.1, zorder=2)
    y = 0.0
    ticks, labels = [], []
    extremes = [0.0]
    for name in names:
        for table in horizons:
            line = table.against(name)
            ticks.append(y)
            labels.append(f"{words.baseline_label(name)}, {table.horizon_sessions}")
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
    axes.set_xlabel("log-loss skill (right of 0: the table is better)", labelpad=6)


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


def skill_by_year_chart(trust: Trust, baseline: str = "filtered_history") -> str | None:
    """SVG of skill over ``baseline`` year by year at the longest horizon; None below four years."""
    table = trust.longest
    years = [] if table is None else [item for item in table.regimes if item.grouping == "year"]
    lines = [(item.group, item.skill[baseline]) for item in years if baseline in item.skill]
    lines = [(year, line) for year, line in lines if line.skill is not None]
    if table is None or len(lines) < 4:
        return None
    label = f"Log-loss skill over {words.baseline_label(baseline).lower()} by year, {table.horizon_sessions} sessions."

    def build(figure: Figure) -> None:
        axes = figure.add_axes((0.06, 0.14, 0.93, 0.82))
        axes.axhline(0, color=style.INK, lw=1.1, zorder=2)
        for x, (_, line) in enumerate(lines):
            decided = line.verdict in ("better", "worse")
            colour = style.INK if decided else style.FAINT
            if line.low is not None and line.high is not None:
                axes.plot([x, x], [100 * line.low, 100 * line.high], color=colour, lw=2.2, zorder=3)
            face = colour if decided else style.PAPER
            axes.plot([x], [100 * (line.skill or 0.0)], "o", ms=6, color=colour, mfc=face, mew=1.6, zorder=4)
        axes.set_xlim(-0.7, len(lines) - 0.3)
        step = max(1, -(-len(lines) // 18))
        axes.set_xticks(range(0, len(lines), step), [year for year, _ in lines[::step]])
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{words.signed(value, 0)}%")
        axes.grid(axis="y")
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)

    return style.render("skill-by-year", label, WIDTH, 230, build)
