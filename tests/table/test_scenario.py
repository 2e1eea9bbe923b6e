from __future__ import annotations

import dataclasses
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from engine.errors import InputError
from engine.report.prose.brief.brief import build_brief
from engine.report.terminal.terminal import levels_view
from engine.table.build import build_scenario
from engine.table.pieces import in_sight
from engine.table.scenario import Scenario
from tests.report import factory


def reference_row() -> dict:
    """The close of the reference analysis: the prices an analyst wrote into the table."""
    return {
        "instrument": "RTY",
        "date": pd.Timestamp("2025-12-02"),
        "open": 2455.0,
        "high": 2480.0,
        "low": 2450.0,
        "close": 2470.0,
        "volume": 1.0,
        "sma_50": 2460.0,
        "sma_200": 2231.0,
        "atr_14": 42.0,
        "rsi_14": 56.16,
        "sigma": 0.013,
        "floor": 2415.0,
        "ceiling": 2500.0,
        "target_low": 2560.0,
        "target_high": 2570.0,
        "retest": 2390.0,
        "floor_level_id": 7,
        "ceiling_level_id": 8,
        "target_level_id": 9,
        "retest_level_id": -1,
        "bias": 1.0,
        "position": 4.0,
        "flip_price": 2460.0,
    }


def forecasts(**values) -> pd.DataFrame:
    base = {
        "instrument": "RTY",
        "date": pd.Timestamp("2025-12-02"),
        "horizon_sessions": 15,
        "p_continuation": 0.5049,
        "p_range": 0.3449,
        "p_breakdown": 0.1502,
        "filtered_history_continuation": 0.45,
        "filtered_history_range": 0.35,
        "filtered_history_breakdown": 0.20,
        "climatology_continuation": math.nan,
        "climatology_range": math.nan,
        "climatology_breakdown": math.nan,
        "p_target_touch": 0.52,
        "p_retest_touch": 0.11,
    }
    return pd.DataFrame([{**base, **values}])


def test_rows_are_worded_like_the_reference():
    table = build_scenario(reference_row(), None, forecasts()).longest
    assert table is not None
    assert [row.title for row in table.rows] == [
        "Up to 2,560–2,570",
        "Between 2,415 and 2,560",
        "Down through 2,415, next 2,390",
    ]
    assert table.whole_percents == {"continuation": 51, "range": 34, "breakdown": 15}
    assert table.row("continuation").probability == 0.5049  # raw, not rounded


def test_filtered_history_is_always_beside_and_unknown_baselines_are_not():
    table = build_scenario(reference_row(), None, forecasts()).longest
    assert table is not None
    assert set(table.rows[0].baselines) == {"filtered_history"}
    bare = forecasts().drop(columns=[c for c in forecasts() if c.startswith("filtered")])
    table = build_scenario(reference_row(), None, bare).longest
    assert table is not None
    assert table.rows[0].baselines == {"filtered_history": None}


def test_setup_flags_and_level_names():
    book = factory.make_book(pd.Series(reference_row())).assign(level_id=range(2, 10))
    setup = build_scenario(reference_row(), book, forecasts()).setup
    assert setup is not None
    assert setup.retest.projected
    assert setup.retest.level_id is None
    assert not setup.floor.projected
    assert setup.floor.level_name == book.set_index("level_id").loc[7, "name"]


def test_a_bias_names_the_price_that_changes_it():
    scenario = build_scenario(reference_row(), None, None)
    assert scenario.bias.label == "bullish"
    assert (
        scenario.bias.flip_sentence == "A close below 2,460, the 50-day average, would end the bullish bias."
    )
    bearish = build_scenario({**reference_row(), "bias": -1.0, "flip_price": 2500.0}, None, None)
    assert bearish.bias.flip_sentence == "A close above 2,500, the ceiling, would end the bearish bias."


def test_no_setup_and_no_forecast_still_give_a_table():
    row = {
        **reference_row(),
        **dict.fromkeys(("floor", "ceiling", "target_low", "target_high", "retest"), math.nan),
    }
    scenario = build_scenario(
        row, None, forecasts(p_continuation=math.nan, p_range=math.nan, p_breakdown=math.nan)
    )
    assert scenario.setup is None
    assert scenario.longest is not None
    assert not scenario.longest.available
    assert scenario.longest.whole_percents is None
    assert [row.title for row in scenario.longest.rows] == ["Up", "Between", "Down"]
    assert build_scenario(row, None, None).horizons == ()


def test_json_keeps_every_float():
    replay = factory.make_replay()
    scenario = factory.make_scenario(replay, factory.make_forecasts(replay))
    text = json.dumps(scenario.to_dict(), sort_keys=True, allow_nan=False)
    again = Scenario.from_dict(json.loads(text))
    assert again == scenario
    assert json.dumps(again.to_dict(), sort_keys=True) == text


def test_a_name_is_for_readers_and_the_symbol_stays_the_key():
    named = build_scenario(reference_row(), None, forecasts(), name="Russell 2000 futures")
    symbol = named.instrument
    assert named.full_name == f"Russell 2000 futures ({symbol})"
    assert Scenario.from_dict(named.to_dict()) == named
    assert "Russell 2000 futures closed at" in build_brief([named])
    assert build_scenario(reference_row(), None, forecasts()).full_name == symbol


def test_levels_are_split_by_side_nearest_first_with_roles():
    replay = factory.make_replay()
    scenario = factory.make_scenario(replay, factory.make_forecasts(replay))
    assert [line.side for line in scenario.resistance] == ["resistance"] * 4
    distances = [abs(line.distance_percent or 0) for line in scenario.support]
    assert distances == sorted(distances)
    roles = {line.level_id: line.role for line in scenario.levels}
    assert roles[5] == "target"
    assert roles[11] == "floor"
    assert roles[10] == "support"
    touch = next(line for line in scenario.levels if line.level_id == 5).touch_probability
    assert list(touch) == ["10", "15"]


def test_forecasts_of_another_date_are_refused():
    with pytest.raises(InputError) as caught:
        build_scenario(reference_row(), None, forecasts(date=pd.Timestamp("2025-12-01")))
    assert caught.value.code == "report.mixed_forecasts"


def test_bad_inputs_name_their_reason():
    with pytest.raises(InputError) as caught:
        build_scenario({**reference_row(), "close": np.nan}, None, None)
    assert caught.value.code == "report.no_close"
    with pytest.raises(InputError) as caught:
        build_scenario(reference_row(), pd.DataFrame({"level_id": [1]}), None)
    assert caught.value.code == "report.bad_book"


def test_a_notebook_shows_the_table():
    html = build_scenario(reference_row(), None, forecasts())._repr_html_()
    assert "Up to 2,560–2,570" in html
    assert "51%" in html
    assert "<script" not in html


def test_a_notebook_shows_the_baselines_in_the_order_of_every_other_table():
    scenario = build_scenario(reference_row(), None, forecasts())
    stored = Scenario.from_dict(json.loads(json.dumps(scenario.to_dict(), sort_keys=True)))
    assert stored._repr_html_() == scenario._repr_html_()


def test_the_edges_of_the_setup_stay_in_sight_however_far_down_the_list():
    scenario = factory.make_material().scenarios[0]
    assert [line.role for line in in_sight(scenario.resistance, 1)] == ["ceiling", "target"]
    assert in_sight(scenario.resistance, None) == list(scenario.resistance)
    many = dataclasses.replace(
        scenario,
        resistance=tuple(
            dataclasses.replace(scenario.resistance[1], level_id=100 + i, distance_percent=0.01 * i)
            for i in range(20)
        )
        + scenario.resistance,
    )
    brief = build_brief([many])
    assert "(the target, " in brief
    buffer = io.StringIO()
    Console(file=buffer, width=100).print(levels_view(many))
    assert "(target)" in buffer.getvalue()
