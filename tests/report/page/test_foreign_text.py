"""What a config, a table or a folder is called never becomes markup, a link or a control character on a page."""

import dataclasses
import re
import unicodedata
from contextlib import suppress
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.errors import DataError
from engine.judge import judge, read_forecasts
from engine.report.page.comparison import ComparedRun, render_comparison
from engine.report.page.judgement import judgement_page
from engine.report.page.page import render_page
from engine.report.page.universe import picture, render_member, render_universe
from engine.report.prose.brief.brief import build_brief
from tests.effort import count
from tests.report import factory
from tests.report.page.test_page import check

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'>](http://x)|`*_&lt;"
texts = st.text(st.characters(codec=None), min_size=1, max_size=40)
quiet = settings(
    deadline=None,
    max_examples=count(3, 60),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
judged = []
POLICY = re.compile(
    r'<meta http-equiv="Content-Security-Policy" content="default-src (?:\'|&#39;|&#x27;)none'
)


def inert(page):
    assert POLICY.search(page)
    assert "alert(1)</script>" not in page
    unseen = {c for c in page if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert unseen <= {"\n"}
    page.encode()


@pytest.fixture(scope="module")
def material():
    return factory.make_material()


@quiet
@given(texts)
@example(HOSTILE)
def test_the_page_and_the_brief_of_a_run(material, name):
    scenarios = [dataclasses.replace(one, name=name) for one in material.scenarios]
    page = render_page(dataclasses.replace(material, scenarios=scenarios))
    inert(page)
    check(page)
    brief = build_brief(scenarios, material.metrics)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in brief.replace("\n", ""))
    assert re.search(r"(?<!\\)<script", brief) is None
    assert re.search(r"(?<!\\)\]\(", brief) is None


@quiet
@given(texts)
@example(HOSTILE)
def test_the_pages_of_a_universe_and_their_drawings(material, symbol):
    """Symbols of a config have no such characters; those of a run's files may be anybody's."""
    (scenario,) = material.scenarios
    hostile = dataclasses.replace(scenario, name=symbol, instrument=symbol)
    closes = material.replay["close"].to_numpy(float)
    drawn = picture(closes, hostile)
    inert_drawing(drawn)
    own = {name: getattr(material, name).assign(instrument=symbol) for name in ("replay", "forecasts")}
    left_out = {symbol: {"code": symbol, "message": symbol}}
    changed = dataclasses.replace(
        material,
        scenarios=[hostile],
        manifest={"status": "completed", "command": symbol, "left_out": left_out},
        **own,
    )
    overview = render_universe(dataclasses.replace(changed, replay=None), {symbol: drawn})
    inert(overview)
    check(overview)
    member = render_member(dataclasses.replace(changed, metrics=None, equity=None))
    inert(member)
    check(member)
    for page in (overview, member):
        still = re.sub(
            r"<script.*?</script>", "", page, flags=re.S
        )  # living drawings are made in the browser
        for drawing in re.findall(r"<svg.*?</svg>", still, flags=re.S):
            inert_drawing(drawing)


def inert_drawing(drawing):
    """XML has no room for control characters, and a drawing none for scripts or links."""
    ElementTree.fromstring(drawing)
    assert "<script" not in drawing
    assert not re.search(r"<a[ >]|(?:xlink:)?href=\"(?!#)", drawing)
    assert {c for c in drawing if unicodedata.category(c) in ("Cc", "Cf", "Cs")} <= {"\n"}


@quiet
@given(texts)
@example(HOSTILE)
def test_the_page_of_compared_runs(name):
    config, replay = factory.make_config(), factory.make_replay(n=700)
    forecasts = factory.make_forecasts(replay)
    runs = [
        ComparedRun("one", config, forecasts),
        ComparedRun(name, config.model_copy(update={"name": name}), forecasts),
    ]
    page = render_comparison(runs)
    inert(page)
    check(page)


@quiet
@given(texts)
@example(HOSTILE)
def test_the_page_of_judged_forecasts(name):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.2, 0.8, 60)
    frame = pd.DataFrame(
        {
            "date": np.busday_offset(np.datetime64("2010-01-04"), np.arange(60)).astype(str),
            f"p_{name}": p,
            "p_other": 1 - p,
            "horizon_sessions": 1,
            "outcome": np.where(rng.random(60) < p, name.strip(), "other"),
        }
    )
    with suppress(DataError):  # some names cannot be a class
        inert(judgement_page(judge(read_forecasts(frame), draws=99), name))
        judged.append(name)


def test_a_hostile_name_was_judged():
    assert HOSTILE in judged
