"""Challengers stand beside the table and move nothing of it."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from engine.bars.simulate import simulate_bars
from engine.errors import ConfigError
from engine.forecast.challengers import with_challengers
from engine.forecast.walk_forward import baselines_of, plan_of, walk_forward
from engine.scenarios import SCENARIOS
from tests.forecast.adhoc import FEATURES, adhoc_config, adhoc_input


def test_a_challenger_says_what_it_would_say_alone():
    config = adhoc_config(models=["ordinal"])
    entries = [adhoc_input(simulate_bars(1300, seed=3, symbol="A"), config)]
    plain = walk_forward(entries, config, features=FEATURES)
    plan = plan_of([entry.bars for entry in entries], config, FEATURES)
    found = with_challengers(plain.frame, plan, entries, [baselines_of(entry, plan) for entry in entries])
    pd.testing.assert_frame_equal(found[list(plain.frame.columns)], plain.frame)
    alone = walk_forward(entries, adhoc_config(model="ordinal"), features=FEATURES).frame
    for scenario in SCENARIOS:
        pd.testing.assert_series_equal(
            found[f"ordinal_{scenario}"], alone[f"p_{scenario}"], check_names=False, check_exact=True
        )


@pytest.mark.parametrize("models", [["width"], ["ordinal", "ordinal"], ["nobody"]])
def test_a_challenger_is_another_model_and_named_once(models):
    with pytest.raises((ConfigError, ValidationError)):
        adhoc_config(models=models)
