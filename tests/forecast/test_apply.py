"""A saved model gives its own run's table, forecasts newer closes, and refuses another question."""

from __future__ import annotations

import pytest

from engine.config import with_overrides
from engine.errors import ConfigError, RunError
from engine.pipeline import scenario
from engine.table.scenario import Scenario


def probabilities(table):
    return {
        (block.horizon_sessions, row.scenario): (row.probability, row.baselines)
        for block in table.horizons
        for row in block.rows
    }


def test_a_saved_model_repeats_the_table_of_its_run(finished):
    (table,) = scenario(finished.config, model=finished.path)
    own = Scenario.from_dict(finished.scenarios[0])
    assert table.as_of == own.as_of
    assert probabilities(table) == probabilities(own)
    assert table.facts == own.facts
    assert not table.analogues


def test_a_saved_model_forecasts_bars_that_it_has_never_seen(finished):
    longer = with_overrides(finished.config, {"replay.end": "2013-06-28"})
    (table,) = scenario(longer, model=finished.path)
    assert table.as_of == "2013-06-28"
    for block in table.horizons:
        assert sum(row.probability for row in block.rows) == pytest.approx(1.0, abs=1e-9)


def test_another_question_or_group_is_refused(finished):
    with pytest.raises(
        ConfigError,
        match=r"another rules\.rsi_bull \(50\.0, the config has 56\.0\), another seed \(\d+, the config has 8\)",
    ):
        scenario(with_overrides(finished.config, {"rules.rsi_bull": 56.0, "seed": 8}), model=finished.path)
    renamed = finished.config.model_dump(mode="json")
    renamed["instruments"][0]["family"] = "bonds"
    from engine.config import parse_config

    with pytest.raises(RunError, match="no model of the group 'bonds'"):
        scenario(parse_config(renamed), model=finished.path)
