"""Figures of a run as matplotlib axes: in a notebook, in a paper, or in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigError, RunError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from engine.runs.run import Run
    from engine.table.scenario import Scenario


class Plots:
    """What ``run.plot`` draws; each method takes axes (or makes some) and gives them back.

    Examples
    --------
    >>> import engine                                                              # doctest: +SKIP
    >>> run = engine.open_run("results/20261122T120000Z_nasdaq_1a2b3c4d")            # doctest: +SKIP
    >>> run.plot.reliability("breakdown").figure.savefig("breakdown.pdf")            # doctest: +SKIP
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def reliability(
        self, scenario: str = "continuation", horizon: int | None = None, axes: Axes | None = None
    ) -> Axes:
        """What came true against what was said of one scenario, with the band of an exact forecast.

        Raises
        ------
        RunError
            ``run.no_such_figure`` where the run has no diagram for this scenario and horizon.
        """
        from engine.report.charts.reliability import draw_reliability, panel_from_table

        run = self._run
        horizon = horizon or max(run.config.horizons)
        table = run.reliability
        mine = table[(table["horizon_sessions"] == horizon) & (table["scenario"] == scenario)]
        if mine.empty:
            raise RunError(
                "run.no_such_figure",
                f"{run.path.name}: no reliability diagram of {scenario!r} at {horizon} sessions",
                "scenarios are breakdown, range and continuation; horizons are those of the config",
            )
        rows = run.forecasts
        rows = rows[(rows["horizon_sessions"] == horizon) & rows["outcome"].notna()]
        said = rows[f"p_{scenario}"].dropna().to_numpy(float)
        panel = panel_from_table(scenario, mine, said, f"{horizon} sessions ahead")
        return _drawn(axes, (5.2, 5.0), lambda on: draw_reliability(on, panel))

    def price(
        self,
        date: str | None = None,
        symbol: str | None = None,
        sessions: int = 180,
        axes: Axes | None = None,
    ) -> Axes:
        """Bars, zones and setup as known after the close of ``date`` (the last one if None).

        Raises
        ------
        RunError
            ``run.no_such_instrument``, ``run.no_such_date``.
        """
        from engine.report.charts.price import draw_prices, month_axis

        scenario = self._scenario(date, symbol)
        replay = self._run.replay
        mine = replay[(replay["instrument"] == scenario.instrument) & (replay["date"] <= scenario.as_of)]
        bars = mine.tail(sessions).reset_index(drop=True)

        def draw(on: Axes) -> None:
            draw_prices(on, scenario, bars)
            month_axis((on,), bars, max(self._run.config.horizons))
            on.tick_params(labelbottom=True)

        return _drawn(axes, (12.0, 5.4), draw, right=0.66)

    def skill(self, baseline: str | None = None, axes: Axes | None = None) -> Axes:
        """Log-loss skill with intervals over every baseline (or one), at every horizon.

        Raises
        ------
        RunError
            ``run.no_such_figure`` where no skill over that baseline was computed.
        """
        from engine.report.charts.skill import draw_forest
        from engine.report.trust import read_metrics

        trust = read_metrics(self._run.metrics, self._run.config.verify.interval)
        known = [line.baseline for table in trust.horizons[:1] for line in table.skill]
        names = [name for name in known if baseline in (None, name)]
        if not names:
            raise RunError(
                "run.no_such_figure",
                f"{self._run.path.name}: no skill over {baseline or 'any baseline'}",
                f"choose one of {', '.join(known)}" if known else "the run scored no forecast",
            )
        tall = 1.2 + 0.36 * len(names) * len(trust.horizons)
        return _drawn(
            axes, (8.0, tall), lambda on: draw_forest(on, trust.horizons, names, "Log-loss skill"), left=0.24
        )

    def _scenario(self, date: str | None, symbol: str | None) -> Scenario:
        from engine.replay.replay import replay
        from engine.table.fill import table_at

        run = self._run
        bars = run.bars
        symbol = symbol or next(iter(bars))
        if symbol not in bars:
            raise RunError(
                "run.no_such_instrument", f"{symbol} is not in this run", f"choose one of {', '.join(bars)}"
            )
        series = bars[symbol]
        index = len(series) - 1 if date is None else series.index_of(date)
        if index < 0:
            raise RunError(
                "run.no_such_date",
                f"{symbol}: {date} is before the first session",
                f"the run starts on {series.dates[0]}",
            )
        names = {instrument.symbol: instrument.name for instrument in run.config.instruments}
        known = replay(series.cut(index + 1), run.config)
        return table_at(known, run.forecasts, index, name=names[symbol])


def _drawn(
    axes: Axes | None, size: tuple[float, float], draw: Callable[[Any], None], **margins: float
) -> Axes:
    """``draw`` on ``axes``, or on new ones in the page's style."""
    from engine.report.charts.style import paper_style, without_signs

    with paper_style():
        if axes is None:
            from matplotlib import pyplot

            figure, axes = pyplot.subplots(figsize=size)
            figure.subplots_adjust(**{"left": 0.11, "right": 0.97, "top": 0.86, "bottom": 0.13} | margins)
        draw(axes)
        without_signs(axes)
    return axes


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """What ``engine plot`` can be told; a figure reads what concerns it."""

    scenario: str = "continuation"
    horizon: int | None = None
    date: str | None = None
    symbol: str | None = None


FIGURES: dict[str, Callable[[Plots, PlotOptions], Axes]] = {
    "reliability": lambda plot, options: plot.reliability(options.scenario, options.horizon),
    "price": lambda plot, options: plot.price(options.date, options.symbol),
    "skill": lambda plot, _: plot.skill(),
}


def save_plot(run: Run, name: str, out: str | Path, options: PlotOptions = PlotOptions()) -> Path:
    """Write the figure ``name`` to ``out``; the ending of the file says whether it is SVG, PNG or PDF.

    Raises
    ------
    ConfigError
        ``usage.bad_figure`` for an unknown name, or an ending that is none of the three.
    """
    import io

    from engine.files import write_atomic

    path = Path(out)
    kind = path.suffix.lower().lstrip(".")
    if name not in FIGURES or kind not in ("svg", "png", "pdf"):
        raise ConfigError(
            "usage.bad_figure",
            f"no figure {name!r} as {path.suffix or 'a file without ending'}",
            f"figures are {', '.join(FIGURES)}; files end in .svg, .png or .pdf",
        )
    import matplotlib

    matplotlib.use("Agg")  # a file needs no window
    figure = FIGURES[name](Plots(run), options).get_figure(root=True)
    assert figure is not None
    buffer = io.BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    with matplotlib.rc_context({"svg.hashsalt": "engine"}):
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata, bbox_inches="tight")
    write_atomic(path, lambda part: part.write_bytes(buffer.getvalue()))
    return path
