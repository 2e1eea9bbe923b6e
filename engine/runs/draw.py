"""Draws the page and the brief of a run from what stands in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.report.page.material import ReportMaterial
    from engine.runs.run import Run


def draw(path: Path) -> Path:
    """Write brief.md and report.html from what stands in the run folder; returns the page's path."""
    from engine.files import write_text
    from engine.report.page.page import render_page
    from engine.report.prose.brief import build_brief
    from engine.runs.run import Run

    material = material_of(Run(path))
    config = material.config
    brief = build_brief(
        material.scenarios,
        material.metrics,
        config.verify.interval,
        config.outcome,
        config.rules.slope_flat_atr,
    )
    write_text(path / "brief.md", brief)
    write_text(path / "report.html", render_page(material))
    return path / "report.html"


def material_of(run: Run) -> ReportMaterial:
    """Everything the page shows, read from the run's files; the fan is simulated from its bars."""
    from engine.report.page.material import ReportMaterial
    from engine.table.fan import last_fans
    from engine.table.scenario import Scenario

    return ReportMaterial(
        config=run.config,
        scenarios=[Scenario.from_dict(item) for item in run.scenarios],
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
        fans=last_fans(run.bars, run.config),
    )
