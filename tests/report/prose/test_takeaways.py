from __future__ import annotations

import pandas as pd
import pytest

from engine.report.prose import takeaways
from engine.report.trust import read_metrics
from tests.report import factory


@pytest.fixture(scope="module")
def material():
    return factory.make_material()


def test_the_skill_title_says_no_more_than_the_intervals():
    title = takeaways.skill_title(read_metrics(factory.make_metrics(0.004, -0.002, 0.010)))
    assert title.endswith("climatology and analyst; not told apart from filtered history.")
    better = takeaways.skill_title(read_metrics(factory.make_metrics(0.006, 0.001, 0.011)))
    assert "better than filtered history" in better
    metrics = factory.make_metrics(0.006, 0.001, 0.011)
    metrics["horizons"]["10"]["skill"]["filtered_history"]["low"] = -0.001
    assert "not the same at every horizon against filtered history" in takeaways.skill_title(
        read_metrics(metrics)
    )


def test_years_that_stand_out_are_counted_beside_chance():
    title = takeaways.year_title(read_metrics(factory.make_metrics()))
    assert title.startswith(
        "In 1 of 4 years the interval leaves out 0 (1 above, 0 below); about 0.4 would by chance"
    )


def test_the_history_title_ranks_the_last_forecast(material):
    scenario = material.scenarios[0]
    lead = scenario.longest.most_likely.scenario
    rows = pd.DataFrame({f"p_{lead}": [0.1, 0.2, 0.6, 0.3]})
    assert takeaways.history_title(scenario, rows).endswith(
        "is higher than on 67% of the 3 sessions before it."
    )


def test_the_equity_title_gives_both_ends(material):
    title = takeaways.equity_title(material.equity)
    end = 100 * material.equity["strategy"].iloc[-1] / material.equity["strategy"].iloc[0]
    assert f"100 became {end:.0f}, against" in title
    assert takeaways.equity_title(None) == ""
