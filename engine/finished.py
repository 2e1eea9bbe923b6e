"""What can be done with a finished run: draw its page again, look at a date, compare it with another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from engine.errors import CheckFailed, RunError
from engine.replay.replay import replay

if TYPE_CHECKING:
    from engine.report.scenario import Scenario
    from engine.runs.run import Run
    from engine.verify.compare import Comparison


def draw(path: Path) -> Path:
    """Write brief.md and report.html from what stands in the run folder; returns the page's path."""
    from engine.files import write_text
    from engine.report.brief import build_brief
    from engine.report.material import ReportMaterial
    from engine.report.page import render_page
    from engine.report.scenario import Scenario
    from engine.runs.run import Run

    run = Run(path)
    tables = [Scenario.from_dict(item) for item in run.scenarios]
    material = ReportMaterial(
        config=run.config,
        scenarios=tables,
        manifest=run.provenance,
        replay=run.replay,
        levels=run.levels,
        events=run.level_events,
        outcomes=run.outcomes,
        forecasts=run.forecasts,
        trades=run.trades,
        equity=run.equity,
        metrics=run.metrics,
        reliability=run.reliability,
        findings=run.metrics["findings"],
    )
    write_text(
        path / "brief.md", build_brief(tables, run.metrics, run.config.verify.interval, run.config.outcome)
    )
    write_text(path / "report.html", render_page(material))
    return path / "report.html"


def show(path: str | Path, date: str | None, symbol: str | None = None) -> list[Scenario]:
    """The table and the whole level book of any date of a finished run, one entry per instrument.

    The book is replayed from the bars in the folder; the probabilities are the run's own.

    Raises
    ------
    RunError
        ``run.no_such_instrument`` or ``run.no_such_date``.
    """
    from engine.forecast.book_touch import book_touch
    from engine.report.fill import table_at
    from engine.runs.run import open_run

    run = open_run(path)
    bars = run.bars
    if symbol is not None and symbol not in bars:
        raise RunError(
            "run.no_such_instrument", f"{symbol} is not in this run", f"choose one of {', '.join(bars)}"
        )
    replays, index = {}, {}
    for key, series in bars.items():
        index[key] = len(series) - 1 if date is None else series.index_of(date)
        if index[key] >= 0:
            replays[key] = replay(series.cut(index[key] + 1), run.config)
    tables = []
    with threadpool_limits(1):
        touch = book_touch(replays, run.config)
    names = {instrument.symbol: instrument.name for instrument in run.config.instruments}
    for key in [symbol] if symbol else bars:
        if key not in replays:
            raise RunError(
                "run.no_such_date",
                f"{key}: {date} is before the first session",
                f"the run starts on {bars[key].dates[0]}",
            )
        tables.append(
            table_at(replays[key], run.forecasts, index[key], name=names[key], level_touch=touch[key])
        )
    return tables


def report(path: str | Path) -> Path:
    """Draw brief.md and report.html of a finished run again; returns the page's path."""
    from engine.runs.run import open_run

    return draw(open_run(path).path)


def compare(first: str | Path, second: str | Path) -> Comparison:
    """Scores of two runs on their common rows, paired, with intervals; see ``verify.compare``.

    Raises
    ------
    InputError
        ``compare.different_events`` where the two runs answer different questions; the settings are named.
    """
    from engine.runs.run import open_run
    from engine.verify.compare import compare as compare_forecasts

    one, two = open_run(first), open_run(second)
    return compare_forecasts(one.forecasts, two.forecasts, one.config, two.config)


def require_no_failed_check(run: Run) -> None:
    """Raise ``CheckFailed`` (exit code 4) where a check of the run failed."""
    failed = run.manifest["failed_checks"]
    if failed:
        raise CheckFailed(
            "checks.failed",
            f"{run.path.name}: {', '.join(failed)}",
            "the report explains each; see its section on checks",
        )
