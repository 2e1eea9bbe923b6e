from __future__ import annotations

import itertools
import re

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report.charts import equity_chart, history_chart, price_chart, skill_chart
from engine.report.charts.reliability import ReliabilityPanel, reliability_chart
from engine.report.charts.style import shorten, spread
from engine.report.trust import read_metrics
from tests.report import factory

positions = st.lists(st.floats(-50, 150), min_size=1, max_size=20)


@given(positions)
def test_names_never_overlap_and_keep_their_order(wanted):
    placed = spread(wanted, 8.0, 0.0, 100.0)
    gap = min(8.0, 100.0 / max(1, len(wanted) - 1))
    ranked = sorted(zip(wanted, placed, strict=True))
    ys = [y for _, y in sorted(ranked, key=lambda item: item[1])]
    assert all(b - a >= gap - 1e-6 for a, b in itertools.pairwise(ys))
    assert min(placed) >= -1e-6
    assert max(placed) <= 100 + 1e-6
    for (a, pa), (b, pb) in itertools.pairwise(ranked):
        assert a == b or pa < pb + 1e-9


def test_names_with_room_stay_where_they_are():
    assert spread([10.0, 50.0, 90.0], 8.0, 0.0, 100.0) == [10.0, 50.0, 90.0]
    assert spread([50.0, 50.0], 8.0, 0.0, 100.0) == pytest.approx([46.0, 54.0])


@pytest.fixture(scope="module")
def material():
    return factory.make_material()


def drawings(material) -> list[str | None]:
    p = np.linspace(0.1, 0.8, 30)
    panel = ReliabilityPanel("range", p, p**1.1, p - 0.1, p + 0.1, np.repeat(p, 4), "ECE 2%")
    return [
        price_chart(material.scenarios[0], material.replay),
        history_chart("SIM", material.forecasts, 15),
        skill_chart(read_metrics(material.metrics)),
        equity_chart(material.equity),
        reliability_chart(15, [panel]),
    ]


def test_drawings_are_the_same_bytes_twice_and_touch_no_global_setting(material):
    before = dict(matplotlib.rcParams)
    first = drawings(material)
    assert first == drawings(material)
    assert dict(matplotlib.rcParams) == before


def test_drawings_are_inline_svg_with_text_and_a_description(material):
    for svg in drawings(material):
        assert svg is not None
        assert svg.startswith("<svg")
        assert svg.endswith("</svg>")
        assert 'role="img" aria-label="' in svg
        assert "http" not in svg
        assert "<text" in svg
        assert "NaN" not in svg
        assert re.search(r"\d{4}-\d\d-\d\dT", svg) is None


def test_ids_differ_between_drawings(material):
    found = [set(re.findall(r' id="([^"]+)"', svg or "")) for svg in drawings(material)]
    for i, first in enumerate(found):
        for second in found[i + 1 :]:
            assert not first & second


def test_the_price_chart_names_floor_and_target(material):
    svg = price_chart(material.scenarios[0], material.replay)
    for piece in ("Target ", "Floor ", "Ceiling ", "Retest ", "projected", "RSI "):
        assert piece in svg


def test_what_cannot_be_drawn_is_none(material):
    assert history_chart("OTHER", material.forecasts, 15) is None
    assert equity_chart(material.equity.head(1)) is None
    assert skill_chart(read_metrics(None)) is None
    assert reliability_chart(15, []) is None


def test_a_few_bars_are_enough_for_a_chart():
    replay = factory.make_replay(n=30)
    scenario = factory.make_scenario(replay, None, attributions={})
    assert "<svg" in price_chart(scenario, replay.tail(3))


def test_what_came_true_is_told_by_place_and_not_by_colour_alone(material):
    svg = history_chart("SIM", material.forecasts, 15)
    lanes = {}
    for name in ("continuation", "range", "breakdown"):
        path = re.search(rf'<path d="([^"]+)"[^>]*stroke: var\(--{name}[^>]*stroke-width: 1.4', svg or "")
        assert path is not None
        lanes[name] = {float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path[1])}
    # SVG counts downwards: the lanes have the order of the areas, and none overlaps the next
    assert max(lanes["continuation"]) < min(lanes["range"])
    assert max(lanes["range"]) < min(lanes["breakdown"])


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (60, "former multi-week resistance shelf (June 2017)"),
        (40, "former multi-week resistance shelf"),
        (30, "former resistance shelf"),
        (20, "former resistance…"),
    ],
)
def test_a_name_that_is_too_long_loses_what_matters_least_first(limit, expected):
    assert shorten("former multi-week resistance shelf (June 2017)", limit) == expected
