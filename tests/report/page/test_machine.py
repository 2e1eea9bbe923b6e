"""The time machine in a real browser, held against the files of a run."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.report.page.page import render_page
from engine.runs.draw import material_of
from engine.scenarios import SCENARIOS, whole_percents
from engine.table.words import SCENARIO_LABELS
from tests.report import factory
from tests.report.page.browser import browser, needs_chromium, open_page, wait_until

pytestmark = needs_chromium
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAY = re.compile(rf"(?<![\d,.])[123]?\d (?:{'|'.join(MONTHS)}) (?:19|20)\d\d")
GO = "t => { const { machine } = scenarioPage; machine.go(t); machine.drawNow(); machine.settle(); }"
LATER = """t => {
    // the future is replaced by noise: whatever is drawn or said before the reveal must not notice
    const { machine } = scenarioPage, { table, length } = machine.history;
    for (const [name, column] of Object.entries(table)) {
        if (!(column instanceof Float64Array) || column.length !== length || name === "date") continue;
        const horizon = Number((/^came.*_(\\d+)$/.exec(name) || [])[1]);
        for (let i = 0; i < length; i++) {
            if (horizon ? i + table[`came_after_${horizon}`][i] > t && !name.startsWith("came_after") : i > t)
                column[i] = name.startsWith("came") ? (column[i] + 1) % 3 : column[i] * (1 + 0.3 * Math.sin(i * 7.1));
        }
    }
}"""


@pytest.fixture(scope="module")
def opened():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def machine(opened, finished):
    page = open_page(opened, finished.path / "report.html")
    yield page
    assert page.said == []  # no error, no warning, no request in all of this module
    page.close()


@pytest.fixture(scope="module")
def dates(finished) -> list[int]:
    """Fifty sessions of the replay, the first and the last one among them."""
    return [int(i) for i in np.linspace(0, len(finished.replay) - 1, 50)]


def test_fifty_dates_show_what_the_files_hold(machine, finished, dates):
    replay, horizon = finished.replay, 15
    forecasts = finished.forecasts[finished.forecasts["horizon_sessions"] == horizon].set_index("date")
    outcomes = finished.outcomes[finished.outcomes["horizon_sessions"] == horizon].set_index("date")
    levels, events = finished.levels, finished.level_events
    gone = events[events["event"].str.startswith("retired")].set_index("level_id")["date"]
    retired = levels["level_id"].map(gone)
    for t in dates:
        row = replay.iloc[t]
        machine.evaluate(GO, t)
        shown = machine.evaluate(
            """() => {
                const words = document.querySelector("#machine .words"), text = q => [...words.querySelectorAll(q)].map(e => e.textContent);
                return {
                    date: words.querySelector("[data-date]").dataset.date, close: text("[data-close]")[0],
                    table: text("[data-p]"), history: text("[data-by=filtered_history]"),
                    book: [...words.querySelectorAll("[data-level]")].map(e => Number(e.dataset.level)), words: words.textContent,
                };
            }"""
        )
        assert shown["date"] == f"{row['date']:%Y-%m-%d}"
        assert (
            abs(float(shown["close"].replace(",", "")) - row["close"]) <= 0.506
        )  # cents travel, units are shown
        alive = levels[(levels["confirmed"] <= row["date"]) & ~(retired <= row["date"])]
        price = {f"moving_average_{n}": row[f"sma_{n}"] for n in (50, 200)}
        known = ~alive["kind"].isin([kind for kind, value in price.items() if np.isnan(value)])
        assert sorted(shown["book"]) == sorted(alive["level_id"][known])
        if np.isfinite(row["floor"]):
            said = re.search(r"through ([\d,]+), next", shown["words"])
            assert said is not None
            assert abs(float(said[1].replace(",", "")) - row["floor"]) <= 0.506
        if row["date"] not in forecasts.index:
            assert shown["table"] == []
            continue
        forecast = forecasts.loc[row["date"]]
        for key, prefix in (("table", "p"), ("history", "filtered_history")):
            whole = whole_percents([forecast[f"{prefix}_{name}"] for name in SCENARIOS])
            assert shown[key] == [f"{value}%" for value in reversed(whole)]
        machine.evaluate("scenarioPage.machine.reveal()")
        came = machine.evaluate("document.querySelector('#machine .came')?.textContent ?? null")
        outcome = outcomes.loc[row["date"]]
        if t == len(replay) - 1:
            assert came is None
        elif pd.isna(outcome["outcome"]):
            assert "nothing has come yet" in came
        else:
            on = outcome["resolved_on"]
            assert came.startswith(SCENARIO_LABELS[outcome["outcome"]])
            assert f"decided on {on.day} {MONTHS[on.month - 1]} {on.year}" in came
            assert ("the target was touched" in came) == bool(outcome["target_touched"])
            assert ("the retest price was touched" in came) == bool(outcome["retest_touched"])


def test_the_whole_history_is_in_the_block(machine, finished):
    columns = machine.evaluate(
        "() => Object.fromEntries(Object.entries(scenarioPage.machine.history.table)"
        ".filter(([, c]) => c instanceof Float64Array).map(([k, c]) => [k, Array.from(c, v => Number.isNaN(v) ? null : v)]))"
    )
    replay = finished.replay
    for name in ("open", "high", "low", "close", "sma_50", "sma_200", "floor", "target_low", "retest"):
        got = np.array(columns[name], dtype=float)
        np.testing.assert_allclose(got, replay[name], atol=0.0051)
    np.testing.assert_array_equal(columns["floor_level_id"], replay["floor_level_id"])
    for horizon in finished.config.horizons:
        rows = finished.forecasts[finished.forecasts["horizon_sessions"] == horizon]
        place = np.searchsorted(replay["date"], rows["date"])
        for name in ("p_range", "filtered_history_breakdown", "random_walk_continuation", "analyst_range"):
            got = np.array(columns[f"{name}_{horizon}"], dtype=float)
            np.testing.assert_allclose(got[place], rows[name], atol=0.51e-6)
            assert np.isnan(np.delete(got, place)).all()


def test_nothing_of_the_future_is_there_before_the_reveal(opened, finished):
    page = open_page(opened, finished.path / "report.html")
    for t in (900, 1500, 2100):
        day = finished.replay["date"].iloc[t]
        page.evaluate(GO, t)
        picture = "() => [...document.querySelectorAll('#machine canvas')].map(c => c.toDataURL())"
        before = page.evaluate(picture)
        place = page.locator("#machine")
        said = place.inner_text() + place.aria_snapshot()
        mentioned = [pd.Timestamp(text) for text in re.findall(DAY, said)]
        mentioned += [pd.Timestamp(text) for text in re.findall(r"\d{4}-\d\d-\d\d", said)]
        assert max(mentioned) == day
        assert page.locator("#machine [data-came]").count() == 0
        page.evaluate(LATER, t)
        page.evaluate("scenarioPage.machine.drawNow()")
        assert page.evaluate(picture) == before
        page.evaluate(GO, t)
        assert place.inner_text() + place.aria_snapshot() == said
        page.evaluate("scenarioPage.machine.reveal(); scenarioPage.machine.drawNow()")
        assert page.evaluate(picture)[0] != before[0]
        page.reload()
        page.wait_for_selector("html[data-ready=yes]")
    page.close()


def test_guess_first_scores_as_the_engine_does(opened, finished):
    page = open_page(opened, finished.path / "report.html")
    rows = finished.forecasts[finished.forecasts["horizon_sessions"] == 15].set_index("date")
    replay = finished.replay
    page.get_by_role("button", name="Guess first").click()
    losses = []
    for t in (1400, 1404, 1500):  # the second overlaps the first
        page.evaluate(GO, t)
        assert page.locator("#machine [data-p]").count() == 0
        assert page.get_by_role("button", name="Reveal what came").is_disabled()
        for name, value in zip(("Down", "Between", "Up"), (20, 30, 50), strict=True):
            page.get_by_label(f"{name}, percent").fill(str(value))
        page.get_by_role("button", name="Lock in and reveal").click()
        row = rows.loc[replay["date"].iloc[t]]
        code = SCENARIOS.index(row["outcome"])
        mine = (0.2, 0.3, 0.5)[code]
        losses.append(
            [
                -np.log(p)
                for p in (mine, row[f"p_{SCENARIOS[code]}"], row[f"filtered_history_{SCENARIOS[code]}"])
            ]
        )
    assert "3 guesses, 2 independent windows" in page.locator("#machine .score caption").text_content()
    shown = page.locator("#machine .score tbody tr td:nth-of-type(1)").all_text_contents()
    assert shown == [f"{value:.3f}" for value in np.mean(losses, axis=0)]
    assert page.said == []
    page.close()


def test_everything_can_be_done_with_the_keyboard(opened, finished):
    page = open_page(opened, finished.path / "report.html", "#2010-03-15")
    read = "document.querySelector('#machine [data-date]').dataset.date"
    assert page.evaluate(read) == "2010-03-15"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(read) == "2010-03-16"
    page.keyboard.press("Shift+ArrowLeft")
    assert page.evaluate(read) == "2010-02-12"
    page.wait_for_timeout(250)
    assert page.url.endswith("#2010-02-12")
    assert page.locator("#machine [data-came]").count() == 0
    page.keyboard.press("r")
    assert page.locator("#machine [data-came]").count() == 1
    span = "scenarioPage.machine.state.to - scenarioPage.machine.state.from"
    wide = page.evaluate(span)
    page.keyboard.press("+")
    assert page.evaluate(span) < wide
    page.keyboard.press("g")
    page.keyboard.press("ArrowRight")
    for _ in range(80):  # the fields of the guess are reached by tabbing
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.guess') !== null"):
            break
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    assert page.locator("#machine [data-came]").count() == 1
    page.evaluate("location.hash = '#2011-08-07'")  # a Sunday: the close before it
    wait_until(page, f"{read} === '2011-08-05'")
    assert page.said == []
    page.close()


@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
def test_it_fits_every_screen(opened, finished, width, tmp_path):
    for scheme in ("light", "dark"):
        page = open_page(
            opened,
            finished.path / "report.html",
            "#2011-08-08",
            viewport={"width": width, "height": 1000},
            color_scheme=scheme,
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        names = page.evaluate(
            "[...document.querySelectorAll('#machine button, #machine input, #machine select')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth).length"
        )
        assert names == 0
        if width >= 1440:  # a table that has to be pushed aside on a desk is a table nobody reads
            page.evaluate("document.querySelectorAll('#trust details').forEach(d => d.open = true)")
            cut = page.evaluate(
                "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
                ".map(e => [e.scrollWidth, e.clientWidth, e.textContent.trim().replace(/\\s+/g, ' ').slice(0, 120)])"
            )
            assert cut == []
        page.screenshot(path=str(Path(tmp_path) / f"page_{width}_{scheme}.png"))
        assert page.said == []
        page.close()


def test_paper_and_no_script_have_every_section(opened, finished):
    file = finished.path / "report.html"
    page = open_page(opened, file)
    ids = page.evaluate(
        "[...document.querySelectorAll('main > section:not(.live, #machine)')].map(s => s.id)"
    )
    page.emulate_media(media="print")
    seen = "ids => ids.filter(id => document.getElementById(id).offsetHeight > 40)"
    assert page.evaluate(seen, ids) == ids
    assert page.evaluate("document.getElementById('machine').offsetHeight") == 0
    stills = "[...document.querySelectorAll('figure svg.chart')].filter(e => e.getBoundingClientRect().height > 40).length"
    drawn = page.evaluate(stills)
    assert len(page.pdf()) > 100_000
    page.close()
    page = opened.new_page(java_script_enabled=False)
    page.goto(file.as_uri())
    for fold in page.locator("main summary").all():  # what is folded is printed open
        if fold.is_visible() and fold.evaluate("e => !e.parentElement.open"):
            fold.click()
    assert page.locator("figure svg.chart >> visible=true").count() == drawn
    assert page.locator("#machine").is_hidden()
    page.close()


def test_a_hostile_name_is_shown_as_text(opened, tmp_path):
    hostile = "</script><img src=x onerror=alert(1)>&amp;"
    material = factory.make_material()
    scenario = dataclasses.replace(material.scenarios[0], name=hostile)
    file = tmp_path / "report.html"
    file.write_text(render_page(dataclasses.replace(material, scenarios=[scenario])), encoding="utf-8")
    page = open_page(opened, file)
    assert hostile in page.locator("#machine .close").inner_text()
    assert page.locator("img").count() == 0
    assert page.said == []
    page.close()


def test_prices_of_any_length_have_room_in_the_book(opened, finished, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.report.page.data.words.price_decimals", lambda *_: 4)
    file = tmp_path / "report.html"
    file.write_text(render_page(material_of(finished)), encoding="utf-8")
    page = open_page(opened, file)
    prices = page.locator(".panel .book tbody th")
    assert prices.count() > 5
    assert all(th.evaluate("th => th.scrollWidth <= th.clientWidth") for th in prices.all())
    page.close()
