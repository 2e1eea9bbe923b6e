"""The price chart: bars, averages, level zones named at the right, the setup carried into the future, RSI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from engine.files import slug
from engine.report.charts import style
from engine.table import words
from engine.table.scenario import LevelLine, Scenario

WIDTH, HEIGHT = 1080, 600
_LABEL_GAP = 15.0  # pixels between two names
_EACH_SIDE = 5
_FREE_SESSIONS = 12


@dataclass(frozen=True, slots=True)
class _Label:
    low: float
    high: float
    text: str
    colour: str
    bold: bool = False

    @property
    def middle(self) -> float:
        return 0.5 * (self.low + self.high)


def price_chart(scenario: Scenario, frame: pd.DataFrame, sessions: int = 180) -> str:
    """SVG of the last ``sessions`` rows of an instrument's replay frame up to the scenario's date.

    Parameters
    ----------
    frame : columns date, open, high, low, close and, where known, sma_50, sma_200, rsi_14.
    """
    dates = pd.to_datetime(frame["date"])
    shown = frame[dates <= pd.Timestamp(scenario.as_of)].tail(sessions).reset_index(drop=True)
    label = (
        f"{scenario.name}: daily bars of {len(shown)} sessions to {words.day(scenario.as_of)} with level "
        "zones, 50 and 200 day averages, the setup and RSI. The levels are listed in the table beside it."
    )

    def build(figure: Figure) -> None:
        grid = figure.add_gridspec(
            2, 1, height_ratios=(4.2, 1), hspace=0.07, left=0.052, right=0.69, top=0.985, bottom=0.075
        )
        upper = figure.add_subplot(grid[0])
        lower = figure.add_subplot(grid[1], sharex=upper)
        draw_prices(upper, scenario, shown)
        _draw_rsi(lower, shown)
        month_axis((upper, lower), shown, _future(scenario))

    return style.render(f"price-{slug(scenario.instrument)}", label, WIDTH, HEIGHT, build)


def _future(scenario: Scenario) -> int:
    return max((table.horizon_sessions for table in scenario.horizons), default=10)


def draw_prices(axes: Axes, scenario: Scenario, bars: pd.DataFrame) -> None:
    """Bars, averages, zones and setup on ``axes``, names to the right of it; ``bars`` are the rows that are shown."""
    n, future = len(bars), _future(scenario)
    low, high = _limits(scenario, bars)
    axes.set_ylim(low, high)
    axes.set_xlim(-1.5, n + future - 0.5)
    axes.grid(axis="y")
    axes.tick_params(length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_formatter(lambda value, _: words.price(value, scenario.price_decimals))
    _name(axes, "price")

    levels = _chosen_levels(scenario, low, high)
    for line in levels:
        _draw_zone(axes, line, n, future, minimum=(high - low) * 0.004)
    for column, colour, width in (("sma_200", style.FAINT, 1.6), ("sma_50", style.MUTED, 1.6)):
        if column in bars:
            dashes = (0, (5, 2)) if column == "sma_200" else "solid"
            axes.plot(np.arange(n), bars[column].to_numpy(float), color=colour, lw=width, ls=dashes, zorder=3)
    _draw_candles(axes, bars)
    labels = _draw_setup(axes, scenario, n, future)
    labels.append(
        _Label(scenario.close, scenario.close, f"Close {scenario.price(scenario.close)}", style.INK, True)
    )
    # a level that is an edge of the setup is named once, by the edge
    labels += [_level_label(scenario, line) for line in levels if line.role in ("resistance", "support")]
    axes.axvline(n - 0.5, color=style.GRID, lw=1, zorder=1)
    _draw_labels(axes, labels, n + future - 0.5, low, high)


def _limits(scenario: Scenario, bars: pd.DataFrame) -> tuple[float, float]:
    prices = [float(bars["low"].min()), float(bars["high"].max())]
    if scenario.setup is not None:
        prices += [scenario.setup.retest.low, scenario.setup.target.high]
    pad = 0.04 * (max(prices) - min(prices)) or 0.01 * max(prices)
    return min(prices) - pad, max(prices) + pad


def _chosen_levels(scenario: Scenario, low: float, high: float) -> list[LevelLine]:
    inside = [line for line in scenario.levels if low < line.low and line.high < high]
    chosen: list[LevelLine] = []
    for side in ("resistance", "support"):
        lines = [line for line in inside if line.side == side]
        # a level that defines the question is always shown; the others by distance
        ranked = sorted(lines, key=lambda line: (line.role in ("resistance", "support"), _distance(line)))
        chosen += ranked[:_EACH_SIDE]
    return chosen


def _distance(line: LevelLine) -> float:
    return abs(line.distance_percent or 0.0)


def _draw_zone(axes: Axes, line: LevelLine, n: int, future: int, minimum: float) -> None:
    if line.is_average:
        return  # drawn as the average itself
    start = max(-1.5, n - 1 - line.age_sessions)
    height = max(line.high - line.low, minimum)
    base = 0.5 * (line.low + line.high) - 0.5 * height
    axes.add_patch(
        Rectangle(
            (start, base), n + future - 0.5 - start, height, facecolor=style.ZONE, alpha=0.2, lw=0, zorder=2
        )
    )


def _draw_candles(axes: Axes, bars: pd.DataFrame) -> None:
    o, h, lo, c = (bars[name].to_numpy(float) for name in ("open", "high", "low", "close"))
    x = np.arange(len(bars))
    gap = np.full(len(x), np.nan)  # one path for all wicks: a tenth of the bytes of one path each
    axes.plot(style.interleave(x, x, gap), style.interleave(lo, h, gap), color=style.INK, lw=0.8, zorder=4)
    bottom, top = np.minimum(o, c), np.maximum(o, c)
    # a body of no height would vanish: give it the thickness of a hairline
    hairline = 0.0015 * (np.nanmax(h) - np.nanmin(lo)) if len(bars) else 0.0
    top = np.maximum(top, bottom + hairline)
    half = 0.33
    # hollow where the close is above the open, filled where it is below: colour is kept for the scenarios
    for some, face in ((c >= o, style.PAPER), (c < o, style.INK)):
        if not some.any():
            continue
        left, right, low, high = x[some] - half, x[some] + half, bottom[some], top[some]
        corners = np.stack([left, low, left, high, right, high, right, low, left, low], axis=1).reshape(-1, 2)
        codes = np.tile([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY], len(left))
        axes.add_patch(PathPatch(Path(corners, codes), facecolor=face, edgecolor=style.INK, lw=0.7, zorder=5))


def _draw_setup(axes: Axes, scenario: Scenario, n: int, future: int) -> list[_Label]:
    setup = scenario.setup
    if setup is None:
        return []
    start, end = n - 0.5, n + future - 0.5
    height = max(setup.target.high - setup.target.low, 0.004 * np.ptp(axes.get_ylim()))
    axes.add_patch(
        Rectangle(
            (start, setup.target.low),
            future,
            height,
            facecolor=style.CONTINUATION,
            alpha=0.35,
            lw=0,
            zorder=5,
        )
    )
    axes.add_patch(
        Rectangle(
            (start, setup.floor.low),
            future,
            setup.target.low - setup.floor.low,
            facecolor=style.RANGE,
            alpha=0.08,
            lw=0,
            zorder=1,
        )
    )
    lines = (
        (setup.target.low, style.CONTINUATION, "solid", 1.8),
        (setup.ceiling.low, style.RANGE, (0, (4, 2)), 1.4),
        (setup.floor.low, style.BREAKDOWN, "solid", 1.8),
        (setup.retest.low, style.BREAKDOWN, (0, (1, 2)), 1.6),
    )
    for value, colour, dashes, width in lines:
        axes.plot([start, end], [value, value], color=colour, ls=dashes, lw=width, zorder=6)
    labels = []
    for name, colour in (
        ("target", style.CONTINUATION),
        ("ceiling", style.RANGE_INK),
        ("floor", style.BREAKDOWN),
        ("retest", style.BREAKDOWN),
    ):
        edge = getattr(setup, name)
        text = f"{name.capitalize()} {scenario.zone(edge.low, edge.high)}"
        if edge.projected:
            text += ", projected"
        elif edge.level_name:
            text += f"{style.PLAIN}{style.shorten(edge.level_name, 45 - len(text))}"
        labels.append(_Label(edge.low, edge.high, text, colour, bold=True))
    return labels


def _level_label(scenario: Scenario, line: LevelLine) -> _Label:
    text = f"{scenario.zone(line.low, line.high)}  {style.shorten(line.name, 36)}"
    return _Label(line.low, line.high, text, style.MUTED)


def _draw_labels(axes: Axes, labels: list[_Label], x: float, low: float, high: float) -> None:
    pixels = axes.get_window_extent().height
    unit = (high - low) / pixels * axes.figure.dpi / 72  # letters grow with the resolution
    places = style.spread(
        [label.middle for label in labels], _LABEL_GAP * unit, low + 6 * unit, high - 6 * unit
    )
    for label, y in zip(labels, places, strict=True):
        axes.annotate(
            "",
            xy=(x, label.middle),
            xytext=(x + 2.6, y),
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": label.colour, "lw": 0.7, "shrinkA": 0, "shrinkB": 0},
        )
        axes.text(
            x + 3.4,
            y,
            label.text,
            color=label.colour,
            fontsize=11.5,
            va="center",
            fontweight="bold" if label.bold else "normal",
            clip_on=False,
        )


def _draw_rsi(axes: Axes, bars: pd.DataFrame) -> None:
    axes.set_ylim(10, 90)
    axes.set_yticks([30, 50, 70])
    _name(axes, "RSI(14)")
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.axhspan(30, 70, color=style.ZONE, alpha=0.08, lw=0)
    for value in (30, 70):
        axes.axhline(value, color=style.GRID, lw=1)
    axes.axhline(50, color=style.GRID, lw=0.8, ls=(0, (2, 3)))
    if "rsi_14" not in bars:
        return
    rsi = bars["rsi_14"].to_numpy(float)
    axes.plot(np.arange(len(rsi)), rsi, color=style.INK, lw=1.3)
    known = np.flatnonzero(np.isfinite(rsi))
    if len(known):
        last = known[-1]
        axes.plot([last], [rsi[last]], "o", ms=4, color=style.INK)
        axes.annotate(
            f"RSI {rsi[last]:.1f}",
            (last, rsi[last]),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=11.5,
        )


def _name(axes: Axes, text: str) -> None:
    """What the vertical axis measures, in the corner where no bar is hidden by it."""
    axes.annotate(
        text,
        (0, 1),
        xycoords="axes fraction",
        xytext=(4, -3),
        textcoords="offset points",
        va="top",
        color=style.MUTED,
        fontsize=11.5,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5, "alpha": 0.8},
        zorder=7,
    )


def month_axis(all_axes: Sequence[Axes], bars: pd.DataFrame, future: int) -> None:
    """Months under the last of ``all_axes``, which share their sessions; ``future`` sessions are kept free at the right."""
    lower = all_axes[-1]
    dates = pd.to_datetime(bars["date"]).to_numpy("datetime64[M]")
    starts = np.flatnonzero(np.r_[False, dates[1:] != dates[:-1]])
    for axes in all_axes:
        for at in starts:
            axes.axvline(at - 0.5, color=style.GRID, lw=0.5, zorder=0)
    lower.set_xticks(starts)
    names = []
    for at in starts:
        moment = words.to_date(bars["date"].iloc[at])
        assert moment is not None
        month = words.short_day(moment).split()[1]
        if len(bars) - at < _FREE_SESSIONS:  # what comes next is named there
            names.append("")
        else:
            names.append(f"{month}\n{moment.year}" if moment.month == 1 or at == starts[0] else month)
    lower.set_xticklabels(names, ha="left", linespacing=1.25)
    lower.text(
        len(bars) - 0.5 + future / 2,
        -0.08,
        f"next {future}\nsessions",
        transform=lower.get_xaxis_transform(),
        ha="center",
        va="top",
        color=style.MUTED,
        fontsize=11.5,
        linespacing=1.25,
    )
    lower.set_xlim(-1.5, len(bars) + future - 0.5)
