"""What stands on the page without the machine: tables against scenario.json, horizons as tabs, and axe's rules."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from engine.scenarios import whole_percents
from engine.table import words
from tests.report.page.browser import browser, needs_chromium, open_page

pytestmark = needs_chromium
ROWS = "t => [...t.tBodies].flatMap(b => [...b.rows].map(r => [...r.cells].map(c => c.innerText.trim())))"
TABS = "#reliability-tables > .tablist > button"


@pytest.fixture(scope="module")
def opened():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def instrument(finished) -> dict:
    return json.loads((finished.path / "scenario.json").read_text(encoding="utf-8"))["instruments"][0]


@pytest.fixture(scope="module")
def paper(opened, finished):
    """The page as it is read without a script: all tables stand there."""
    page = opened.new_page(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page.goto((finished.path / "report.html").as_uri())
    yield page
    page.close()


def test_every_scenario_table_equals_scenario_json(paper, instrument):
    shown = paper.locator("table.question").all()
    tables = instrument["horizons"][::-1]  # the longest first
    assert len(shown) == len(tables) == 2
    for drawn, table in zip(shown, tables, strict=True):
        assert f"Next {table['horizon_sessions']} sessions" in drawn.locator("caption").inner_text()
        said = whole_percents([row["probability"] for row in table["rows"]])
        names = list(table["rows"][0]["baselines"])
        heads = drawn.locator("thead th").all_inner_texts()[2:]
        assert sorted(" ".join(head.split()) for head in heads) == sorted(
            words.baseline_label(name) for name in names
        )
        for cells, row, share in zip(drawn.evaluate(ROWS), table["rows"], said, strict=True):
            assert cells[0].replace("\n", " ") == row["title"]
            percent, interval = cells[1].split("%", 1)
            assert int(percent) == share
            assert interval.strip() == words.percent_range(row["low"], row["high"])
            for head, cell in zip(heads, cells[2:], strict=True):
                name = next(n for n in names if words.baseline_label(n) == " ".join(head.split()))
                assert (
                    abs(int(cell.rstrip("%")) - 100 * row["baselines"][name]) < 1.0
                )  # rounded to sum to 100


def test_every_level_of_the_ladder_equals_scenario_json(paper, instrument):
    decimals = instrument["price_decimals"]
    lines = {}
    for line in instrument["resistance"] + instrument["support"]:
        low, high = (f"{line[edge]:,.{decimals}f}" for edge in ("low", "high"))
        zone = low if low == high else f"{low}–{high}"
        badge = "" if line["role"] in ("support", "resistance") else line["role"]
        lines[zone, words.capital(line["name"]) + badge] = line
    rows = [cells for cells in paper.locator("table.ladder").evaluate(ROWS) if len(cells) > 3]
    assert len(rows) > 10
    for zone, name, away, atr, sigma, tests, age, *touched in rows:
        line = lines[zone, name.split("\n")[0]]
        average = line["kind"].startswith("moving_average")
        inside = line["low"] <= instrument["close"] <= line["high"] and not average
        assert away == ("inside" if inside else words.signed(line["distance_percent"]) + "%")
        assert float(atr) == pytest.approx(abs(line["distance_atr"]), abs=0.051)
        assert float(sigma) == pytest.approx(abs(line["distance_sigma"]), abs=0.051)
        assert tests == (words.MISSING if average else f"{line['touches']:,}")
        assert age == (words.MISSING if average else f"{line['age_sessions']:,}")
        for text, horizon in zip(touched, ("10", "15"), strict=True):
            assert text == words.percent(line["touch_probability"].get(horizon))


def test_horizons_are_tabs_the_longest_first(opened, finished):
    page = open_page(opened, finished.path / "report.html")
    parts = "[...document.querySelectorAll('#reliability-tables > [data-tab]')].map(e => e.offsetHeight > 0)"
    assert page.locator(TABS).all_inner_texts() == ["15 sessions", "10 sessions"]
    assert page.evaluate(parts) == [True, False]
    page.locator(TABS).first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(parts) == [False, True]
    assert page.evaluate("document.activeElement.textContent") == "10 sessions"
    page.emulate_media(media="print")
    assert page.evaluate(parts) == [True, True]
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 2400, "height": 900})
    assert page.evaluate(parts) == [True, True]
    assert page.locator(TABS).first.is_hidden()
    assert page.said == []
    page.close()


def test_what_scrolls_sideways_can_be_reached_with_the_keyboard(opened, finished):
    page = open_page(opened, finished.path / "report.html", viewport={"width": 360, "height": 800})
    stuck = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0 && e.checkVisibility()).length"
    assert page.locator(".scroll[tabindex='0'][aria-label]").count() > 0
    assert page.evaluate(stuck) == 0
    page.set_viewport_size({"width": 1600, "height": 800})
    page.wait_for_timeout(100)
    assert page.locator("#trust > .scroll[tabindex]").count() == 0
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_axe_finds_nothing(opened, finished, width, scheme):
    axe = files(pytest.importorskip("axe_playwright_python")) / "axe.min.js"
    page = open_page(
        opened,
        finished.path / "report.html",
        viewport={"width": width, "height": 1000},
        color_scheme=scheme,
    )
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate("document.querySelectorAll('.ask-here').forEach(e => e.scrollIntoView())")
    page.wait_for_timeout(300)
    page.evaluate(axe.read_text(encoding="utf-8"))
    # contrast is computed, color by color, in test_page: here it takes most of the time
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], rules: {'color-contrast': {enabled: false}}})"
    )
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]] == []
    page.close()


def test_no_heading_stands_alone_at_the_end_of_a_sheet(opened, finished):
    """Where headings and what follows them are kept together, the printed page never breaks between the two."""
    page = open_page(opened, finished.path / "report.html")
    page.emulate_media(media="print")
    kept = page.evaluate(
        "[...document.querySelectorAll('main h2, main h3, main h4')].map(e => getComputedStyle(e).breakAfter)"
    )
    assert set(kept) == {"avoid"}
    page.close()
