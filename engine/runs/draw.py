"""Draws the page and the brief of a run from what stands in its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.guests import present
from engine.parallel import Alone, Crew

if TYPE_CHECKING:
    from markupsafe import Markup

    from engine.bars.series import BarSeries
    from engine.report.page.material import ReportMaterial
    from engine.runs.run import Run

MOST_TOGETHER = 3  # beyond so many instruments each has a page of its own, and report.html is the overview
_OF_TABLE = ["horizon_sessions", "outcome", "p_continuation", "p_range", "p_breakdown"]


def draw(path: Path, crew: Crew | None = None, early: Callable[[], dict[str, Any]] | None = None) -> Path:
    """Write brief.md, report.html and the pages of its instruments from what stands in the run folder.

    Returns the path of report.html.  ``crew`` draws the instruments; None: this process.  ``early`` gives what
    :func:`draw_early` has drawn.
    """
    from engine.runs.run import Run

    run = Run(path)
    with present(run.named_guests):
        return _drawn(run, crew or Alone(), early)


def draw_early(path: Path) -> dict[str, Any]:
    """The charts of a run that need its tables and forecasts only: they can be drawn while those are verified."""
    from engine.report.page.figures import instrument_drawings
    from engine.runs.run import Run

    run = Run(path)
    with present(run.named_guests):
        return instrument_drawings(replace(_told(run), replay=run.replay, forecasts=run.forecasts))


def _drawn(run: Run, crew: Crew, early: Callable[[], dict[str, Any]] | None) -> Path:
    from engine.files import write_text
    from engine.plugins.words import plugin_sentences
    from engine.report.page.figures import instrument_drawings, trust_drawings
    from engine.report.page.page import render_page
    from engine.report.page.universe import render_universe
    from engine.report.prose.brief.brief import BriefSettings, build_brief
    from engine.report.prose.brief.related import MOST_RELATED

    path = run.path
    if len(run.scenarios) > MOST_TOGETHER:
        material = _shared(run)
        page = render_universe(material, _draw_members(run, material, crew))
        pictures: dict[str, str] = {}
    else:
        material = material_of(run)
        verified = crew.beside(
            trust_drawings, replace(material, replay=None, levels=None, events=None, outcomes=None)
        )
        own = early or partial(instrument_drawings, material)
        charts = cache(lambda: own() | verified())
        page = render_page(material, charts)
        pictures = _write_pictures(path, charts()["price"])
    config = material.config
    families = {item.family for item in config.instruments}
    settings = BriefSettings(
        interval=config.verify.interval,
        outcome=config.outcome,
        slope_flat_atr=config.rules.slope_flat_atr,
        charts=pictures,
        plugins=plugin_sentences(run.manifest.get("plugins")),
        related=1 < len(material.scenarios) <= MOST_RELATED and len(families) == 1,
    )
    write_text(path / "brief.md", build_brief(material.scenarios, material.metrics, settings))
    write_text(path / "report.html", page)
    return path / "report.html"


def _write_pictures(path: Path, drawn: Mapping[str, str]) -> dict[str, str]:
    """Write the price chart of each instrument beside the brief; instrument to its file's name."""
    from engine.files import slug, write_text
    from engine.report.charts import standing_alone

    names: dict[str, str] = {}
    for number, (symbol, chart) in enumerate(drawn.items(), start=1):
        names[symbol] = "brief.svg" if len(drawn) == 1 else f"brief_{number}_{slug(symbol)}.svg"
        write_text(path / names[symbol], standing_alone(chart))
    return names


def material_of(run: Run) -> ReportMaterial:
    """Everything the page shows, read from the run's files; the fan is simulated from its bars."""
    from engine.table.fan import last_fans

    return replace(
        _shared(run),
        replay=run.replay,
        levels=run.levels,
        events=run.level_events,
        outcomes=run.outcomes,
        forecasts=run.forecasts,
        fans=last_fans(run.bars, run.config),
    )


def _told(run: Run) -> ReportMaterial:
    from engine.report.page.material import ReportMaterial
    from engine.table.scenario import Scenario

    return ReportMaterial(run.config, [Scenario.from_dict(item) for item in run.scenarios])


def _shared(run: Run) -> ReportMaterial:
    """What is said of all instruments together: no history of any of them."""
    return replace(
        _told(run),
        manifest=run.provenance,
        forecasts=run.columns("forecasts", _OF_TABLE),
        trades=run.trades,
        equity=run.equity,
        thresholds=run.thresholds,
        metrics=run.metrics,
        reliability=run.reliability,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    """One instrument: its table, as scenario.json has it, its bars and its rows of each file."""

    table: dict[str, Any]
    bars: BarSeries
    frames: dict[str, pd.DataFrame]


def _draw_members(run: Run, shared: ReportMaterial, crew: Crew) -> dict[str, Markup]:
    """Write the page of every instrument; returns the small picture of each."""
    from engine.files import write_text
    from engine.report.page.universe import FOLDER, page_name

    symbols = [scenario.instrument for scenario in shared.scenarios]
    calendar = np.unique(run.columns("replay", ["date"])["date"].to_numpy().astype("datetime64[D]"))
    bare = replace(
        shared, scenarios=(), forecasts=None, trades=None, equity=None, metrics=None, reliability=None
    )
    drawn = crew.map(partial(_draw_member, bare, calendar), _members(run, symbols), symbols)
    pictures = {}
    for symbol, (page, picture) in zip(symbols, drawn, strict=True):
        write_text(run.path / FOLDER / page_name(symbol), page)
        pictures[symbol] = picture
    return pictures


def _members(run: Run, symbols: list[str]) -> Iterator[_Member]:
    from engine.runs.by_instrument import each_instrument

    tables = {table["instrument"]: table for table in run.scenarios}
    for symbol, frames in each_instrument(run.path, symbols):
        yield _Member(tables[symbol], run.bars_of(symbol, frames["replay"]), frames)


def _draw_member(bare: ReportMaterial, calendar: np.ndarray, member: _Member) -> tuple[str, Markup]:
    from engine.report.page.universe import picture, render_member
    from engine.table.fan import last_fans
    from engine.table.scenario import Scenario

    scenario = Scenario.from_dict(member.table)
    frames = member.frames
    material = replace(
        bare,
        scenarios=[scenario],
        replay=frames["replay"],
        levels=frames["levels"],
        events=frames["level_events"],
        outcomes=frames["outcomes"],
        forecasts=frames["forecasts"],
        trades=frames["trades"],
        fans=last_fans({member.bars.symbol: member.bars}, bare.config, calendar=calendar),
    )
    return render_member(material), picture(frames["replay"]["close"].to_numpy(np.float64), scenario)
