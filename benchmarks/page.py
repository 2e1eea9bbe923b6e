"""The page in headless Chromium: bytes, first paint, a step of the time machine, panning; beside plotly's bundle."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from engine.report.page.alive import alive
from engine.report.page.bundle import script
from engine.report.page.material import ReportMaterial
from engine.report.page.page import render_page
from engine.report.page.universe import picture, render_member, render_universe
from engine.runs.draw import MOST_TOGETHER, material_of
from tests.report.page.browser import CHROMIUM, browser

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
_STEPS = """() => {
    const { machine } = scenarioPage, taken = [];
    machine.go(machine.history.length - 900);
    for (let i = 0; i < 300; i++) {
        const start = performance.now();
        machine.step(1);
        machine.drawNow();
        document.body.offsetHeight; // the layout that the next frame would make
        taken.push(performance.now() - start);
    }
    return taken;
}"""
_PANS = """() => {
    const { machine } = scenarioPage, taken = [];
    for (let i = 0; i < 200; i++) {
        const start = performance.now();
        i % 2 ? machine.zoom(i % 4 < 2 ? 1.04 : 0.96) : machine.pan(i % 8 < 4 ? -3 : 3);
        machine.drawNow();
        taken.push(performance.now() - start);
    }
    return taken;
}"""
_PLOTLY_STEPS = """async bars => {
    const el = document.getElementById("plot"), n = bars.date.length, taken = [];
    const trace = (from, to) => ({ type: "candlestick", x: bars.date.slice(from, to), open: bars.open.slice(from, to), high: bars.high.slice(from, to), low: bars.low.slice(from, to), close: bars.close.slice(from, to) });
    await Plotly.newPlot(el, [trace(n - 1100, n - 900)], { xaxis: { rangeslider: { visible: false } } });
    for (let i = 0; i < 60; i++) {
        const start = performance.now();
        await Plotly.react(el, [trace(n - 1100 + i, n - 900 + i)], { xaxis: { rangeslider: { visible: false } } });
        taken.push(performance.now() - start);
    }
    return taken;
}"""


def measure() -> list[dict[str, Any]]:
    """The Nasdaq run of the repository; without Chromium there is nothing to measure."""
    if CHROMIUM is None:
        return []
    import engine

    config = engine.load_config(Path(__file__).parent.parent / "configs/nasdaq.yaml")
    with tempfile.TemporaryDirectory() as folder:
        run = engine.run(config, results=folder, audit_dates=0)
        material = material_of(run)
        here = Path(folder)
        with browser() as opened:
            rows = _page_rows(opened, here, "5,031 sessions", material, (1.5, 500, 16, 33))
            rows += _page_rows(opened, here, "20,124 sessions", _repeated(material, 4), (4, None, None, 33))
            # the most that stand in one file: with more, a run writes an overview and a page for each
            rows += _page_rows(
                opened,
                here,
                f"{MOST_TOGETHER} instruments",
                _copied(material, MOST_TOGETHER),
                (None, 500, 16, 33),
            )
            rows += _universe_rows(opened, here, _copied(material, 50))
            rows += _plotly_rows(opened, here, material)
        started = time.process_time()
        alive(material)
        rows.append(_row("what is alive adds to a run", time.process_time() - started, "s", 1.0))
    rows.append(_row("our script", len(script().encode()) / 1e3, "kB", 120))
    return rows


def _page_rows(
    opened: Any, folder: Path, name: str, material: ReportMaterial, budgets: tuple[float | None, ...]
) -> list[dict[str, Any]]:
    file = folder / "page.html"
    file.write_text(render_page(material), encoding="utf-8")
    paints, ready, page = _opened(opened, file)
    steps, pans = page.evaluate(_STEPS), page.evaluate(_PANS)
    page.close()
    megabytes, paint, middle, most = budgets
    return [
        _row(f"page, {name}", file.stat().st_size / 1e6, "MB", megabytes),
        _row(f"first paint, {name}", min(p for p in paints if p is not None), "ms", paint),
        _row(f"alive, {name}", min(ready), "ms", 1500),
        _row(f"step, median, {name}", median(steps), "ms", middle),
        _row(f"step, 95 %, {name}", float(np.quantile(steps, 0.95)), "ms", most),
        _row(f"zoom and pan, 95 %, {name}", float(np.quantile(pans, 0.95)), "ms", 16.7),
    ]


def _universe_rows(opened: Any, folder: Path, material: ReportMaterial) -> list[dict[str, Any]]:
    """What a run of many instruments writes: the overview, and one page for each, of which one is opened."""
    first, symbol = material.scenarios[0], material.scenarios[0].instrument
    assert material.replay is not None
    close = material.replay[material.replay["instrument"] == symbol]["close"].to_numpy(float)
    pictures = {scenario.instrument: picture(close, scenario) for scenario in material.scenarios}
    alone = {
        name: frame[frame["instrument"] == symbol]
        for name, frame in _frames(material).items()
        if frame is not None
    }
    shared = dataclasses.replace(material, replay=None, levels=None, events=None, outcomes=None)
    bare = dataclasses.replace(
        material, equity=None, metrics=None, reliability=None, scenarios=[first], **alone
    )
    rows = []
    for name, text in (
        ("overview of 50 instruments", render_universe(shared, pictures)),
        ("page of one of them", render_member(bare)),
    ):
        file = folder / "page.html"
        file.write_text(text, encoding="utf-8")
        rows.append(_row(name, file.stat().st_size / 1e6, "MB", None))
        rows.append(_row(f"{name}, alive", min(_opened(opened, file)[1]), "ms", 1500))
    return rows


def _opened(opened: Any, file: Path) -> tuple[list[float | None], list[float], Any]:
    """First paint and the moment from which it answers, of three openings; the last one stays open."""
    paints, ready = [], []
    for _ in range(3):
        page = opened.new_page(viewport={"width": 1440, "height": 900})
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        ready.append(page.evaluate("performance.now()"))
        paints.append(page.evaluate(_PAINT))
        if len(paints) < 3:
            page.close()
    return paints, ready, page


def _frames(material: ReportMaterial) -> dict[str, pd.DataFrame | None]:
    names = ("replay", "levels", "events", "outcomes", "forecasts", "trades")
    return {name: getattr(material, name) for name in names}


def _plotly_rows(opened: Any, folder: Path, material: ReportMaterial) -> list[dict[str, Any]]:
    try:
        import plotly
    except ImportError:
        return []
    bundle = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    file = folder / "plotly.html"
    start = "<!doctype html><meta charset=utf-8><div id=plot style='width:900px;height:560px'></div><script>"
    file.write_text(start + bundle.read_text(encoding="utf-8") + "</script>", encoding="utf-8")
    page = opened.new_page(viewport={"width": 1440, "height": 900})
    page.goto(file.as_uri())
    assert material.replay is not None
    bars = {c: material.replay[c].round(2).tolist() for c in ("open", "high", "low", "close")}
    bars["date"] = material.replay["date"].dt.strftime("%Y-%m-%d").tolist()
    page.evaluate("window.bars = null")
    steps = page.evaluate(_PLOTLY_STEPS, json.loads(json.dumps(bars)))
    ready = page.evaluate("performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart")
    page.close()
    return [
        _row("plotly's bundle", bundle.stat().st_size / 1e3, "kB", None),
        _row("plotly's bundle, read", ready, "ms", None),
        _row("plotly, 200 candles alone, one step", median(steps), "ms", None),
    ]


def _repeated(material: ReportMaterial, times: int) -> ReportMaterial:
    """The same history several times in a row, twenty years apart."""

    def again(frame: pd.DataFrame | None) -> pd.DataFrame | None:
        if frame is None:
            return None
        parts = []
        for k in range(times):
            part = frame.copy()
            for name in part.columns:
                if str(part[name].dtype).startswith("datetime"):
                    part[name] = part[name] + pd.Timedelta(days=7306 * k)
                elif name.endswith("level_id"):
                    part[name] = np.where(part[name] >= 0, part[name] + 100_000 * k, part[name])
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    return dataclasses.replace(material, **{name: again(frame) for name, frame in _frames(material).items()})


def _copied(material: ReportMaterial, count: int) -> ReportMaterial:
    """As many instruments, all with one history."""
    symbols = [f"S{k:02d}" for k in range(count)]

    def each(frame: pd.DataFrame | None) -> pd.DataFrame | None:
        if frame is None:
            return None
        return pd.concat([frame.assign(instrument=symbol) for symbol in symbols], ignore_index=True)

    scenarios = [
        dataclasses.replace(material.scenarios[0], instrument=symbol, name=symbol) for symbol in symbols
    ]
    return dataclasses.replace(
        material, scenarios=scenarios, **{name: each(frame) for name, frame in _frames(material).items()}
    )


def _row(name: str, value: float, unit: str, budget: float | None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "budget": budget}
