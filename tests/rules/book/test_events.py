"""Level table, events and book against a plain-Python book, and the invariants that make them point-in-time."""

from __future__ import annotations

import numpy as np
import pytest
from arch.data import nasdaq
from hypothesis import given, settings

from engine.bars.simulate import simulate_bars
from engine.config import parse_config, with_overrides
from engine.replay.book import standing_at
from engine.replay.replay import replay
from engine.rules.book.events import CAPACITY
from engine.rules.book.levels import EVENTS, REINFORCED, RETIRED_MERGED
from tests.rules.book import book_twin
from tests.rules.book.book_twin import Twin, same
from tests.some_bars import bundled, nasty_bars

CONFIG = parse_config(
    {"name": "test", "instruments": [{"symbol": "T", "source": {"kind": "bundled", "name": "nasdaq"}}]}
)
REAL = bundled(nasdaq).cut(1500)
# small numbers, so that every event and retirement occurs within a few hundred bars
HASTY = with_overrides(
    CONFIG,
    {
        "rules.max_level_age_sessions": 40,
        "rules.broken_level_sessions": 10,
        "rules.max_breaks": 2,
        "rules.visit_sessions": 3,
        "rules.merge_distance_atr": 0.5,
        "rules.max_zone_atr": 1.5,
        "rules.pivot_bars": 2,
    },
)
CROWDED = with_overrides(
    CONFIG,
    {
        "rules.merge_distance_atr": 0.0,
        "rules.max_zone_atr": 0.01,
        "rules.pivot_bars": 1,
        "rules.max_breaks": 20,
    },
)


def births(table):
    return [
        (
            int(row["kind"]),
            frozenset(k for k in range(32) if int(row["kinds"]) >> k & 1),
            float(row["low"]),
            float(row["high"]),
            int(row["formed"]),
            int(row["since"]),
            int(row["origin"]),
            int(row["confirmed"]),
            int(row["touches"]),
            int(row["rejections"]),
            int(row["reversals"]),
            float(row["reaction_atr"]),
            int(row["role"]),
        )
        for row in table
    ]


def assert_equal_to_twin(bars, config):
    ours, twin = replay(bars, config), Twin(bars, config.rules)
    born = births(ours.table)
    assert len(born) == len(twin.table)
    for mine, theirs in zip(born, twin.table, strict=True):
        assert same(mine, theirs.birth), (mine, theirs.birth)
    events = sorted((int(e["bar"]), int(e["level"]), EVENTS[e["code"]], float(e["value"])) for e in ours.log)
    expected = sorted(twin.events)
    assert len(events) == len(expected)
    for mine, theirs in zip(events, expected, strict=True):
        assert same(mine, theirs), (mine, theirs)
    for i in range(0, len(bars), 7):
        rows = standing_at(ours, i)
        assert set(rows["id"].tolist()) == set(twin.books[i])
        for row in rows:
            standing = tuple(
                int(row[name]) for name in ("touches", "rejections", "breaks", "reversals", "role")
            )
            told = twin.books[i][int(row["id"])]
            assert standing == told[:5]
            assert bool(row["broken"]) == told[5]
            assert row["reaction_atr"] == pytest.approx(told[6], rel=1e-12)
    return ours


def test_the_twin_knows_the_capacity():
    assert book_twin.CAPACITY == CAPACITY


def test_real_bars_equal_the_twin():
    assert_equal_to_twin(REAL, CONFIG)


def test_hasty_parameters_bring_every_event_and_equal_the_twin():
    ours = assert_equal_to_twin(REAL.cut(900), HASTY)
    told = {EVENTS[code] for code in np.unique(ours.log["code"])}
    assert told == set(EVENTS) - {"retired_evicted"}


def test_a_full_book_evicts_the_weakest_for_its_distance():
    ours = assert_equal_to_twin(simulate_bars(1200, seed=4), CROWDED)
    assert "retired_evicted" in {EVENTS[code] for code in np.unique(ours.log["code"])}
    assert max(len(standing_at(ours, i)) for i in range(0, 1200, 50)) == CAPACITY


@settings(max_examples=40, deadline=None)
@given(nasty_bars())
def test_nasty_bars_equal_the_twin(bars):
    assert_equal_to_twin(bars, HASTY)


def test_parents_retire_on_the_date_their_child_is_confirmed():
    ours = replay(REAL, CONFIG)
    merged = ours.log[ours.log["code"] == RETIRED_MERGED]
    assert len(merged) > 50
    for event in merged:
        child, parent = ours.table[int(event["value"])], ours.table[event["level"]]
        assert child["confirmed"] == event["bar"] >= parent["confirmed"]
        assert int(child["kinds"]) & int(parent["kinds"]) == int(parent["kinds"])
        assert child["origin"] <= parent["origin"]


def test_nothing_happens_to_a_level_before_it_is_confirmed_or_after_it_retired():
    ours = replay(REAL, CONFIG)
    retired: dict[int, int] = {}
    for event in ours.log:
        level = int(event["level"])
        born = ours.table[level]["confirmed"]
        same_day = event["code"] in (RETIRED_MERGED, REINFORCED)  # by a zone that was confirmed after it
        assert event["bar"] > born or (event["bar"] == born and same_day)
        assert level not in retired
        if event["code"] >= RETIRED_MERGED:
            retired[level] = int(event["bar"])
    assert (ours.table["formed"] <= ours.table["confirmed"]).all()
    assert (ours.table["origin"] <= ours.table["formed"]).all()
    assert (ours.table["since"] <= ours.table["formed"]).all()
    assert (np.diff(ours.table["confirmed"]) >= 0).all()
    assert (np.diff(ours.log["bar"]) >= 0).all()


def shared_areas(rows):
    """Pairs of zones of a book that share half of the smaller one."""
    zones = np.sort(rows[rows["column"] < 0], order="low")
    pairs = []
    for place, a in enumerate(zones):
        for b in zones[place + 1 :]:
            if b["low"] > a["high"]:
                break
            smaller = min(a["high"] - a["low"], b["high"] - b["low"])
            if min(a["high"], b["high"]) - b["low"] >= 0.5 * smaller:
                pairs.append((int(a["id"]), int(b["id"])))
    return pairs


@pytest.mark.parametrize("config", [CONFIG, HASTY, CROWDED], ids=["default", "hasty", "crowded"])
def test_no_two_levels_stand_for_one_price_area(config):
    ours = replay(REAL, config)
    for i in range(0, 1500, 5):
        assert shared_areas(standing_at(ours, i)) == []


@settings(max_examples=40, deadline=None)
@given(nasty_bars())
def test_nor_do_they_on_nasty_bars(bars):
    ours = replay(bars, CONFIG)
    for i in range(0, len(bars), 9):
        assert shared_areas(standing_at(ours, i)) == []
