"""Pictures of a search or a sweep: a slice per setting, the search in time, and its trials as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.report.charts import style

WIDTH, HEIGHT = 520, 260
_FEW = 6  # values of a setting up to which each stands under the drawing
_MOST = 2000  # points drawn; of more, an even selection


def slice_chart(
    name: str,
    path: str,
    values: Sequence[Any],
    scores: np.ndarray,
    chosen: Any | None,
    luck: float | None,
    unit: str,
) -> str:
    """SVG: the score of every trial over one setting, the median of each value, and where the best by luck would lie."""
    kept = np.linspace(0, len(scores) - 1, min(len(scores), _MOST)).astype(np.int64)
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    labels = sorted(set(values), key=float) if numbers else sorted({str(v) for v in values})
    place = {label: (float(label) if numbers else i) for i, label in enumerate(labels)}
    x = np.array([place[v if numbers else str(v)] for v in values])

    def build(figure: Any) -> None:
        axes = figure.add_axes((0.14, 0.16, 0.82, 0.76))
        axes.scatter(x[kept], scores[kept], s=22, color=style.MUTED, alpha=0.55, linewidths=0)
        groups = pd.Series(scores).groupby(_binned(x)).median()
        if len(groups) > 1:
            axes.plot(groups.index, groups.to_numpy(), color=style.INK, lw=1.8)
        if luck is not None:
            axes.axhline(luck, color=style.BREAKDOWN, lw=1, ls=(0, (5, 3)))
        if chosen is not None and (numbers or str(chosen) in place):
            axes.axvline(float(chosen) if numbers else place[str(chosen)], color=style.CONTINUATION, lw=1)
        if not numbers:
            axes.set_xticks(range(len(labels)), labels)
        elif len(labels) <= _FEW:
            axes.set_xticks([float(label) for label in labels], [f"{label:g}" for label in labels])
        _plain(axes, unit)

    return style.render(
        name, f"Score over {path}: one point a trial, the line is the median.", WIDTH, HEIGHT, build
    )


def history_chart(name: str, scores: np.ndarray, luck: float | None, unit: str) -> str:
    """SVG: the score of each trial in time, and the best so far."""
    kept = np.linspace(0, len(scores) - 1, min(len(scores), _MOST)).astype(np.int64)
    best = np.fmax.accumulate(scores)

    def build(figure: Any) -> None:
        axes = figure.add_axes((0.14, 0.16, 0.82, 0.76))
        axes.scatter(kept, scores[kept], s=22, color=style.MUTED, alpha=0.55, linewidths=0)
        axes.step(np.arange(len(best)), best, where="post", color=style.INK, lw=1.8)
        if luck is not None:
            axes.axhline(luck, color=style.BREAKDOWN, lw=1, ls=(0, (5, 3)))
        axes.xaxis.get_major_locator().set_params(integer=True)
        _plain(axes, unit)

    return style.render(
        name, "Score of each trial in time; the line is the best so far.", WIDTH, HEIGHT, build
    )


def parallel_chart(name: str, units: np.ndarray, paths: Sequence[str], scores: np.ndarray) -> str:
    """SVG: every trial as a line over its settings, each scaled to its range; the best tenth stands out."""
    order = np.argsort(scores)[-_MOST // 4 :]
    good = set(order[-max(1, len(order) // 10) :].tolist())

    def build(figure: Any) -> None:
        axes = figure.add_axes((0.04, 0.2, 0.92, 0.74))
        for i in order:
            mine = int(i) in good
            axes.plot(
                units[i],
                color=style.CONTINUATION if mine else style.FAINT,
                lw=1.2 if mine else 0.5,
                alpha=0.7,
            )
        axes.set_xticks(range(len(paths)), [path.rpartition(".")[2].replace("_", "\n") for path in paths])
        axes.set_yticks([0, 1], ["low", "high"])
        axes.tick_params(length=0)

    label = "Every trial as a line over its settings, each scaled to its range; the best tenth stands out."
    return style.render(name, label, 1080, 300, build)


def _binned(x: np.ndarray, most: int = 12) -> np.ndarray:
    """The values themselves where they are few, else the middle of each of twelve parts."""
    if len(np.unique(x)) <= most:
        return x
    edges = np.linspace(x.min(), x.max(), most + 1)
    at = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, most - 1)
    middles: np.ndarray = (edges[at] + edges[at + 1]) / 2
    return middles


def _plain(axes: Any, unit: str) -> None:
    axes.grid(axis="y")
    axes.tick_params(length=0)
    if unit == "%":
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.2g}%")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
