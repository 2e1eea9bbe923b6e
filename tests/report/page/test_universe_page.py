"""The overview of many instruments and the page of one: what they show, and that they live without a network."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.report.page.universe import FOLDER, page_name, picture, render_member, render_universe
from engine.report.prose.apart import disagreement
from tests.report import factory
from tests.report.page.browser import browser, needs_chromium, open_page

SYMBOLS = ("ONE", "TWO", "THREE", "^FOUR")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The material, and a folder with the overview and the page of one instrument."""
    folder = tmp_path_factory.mktemp("run")
    material = factory.make_material(SYMBOLS)
    pictures = {}
    for scenario in material.scenarios:
        own = material.replay[material.replay["instrument"] == scenario.instrument]
        pictures[scenario.instrument] = picture(own["close"].to_numpy(float), scenario)
    shared = replace(material, replay=None)
    (folder / "report.html").write_text(render_universe(shared, pictures))
    symbol = SYMBOLS[-1]
    own = {
        name: frame[frame["instrument"] == symbol]
        for name, frame in (("replay", material.replay), ("forecasts", material.forecasts))
    }
    one = replace(material, scenarios=material.scenarios[-1:], metrics=None, equity=None, **own)
    (folder / FOLDER).mkdir()
    (folder / FOLDER / page_name(symbol)).write_text(render_member(one))
    return material, folder


def test_every_instrument_has_a_line_a_picture_and_a_link_to_its_page(pages):
    material, folder = pages
    text = (folder / "report.html").read_text()
    for scenario in material.scenarios:
        assert text.count(f'href="instruments/{scenario.instrument}.html"') >= 2
        assert scenario.price(scenario.close) in text
    assert text.count('<svg class="small"') == len(SYMBOLS)
    assert "data-" not in re.sub(r"data-sort", "", text.split("<main>")[1].split('id="trust"')[0])
    assert len(text) < 600_000


def test_those_that_disagree_most_come_first(pages):
    material, folder = pages
    section = (folder / "report.html").read_text().split('id="apart"')[1].split("</section>")[0]
    shown = re.findall(r'href="instruments/([^"]+)\.html"', section)
    apart = {scenario.instrument: disagreement(scenario) for scenario in material.scenarios}
    assert shown == sorted(shown, key=lambda symbol: -apart[symbol])
    assert shown


@needs_chromium
def test_the_overview_sorts_and_the_page_of_one_is_a_time_machine(pages):
    material, folder = pages
    with browser() as opened:
        page = open_page(opened, folder / "report.html")
        heading = page.locator("#overview th button", has_text="Close")
        names = page.locator("#overview tbody th")
        closes = {scenario.full_name: scenario.close for scenario in material.scenarios}
        heading.last.click()
        assert names.all_inner_texts() == sorted(closes, key=closes.__getitem__)
        heading.last.click()
        assert names.all_inner_texts() == sorted(closes, key=closes.__getitem__, reverse=True)
        assert page.said == []
        page.close()
        page = open_page(opened, folder / FOLDER / page_name(SYMBOLS[-1]))
        assert page.locator("#machine").is_visible()
        assert page.said == []
        page.close()
