from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest

from engine.report.material import ReportMaterial
from engine.report.page import render_page
from tests.report import factory

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "rect"}


class Structure(HTMLParser):
    """Open and close tags balance; ids are unique; every anchor in the page leads somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a" and (values.get("href") or "").startswith("#"):
            self.anchors.add(values["href"][1:])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()


@pytest.fixture(scope="module")
def material() -> ReportMaterial:
    return factory.make_material()


@pytest.fixture(scope="module")
def page(material) -> str:
    return render_page(material)


def check(html: str) -> Structure:
    structure = Structure()
    structure.feed(html)
    assert structure.open == []
    assert len(structure.ids) == len(set(structure.ids))
    assert structure.anchors <= set(structure.ids)
    return structure


def test_the_page_is_one_sound_file(page):
    structure = check(page)
    assert {"trust", "backtest", "checks", "words", "provenance", "sim", "sim-levels"} <= set(structure.ids)
    assert len(page.encode()) < 1_500_000


def test_nothing_is_requested_from_anywhere(page):
    assert re.findall(r"https?://[^\s\"'<]+", page) == []
    assert re.findall(r'(?:src|href)="(?!#|data:,)[^"]*"', page) == []
    assert "@import" not in page
    assert re.findall(r"url\((?!#)[^)]*\)", page) == []


def test_the_verdict_comes_first(page):
    body = page[page.index("<body>") :]
    assert (
        body.index("<h1>")
        < body.index("added nothing over distance and volatility alone")
        < body.index("<table>")
    )


def test_probabilities_in_each_table_sum_to_100(page):
    for block in re.findall(r"<caption>.*?</table>", page, flags=re.S):
        shares = [int(value) for value in re.findall(r'class="big">(\d+)%', block)]
        assert len(shares) == 3
        assert sum(shares) == 100
        rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", block, flags=re.S)
        columns = zip(*(re.findall(r'<td class="n q">(\d+)%', row) for row in rows), strict=True)
        assert all(sum(map(int, column)) == 100 for column in columns)


def test_every_part_of_the_trust_section_is_there(page):
    for piece in (
        "Skill over each baseline",
        "Scores at 15 sessions",
        "Reliability at 10 sessions",
        "Skill over filtered history by regime",
        "Real levels are not distinguishable from random prices at the same distance.",
        "1 not applicable",
        "By year.",
    ):
        assert piece in page


def test_equal_material_gives_equal_bytes(material, page):
    assert render_page(material) == page


def test_missing_pieces_leave_a_sensible_page(material):
    bare = ReportMaterial(config=material.config)
    html = render_page(bare)
    check(html)
    assert "No scenario table" in html
    assert "No backtest was made" in html
    assert "have not been verified" in html
    for name in ("manifest", "replay", "forecasts", "equity", "metrics", "reliability"):
        check(render_page(dataclasses.replace(material, **{name: None})))


def test_text_from_outside_cannot_become_markup(material):
    manifest = {"command": "<script>alert(1)</script>"}
    html = render_page(dataclasses.replace(material, manifest=manifest))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_several_instruments_have_a_section_each():
    material = factory.make_material(("AAA", "B.B"))
    html = render_page(material)
    structure = check(html)
    assert {"all", "aaa", "b-b"} <= set(structure.ids)
    assert html.count('class="ladder"') == 2


def test_the_page_takes_less_than_three_seconds(material):
    start = time.process_time()  # wall time would measure what else the machine does
    render_page(material)
    assert time.process_time() - start < 3.0


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_lays_it_out_without_horizontal_overflow(page, tmp_path):
    probe = (
        "<script>addEventListener('load',()=>{document.title="
        "'w'+document.documentElement.scrollWidth+'/'+innerWidth})</script>"
    )
    file = tmp_path / "report.html"
    file.write_text(page.replace("</body>", probe + "</body>"), encoding="utf-8")
    result = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1240,2000", "--dump-dom", file.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    title = re.search(r"<title>w(\d+)/(\d+)</title>", result.stdout)
    assert title is not None
    assert int(title[1]) <= int(title[2])


def test_tables_and_brief_do_not_import_plotting():
    code = (
        "import sys; import engine.report.terminal, engine.report.brief, engine.report.scenario; "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('matplotlib', 'jinja2', 'plotly')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "[]"
