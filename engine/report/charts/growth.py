"""Log loss saved against a reference, added up through time: where a difference came from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from engine.report.charts import style
from engine.report.charts.history import quarter_axis
from engine.scenarios import SCENARIOS
from engine.table import words

WIDTH, HEIGHT = 1080, 260
_KEYS = ["instrument", "date", "horizon_sessions"]
_DASHES = ("solid", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)))


def saved(reference: pd.DataFrame, other: pd.DataFrame, horizon: int) -> pd.Series:
    """Log loss of ``reference`` minus that of ``other``, added up by date, in nats per independent window.

    Parameters
    ----------
    reference, other : forecasts frames; rows count that both have with an outcome and a forecast.
    """
    columns = [*_KEYS, "outcome", *(f"p_{name}" for name in SCENARIOS)]
    both = reference[columns].merge(other[columns], on=_KEYS, suffixes=("", "_other"))
    both = both[(both["horizon_sessions"] == horizon)].dropna()
    gain = pd.Series(0.0, index=both.index)
    for name in SCENARIOS:
        came = both["outcome"] == name
        gain[came] = np.log(both.loc[came, f"p_{name}_other"] / both.loc[came, f"p_{name}"])
    return gain.groupby(both["date"]).sum().cumsum() / horizon


def growth_chart(horizon: int, reference: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> str | None:
    """SVG with a line for each of ``others``; climbing means better than the reference.  None without common rows."""
    lines = {name: saved(reference, frame, horizon) for name, frame in others.items()}
    lines = {name: line for name, line in lines.items() if len(line) > 1}
    if not lines:
        return None
    label = f"Log loss saved against run A at {horizon} sessions, added up through time: {words.join(list(lines))}."

    def build(figure: Figure) -> None:
        axes = figure.add_axes((0.06, 0.12, 0.82, 0.83))
        dates = pd.Series(sorted(set().union(*(line.index for line in lines.values()))))
        axes.axhline(0, color=style.INK, lw=1)
        for (name, line), dash in zip(lines.items(), _DASHES * len(lines), strict=False):
            x = np.searchsorted(dates, line.index)
            axes.plot(x, line.to_numpy(), color=style.INK, lw=1.8, ls=dash)
            axes.annotate(
                f"{name} {words.signed(float(line.iloc[-1]), 2)}",
                (x[-1], float(line.iloc[-1])),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                annotation_clip=False,
            )
        axes.set_xlim(0, len(dates) - 1)
        axes.grid(axis="y")
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        quarter_axis(axes, dates)

    return style.render(f"growth-{horizon}", label, WIDTH, HEIGHT, build)
